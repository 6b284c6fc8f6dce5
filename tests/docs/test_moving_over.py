"""The way that docs/moving-over.md shows out of an old pair leads out of it, on each version of PostgreSQL."""

import re
import secrets
from collections.abc import Callable

import psycopg2
import pytest

from lab.engines.postgresql import PostgresServer
from lab.servers import Login
from tests.docs.markdown import document
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import ALTERNATING_USERS, Application, MakeApplication

KEEPS_ACTING = "keeps acting as itself"


SHOWN = [block.text for block in document("docs/moving-over.md").blocks() if block.language == "sql"]
LIST, GRANT, HAND_OVER, REVOKE = SHOWN[-4:]


@pytest.fixture
def application(postgres: PostgresServer, make_user: MakeUser, make_application: MakeApplication) -> Application:
    """A pair as AWS's function makes it: the clone is a member of the original, and current."""
    application = make_application(make_user(postgres), ALTERNATING_USERS)
    user, password = application.user, secrets.token_urlsafe()
    clone = f"{user.username}_clone"
    user.as_superuser(f"CREATE ROLE {clone} LOGIN PASSWORD '{password}'", f"GRANT {user.username} TO {clone}")
    application.secret.change(username=clone, password=password)
    return application


@pytest.fixture
def typed(application: Application, unique_name: Callable[..., str]) -> Callable[[str], list[str]]:
    """Make the statements of an example those for the application's users, and for a role and a database of its own."""
    names = {name: unique_name(name) for name in ("reporting", "sales")}
    names = {**names, "shop": application.user.username, "shop_clone": f"{application.user.username}_clone"}
    pattern = re.compile(r"\b(" + "|".join(names) + r")\b")

    def typed(text: str) -> list[str]:
        return [part for part in pattern.sub(lambda found: names[found[0]], text).split(";") if part.strip()]

    return typed


def _as_clone(application: Application, *statements: str) -> list[tuple[object, ...]]:
    versions = (application.credentials(label) for label in ("AWSCURRENT", "AWSPREVIOUS"))
    [login] = [Login(*version) for version in versions if version[0].endswith("_clone")]
    return application.user.server.run(login, *statements, dbname=application.user.dbname)


def test_an_old_pair_becomes_one_owner(application: Application, typed: Callable[[str], list[str]]) -> None:
    """After what is shown, run by whom it says, the clone acts as its original and both have what each had."""
    user = application.user
    home = user.dbname
    user.as_superuser(*typed("CREATE DATABASE sales; CREATE ROLE reporting; GRANT reporting TO shop_clone"))
    user.as_superuser(*typed("GRANT CREATE ON DATABASE sales TO shop_clone"))
    [user.dbname] = typed("sales")
    user.as_superuser("CREATE SCHEMA s", "CREATE TABLE s.orders AS VALUES (1)")
    user.as_superuser(*typed("GRANT USAGE ON SCHEMA s TO public; GRANT SELECT ON s.orders TO shop_clone"))
    _as_clone(
        application,
        *typed(
            "CREATE SCHEMA own; CREATE TABLE own.t AS VALUES (1); GRANT SELECT ON own.t TO reporting; "
            "CREATE FUNCTION own.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; "
            "ALTER DEFAULT PRIVILEGES IN SCHEMA own GRANT SELECT ON TABLES TO reporting"
        ),
    )
    _rotate_twice(application, home)
    assert KEEPS_ACTING in application.stdout.getvalue()
    listed = user.as_superuser(*typed(LIST))
    assert {("o", "table own.t"), ("o", "schema own"), ("a", "table s.orders")} <= set(listed)
    user.as_superuser("SET search_path TO s", *typed(GRANT))
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        user.as_superuser(*typed(HAND_OVER))
    _as_clone(application, *typed(HAND_OVER))
    user.as_superuser("SET search_path TO s", *typed(REVOKE))
    assert user.as_superuser(*typed(LIST)) == []
    _rotate_twice(application, home)
    assert KEEPS_ACTING not in application.stdout.getvalue()
    assert _as_clone(application, "TABLE own.t", "TABLE s.orders", "SELECT current_user") == [(user.username,)]


def _rotate_twice(application: Application, dbname: str) -> None:
    """Rotate twice, with a log that begins anew; the user's table is in its own database."""
    application.stdout.seek(0)
    application.stdout.truncate()
    elsewhere, application.user.dbname = application.user.dbname, dbname
    for _ in range(2):
        assert application.rotate().succeeded
        assert application.works()
    application.user.dbname = elsewhere
