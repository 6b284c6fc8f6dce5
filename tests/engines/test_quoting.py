"""Names, texts and patterns as SQL, given to real servers: whatever is in them, the server has it as it was."""

import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg2.sql import SQL, Literal

from lab.engines.mysql import MySQLServer
from lab.engines.postgresql import PostgresServer
from lab.servers import DatabaseServer, Login
from secret_rotation.engines.mysql.connection import Connection
from secret_rotation.engines.mysql.patterns import is_like
from secret_rotation.engines.mysql.sql import Sql, identifier
from secret_rotation.engines.postgresql.session import PostgreSQLSession
from secret_rotation.engines.postgresql.sql import Query, as_literal, quoted
from tests.engines.conftest import Subject
from tests.engines.mysql_users import User

AWKWARD = st.sampled_from(["'", '"', "`", "\\", "%", "{}", ";", "--", "\n", "e", "\N{BOMB}", "''", "$$", "/*"])
TEXTS = st.lists(AWKWARD | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), max_size=8).map(
    "".join
)
NAMES = st.text(st.characters(max_codepoint=0xFFFF, exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)
on_a_server = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def mysql_connection(app: User) -> Iterator[Connection]:
    """A session as a function sets it up."""
    with app.session() as session:
        yield session._connection  # noqa: SLF001 - what runs any statement


@pytest.fixture
def postgresql_session(newest: Subject) -> Iterator[PostgreSQLSession]:
    """A session as a function sets it up."""
    with newest.session(newest.credentials()) as session:
        assert isinstance(session, PostgreSQLSession)
        yield session


def column_of(server: DatabaseServer, login: Login, name: str) -> str:
    """What the server calls a column that is called so."""
    with closing(server.connect(login)) as connection:
        cursor: Any = connection.cursor()
        cursor.execute(f"SELECT 1 AS {name}")
        return str(cursor.description[0][0])


@on_a_server
@given(text=TEXTS)
def test_a_text_of_mysql(mysql_connection: Connection, app: User, text: str) -> None:
    """It is the same in the sessions of the functions, and typed by a person in any other."""
    statement = Sql("SELECT {}").format(text)
    assert mysql_connection.value(statement, str) == text
    assert app.admin(*re.split(r"(?<=\)); ", statement.typed(), maxsplit=1)) == [(text,)]


@on_a_server
@given(name=NAMES.map(lambda name: f"x{name[:62]}x"))
def test_a_name_of_mysql(mysql: MySQLServer, name: str) -> None:
    """It is the name that it was, but that MySQL drops from the name of a column what begins or ends it unseen."""
    assert column_of(mysql, mysql.administrator, str(identifier(name))) == name


@on_a_server
@given(pattern=st.text("aB%_\\.", max_size=8), text=st.text("ab%_\\.", max_size=8))
def test_a_pattern_of_mysql(mysql_connection: Connection, pattern: str, text: str) -> None:
    """It means what the server says that it means."""
    like = Sql("SELECT {} LIKE {} ESCAPE {}").format(text, pattern, "\\")
    assert is_like(pattern, text) is bool(mysql_connection.value(like, int))


@on_a_server
@given(text=TEXTS)
def test_a_text_of_postgresql(postgresql_session: PostgreSQLSession, newest: Subject, text: str) -> None:
    """It is the same in the sessions of the functions, and typed by a person."""
    assert postgresql_session.row(SQL("SELECT {}::text").format(Literal(text)), "A text", str) == (text,)
    assert newest.user.as_superuser(f"SELECT {as_literal(text)}") == [(text,)]


@on_a_server
@given(name=NAMES.map(lambda name: name[:21]))
def test_a_name_of_postgresql(newest_postgres: PostgresServer, name: str) -> None:
    """It is the name that it was; 63 bytes are the most."""
    assert column_of(newest_postgres, newest_postgres.superuser, quoted(name)) == name


@on_a_server
@given(rows=st.lists(st.tuples(st.none() | TEXTS, st.integers(1 - 2**63, 2**63 - 1), st.booleans()), max_size=3))
def test_the_rows_of_queries_that_are_asked_at_once(
    postgresql_session: PostgreSQLSession, rows: list[tuple[str | None, int, bool]]
) -> None:
    """Each query has its own rows again, in their order."""
    values = [SQL("({}::text, {}::bigint, {}::boolean)").format(*map(Literal, row)) for row in rows]
    some = SQL("VALUES {}").format(SQL(", ").join(values)) if rows else SQL("SELECT NULL::text, 1, true WHERE false")
    others = Query(SQL("SELECT 'one'::text"), "The other query", (str,))
    found = postgresql_session.ask_at_once(
        [Query(some, "The query", (str | None, int, bool)), others, others], "The queries"
    )
    assert found == [rows, [("one",)], [("one",)]]
