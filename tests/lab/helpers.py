"""What the tests of the lab's servers do again and again."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

from lab.servers import start_mysql, start_postgres
from tests.fixtures.servers import chosen_majors

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.servers import DatabaseServer, Login

MAJOR = max(chosen_majors())


def start(engine: str, **settings: Any) -> DatabaseServer:  # noqa: ANN401 - whatever the server has
    """Start a server of the newest chosen version."""
    return start_mysql(**settings) if engine == "mysql" else start_postgres(MAJOR, **settings)


def rows(server: DatabaseServer, login: Login, *statements: str) -> tuple[Any, ...]:
    """Run statements as a user, and return the rows of the last one."""
    with closing(server.connect(login)) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return tuple(cursor.fetchall()) if cursor.description else ()


def first_row(server: DatabaseServer, login: Login, sql: str) -> Any:  # noqa: ANN401 - as the database has it
    """Return the first row of a query."""
    return tuple(rows(server, login, sql)[0])


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds, and fail after 10 s."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it did not happen within 10 s"
        time.sleep(0.02)
