"""What the tests of the tap do again and again: log in through it, run statements, be a client that can be killed."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import psycopg2
import pymysql

from lab.servers import Login
from lab.servers.pool import MYSQL, shared

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.application_user import ApplicationUser
    from lab.servers import DatabaseServer, MySQLServer, PostgresServer
    from lab.servers.model import Connection
    from lab.tap import Message, Tap

CONNECTION_FAILED = (psycopg2.OperationalError, pymysql.err.OperationalError)
# Runs statements, says so, and waits for its end: in a process of its own, so that it can be killed.
CLIENT = """
import importlib, json, sys, time
driver, parameters, statements = json.load(sys.stdin)
cursor = importlib.import_module(driver).connect(**parameters).cursor()
for statement in statements:
    cursor.execute(statement)
print("done", flush=True)
time.sleep(60)
"""


def behind(tap: Tap, server: DatabaseServer) -> DatabaseServer:
    """The server as clients see it through the tap: verified, as host localhost."""
    facts = cast("PostgresServer | MySQLServer", server).facts
    return shared(replace(facts, port=tap.port))


def log_in(tap: Tap, user: ApplicationUser, password: str | None = None) -> Connection:
    """An open session of the user, through the tap."""
    return behind(tap, user.server).connect(Login(user.username, password or user.password), user.dbname)


def run(tap: Tap, user: ApplicationUser, sql: str) -> None:
    """Log in through the tap, run a statement, and say goodbye."""
    with closing(log_in(tap, user)) as session:
        session.cursor().execute(sql)


@contextmanager
def client_process(tap: Tap, user: ApplicationUser, *statements: str) -> Iterator[subprocess.Popen[str]]:
    """A client that can be killed, not in autocommit mode; told what to do through a pipe, where no one sees it."""
    name = {"user": user.username, "password": user.password, "database": user.dbname}
    parameters = {"host": "localhost", "port": tap.port, **name, **tls(user)}
    driver = "pymysql" if user.engine == MYSQL else "psycopg2"
    command = [sys.executable, "-c", CLIENT]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        with process.stdin as pipe:
            json.dump([driver, parameters, statements], pipe)
        yield process
        process.kill()


def tls(user: ApplicationUser) -> dict[str, str]:
    """The parameters of either driver for verified TLS."""
    bundle = str(user.server.ca_bundle)
    return {"ssl_ca": bundle} if user.engine == MYSQL else {"sslmode": "verify-full", "sslrootcert": bundle}


def sessions(user: ApplicationUser) -> int:
    """How many sessions of the user the server has."""
    table = "performance_schema.processlist WHERE user" if user.engine == MYSQL else "pg_stat_activity WHERE usename"
    return int(user.administrate(f"SELECT count(*) FROM {table} = '{user.username}'")[0][0])  # noqa: S608 - ours


def notes(user: ApplicationUser) -> str:
    """The name of the user's table."""
    return f"{user.dbname if user.engine == MYSQL else 'public'}.notes_{user.username}"


def change_password(user: ApplicationUser, password: str) -> str:
    """The statement with which a user sets its own password."""
    if user.engine == MYSQL:
        return f"ALTER USER USER() IDENTIFIED BY '{password}'"
    return f"ALTER ROLE {user.username} PASSWORD '{password}'"


def without_numbers(messages: list[Message]) -> list[str]:
    """The messages as text, without the number of their connection."""
    return [str(message).partition(" ")[2] for message in messages]
