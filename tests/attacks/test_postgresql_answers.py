"""PostgreSQL servers whose answers to a statement are not what was asked for: none of it goes anywhere."""

from collections.abc import Callable

import pytest
from psycopg2.sql import SQL

from secret_rotation.deadline import Deadline
from secret_rotation.engines.postgresql import PostgreSQL
from secret_rotation.engines.postgresql.session import PostgreSQLSession
from secret_rotation.engines.postgresql.sql import Query
from secret_rotation.errors import DatabaseUnreachableError
from tests.attacks.hostile_postgresql import BOOL, READY, TEXT, answer, message, served, table
from tests.attacks.victim import credentials

NOTHING = message(b"C", b"SELECT 0\0") + READY
LOCKED = message(b"E", b"SERROR\0VERROR\0C55P03\0Mlocked\0\0") + READY
INTEGER, NUMERICS = 23, 1231
GIVES_NOT = "PostgreSQL does not give"
IDENTITY = ((TEXT, b"app"),) * 4 + ((BOOL, b"f"),) * 2 + ((TEXT, b"infinity"), (BOOL, b"f"))
COMMAND = b"1);\n\\! touch owned\nSELECT (2"


def failure(port: int, use: Callable[..., object], *arguments: object) -> str:
    """What the use of a session fails with."""
    with (
        PostgreSQL().connect(credentials(port), Deadline.after(20)) as session,
        pytest.raises(DatabaseUnreachableError) as raised,
    ):
        use(session, *arguments)
    return str(raised.value)


def test_a_process_number_that_is_a_command() -> None:
    """What is printed to be run holds no text that the server calls a number."""
    holder = table((TEXT, COMMAND), (TEXT, b"app"), (TEXT, b"x"), (BOOL, b"t"))
    answers = {b"pg_try": table((BOOL, b"f"), *IDENTITY), b"pg_advisory_lock": LOCKED, b"pg_locks": holder}
    with served(answer(answers, NOTHING)) as port:
        said = failure(port, PostgreSQLSession.lock, "app")
    assert "touch" not in said
    assert said.startswith("The query of the lock's holders")


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(NOTHING, id="no row"),
        pytest.param(table((TEXT, b"app"), (TEXT, b"app"), (TEXT, b"app")), id="other columns"),
        pytest.param(table((BOOL, b"t")), id="another type"),
    ],
)
def test_an_answer_of_another_shape(reply: bytes) -> None:
    """Rows or columns that are missing, too many, or of another type end in an error that says so."""
    with served(answer({}, reply)) as port:
        assert GIVES_NOT in failure(port, PostgreSQLSession.verify_account)
        assert GIVES_NOT in failure(port, PostgreSQLSession.verify_identity)


@pytest.mark.parametrize(
    ("number", "row"),
    [
        pytest.param(b"0", b"nonsense", id="no JSON"),
        pytest.param(b"0", b"[" * 100_000, id="JSON without a bottom"),
        pytest.param(b"0", b"1", id="no row"),
        pytest.param(b"0", b"[1, 2]", id="other columns"),
        pytest.param(b"0", b'["1"]', id="another type"),
        pytest.param(b"1", b"[1]", id="the row of no query"),
        pytest.param(b"-1", b"[1]", id="the row of no query, counted from the end"),
    ],
)
def test_an_answer_to_several_queries(number: bytes, row: bytes) -> None:
    """What is no row of any of them ends in the same error."""
    query = Query(SQL("SELECT 1"), "The query of a number", (int,))
    with served(answer({}, table((INTEGER, number), (TEXT, row)))) as port:
        said = failure(port, PostgreSQLSession.ask_at_once, [query], "The queries of numbers")
    assert said.startswith("The queries of numbers")
    assert GIVES_NOT in said


def test_types_that_the_server_makes_up() -> None:
    """A number too long for Python is an error, and what is neither a number nor a truth stays the text that it is."""
    with served(answer({}, table((INTEGER, b"1" * 5_000)))) as port:
        assert failure(port, PostgreSQLSession.run, SQL("SELECT 1"), "SELECT 1")
    text = "{" + "1," * 1_000 + "1}"
    with (
        served(answer({}, table((NUMERICS, text.encode())))) as port,
        PostgreSQL().connect(credentials(port), Deadline.after(20)) as session,
    ):
        assert session.run(SQL("SELECT 1"), "SELECT 1") == [(text,)]
