"""What is sent instead of a password: the verifier that the server would have made of it.

So the password never reaches the server, and with it neither the server's log nor pg_stat_statements.
"""

import re
from contextlib import suppress
from enum import StrEnum

from psycopg2.sql import SQL, Composable, Literal

from secret_rotation.credentials import Credentials
from secret_rotation.engines.postgresql.connection import Connection
from secret_rotation.engines.postgresql.sql import Kind, Row
from secret_rotation.errors import StatementFailedError, UnsafeRotationError
from secret_rotation.password import Password


class Encryption(StrEnum):
    """PASSWORD_ENCRYPTION: what verifiers are made by. The server's setting of that name anybody sets for itself."""

    SCRAM = "scram-sha-256"
    MD5 = "md5"


MIN_ITERATIONS = 4_096
"""PostgreSQL's default, and what RFC 7677 asks for at least."""

MAX_ITERATIONS = 100_000
"""Each login computes them: with 2,147,483,647, which a role may set for itself, for a quarter of an hour."""

# Each as the server stores it. What has not this form the server would take for a password, and hash and log it.
_FORMS = {
    Encryption.SCRAM: re.compile(r"SCRAM-SHA-256\$\d{4,6}:[A-Za-z0-9+/]+={0,2}\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}="),
    Encryption.MD5: re.compile(r"md5[0-9a-f]{32}"),
}

_SYSTEM_USER_VERSION = 160_000
"""The first version that says by which line of pg_hba.conf a session came in. Source: PostgreSQL 16 release notes."""

_METHOD = SQL("SELECT split_part(system_user, ':', 1), current_setting('rds.accepted_password_auth_method', true)")
_METHOD_BEFORE = SQL("SELECT NULL, current_setting('rds.accepted_password_auth_method', true)")
METHOD_KINDS: tuple[Kind, Kind] = (str | None, str | None)
"""What the answer has, where `preparation` asks for the method."""

_TAKES_MD5 = ("md5", "password")
_TAKES_MD5_ON_RDS = "md5+scram"


def preparation(encryption: Encryption, connection: Connection) -> Composable | None:
    """What a session has to run before a verifier can be made. A row of it is for `require_accepted`.

    Returns:
        None where that is nothing.
    """
    if encryption is Encryption.MD5:
        return _METHOD if connection.server_version >= _SYSTEM_USER_VERSION else _METHOD_BEFORE
    if _allows(connection):
        return None
    iterations = min(max(_iterations(connection), MIN_ITERATIONS), MAX_ITERATIONS)
    return SQL("SET scram_iterations = {}").format(Literal(iterations))


def require_accepted(rows: list[Row], encryption: Encryption, username: str, session: Credentials) -> None:
    """Stop before an MD5 hash is set with which nobody could log in.

    What the server says holds for the session that asks. Where a superuser sets the password of another user,
    pg_hba.conf may have another line for that one, and who is no superuser of the server cannot read it.

    Raises:
        UnsafeRotationError: the server takes SCRAM only, or does not say.
    """
    if encryption is Encryption.MD5 and not any(_takes_md5(*row) for row in rows):
        raise UnsafeRotationError(
            f"PASSWORD_ENCRYPTION is md5, and {session.host}:{session.port} takes SCRAM only, or does not say that it "
            f"takes more: with an MD5 hash {username} might never log in again. Its password was not changed (with "
            f"{session.secret}). Set the function's PASSWORD_ENCRYPTION to scram-sha-256; or, for clients that know "
            f"nothing but MD5, set rds.accepted_password_auth_method to {_TAKES_MD5_ON_RDS} (elsewhere, with "
            "PostgreSQL 16 or newer, the method in pg_hba.conf to md5)."
        )


def _takes_md5(method: str | None, on_rds: str | None) -> bool:
    if method is None:  # the server is older than the question
        return on_rds == _TAKES_MD5_ON_RDS
    return method in _TAKES_MD5 and on_rds in (None, "", _TAKES_MD5_ON_RDS)


def verifier(password: Password, username: str, encryption: Encryption, connection: Connection) -> str:
    """The verifier of a password, made here, after `preparation`.

    Raises:
        StatementFailedError: none can be made.
    """
    text = ""
    if encryption is Encryption.MD5 or _allows(connection):
        with suppress(UnicodeError):
            text = connection.verifier(password.reveal(), username, encryption)
    if not _FORMS[encryption].fullmatch(text):
        raise StatementFailedError(
            f"No {encryption} verifier could be made of the new password of {username}; nothing was sent.", code="22023"
        )
    return text


def _allows(connection: Connection) -> bool:
    """Whether a verifier made now is one that a login can compute, and that nobody can guess back cheaply."""
    return MIN_ITERATIONS <= _iterations(connection) <= MAX_ITERATIONS


def _iterations(connection: Connection) -> int:
    """How often libpq will hash, as the server last told it."""
    text = connection.parameter("scram_iterations")
    if text is None:  # the server is older than the setting, so it is libpq's own default
        return MIN_ITERATIONS
    return int(text) if re.fullmatch("[0-9]{1,10}", text) else 0
