"""A client within the databases' network: it makes the users, and logs in again and again while a secret rotates.

Passwords stay in here. What it answers are counts and times.
"""

import json
import os
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import psycopg2
import pymysql
from psycopg2.extensions import encrypt_password
from psycopg2.sql import SQL, Identifier, Literal

from secret_rotation.credentials import Credentials
from secret_rotation.deadline import Deadline
from secret_rotation.engines.mysql import MySQL
from secret_rotation.engines.postgresql import PostgreSQL
from secret_rotation.errors import LoginRejectedError
from secret_rotation.tls import SHIPPED_BUNDLE

BUNDLE = Path(os.environ.get("RDS_CA_BUNDLE") or SHIPPED_BUNDLE)
PAUSE_SECONDS = 0.005
CONNECT_TIMEOUT_SECONDS = 10
SECONDS_AFTER_A_ROTATION = 3
"""For how long it goes on once AWSCURRENT is another version."""

Value = Mapping[str, Any]
Current = Callable[[], tuple[str, str]]
"""Reads the id and the value of the version that is AWSCURRENT."""


class FailedError(Exception):
    """The class of what went wrong. A driver's own error may quote a statement, and Lambda logs what is raised."""


def lambda_handler(event: Mapping[str, str], _context: object) -> dict[str, object]:
    """Do what the event asks for: `make` a user, or `watch` a secret.

    Raises:
        FailedError: it could not be done.
    """
    try:
        return _answer(event)
    except Exception as error:  # noqa: BLE001 - whatever it is, its text stays here
        raise FailedError(type(error).__name__) from None


def _answer(event: Mapping[str, str]) -> dict[str, object]:
    current = _current(event["secret"])
    if event["action"] == "make":
        make_user(json.loads(_current(event["superuser"])()[1]), json.loads(current()[1]))
        return {}
    return watch(current, float(event["seconds"]))


def make_user(superuser: Value, user: Value) -> None:
    """Make the user that a secret names, as the superuser, and let it keep its old password where the engine can."""
    Kind.of(user).make(superuser, user)


def _make_role(superuser: Value, user: Value) -> None:
    """The server is sent a verifier, so that a statement that fails logs no password."""
    login = {key: superuser[key] for key in ("host", "port", "password")} | {"user": superuser["username"]}
    session = psycopg2.connect(
        **login, dbname=user["dbname"], sslmode="verify-full", sslrootcert=str(BUNDLE),
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
    )  # fmt: skip
    with closing(session), session, session.cursor() as cursor:
        verifier = encrypt_password(user["password"], user["username"], session, "scram-sha-256")
        statement = SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(Identifier(user["username"]), Literal(verifier))
        cursor.execute(statement)


def _make_account(superuser: Value, user: Value) -> None:
    login = {key: superuser[key] for key in ("host", "port", "password")} | {"user": superuser["username"]}
    tls = ssl.create_default_context(cafile=BUNDLE)
    with (
        closing(pymysql.connect(**login, ssl=tls, connect_timeout=CONNECT_TIMEOUT_SECONDS)) as session,
        session.cursor() as cursor,
    ):
        account = (user["username"], "%")
        cursor.execute("SET ROLE ALL")  # RDS gives its master user most rights by a role
        cursor.execute("CREATE USER %s@%s IDENTIFIED BY %s", (*account, user["password"]))
        database = user["dbname"].replace("`", "``")
        cursor.execute(f"GRANT SELECT ON `{database}`.* TO %s@%s", account)
        cursor.execute("GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO %s@%s", account)


@dataclass(frozen=True)
class Kind:
    """A kind of database: the product's own engine, and how a user is made, which the product never does."""

    engine: type[PostgreSQL] | type[MySQL]
    make: Callable[[Value, Value], None]

    @classmethod
    def of(cls, value: Value) -> "Kind":
        """The kind that a secret is for."""
        return next(kind for kind in KINDS if value["engine"] in kind.engine.secret_format.engine_names)


KINDS = (Kind(PostgreSQL, _make_role), Kind(MySQL, _make_account))


def watch(current: Current, seconds: float) -> dict[str, object]:
    """Log in again and again with whatever AWSCURRENT says, until it is another version, or for so many seconds.

    Returns:
        How many logins were tried (`logins`) and refused (`refused`); for how long at most, from the start of the first
        that was refused to the end of the next that was not (`refused_ms`); whether the last one was accepted
        (`accepted`); and the first and the last version that was AWSCURRENT (`first`, `last`).
    """
    logins, refused, longest = 0, 0, 0.0
    refused_since: float | None = None
    first, value = current()
    last, end = first, time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        accepted = logs_in(value)
        logins, refused = logins + 1, refused + (not accepted)
        if not accepted:
            refused_since = began if refused_since is None else refused_since
        elif refused_since is not None:
            longest, refused_since = max(longest, time.monotonic() - refused_since), None
        time.sleep(PAUSE_SECONDS)
        version, value = current()
        if version != last:
            last, end = version, min(end, time.monotonic() + SECONDS_AFTER_A_ROTATION)
    return {
        "logins": logins, "refused": refused, "refused_ms": round(longest * 1000), "accepted": refused_since is None,
        "first": first, "last": last,
    }  # fmt: skip


def logs_in(value: str) -> bool:
    """Whether the server takes a value's password.

    Raises:
        DatabaseError: it said something else.
    """
    engine = Kind.of(json.loads(value)).engine
    credentials = Credentials.parse(value, "the watched secret", engine.secret_format)
    try:
        with engine(BUNDLE).connect(credentials, Deadline.after(CONNECT_TIMEOUT_SECONDS)):
            return True
    except LoginRejectedError:
        return False


def _current(secret: str) -> Current:
    client = boto3.client("secretsmanager")

    def read() -> tuple[str, str]:
        answer = client.get_secret_value(SecretId=secret)
        return str(answer["VersionId"]), str(answer["SecretString"])

    return read
