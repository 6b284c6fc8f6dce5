"""What the tests of the tap do again and again: log in through it, run statements, be a client that can be killed."""

import pickle
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

from lab.application_user import ApplicationUser
from lab.engines.pool import shared
from lab.servers import DatabaseServer, Login
from lab.servers.model import Connection
from lab.tap import FROM_DATABASE, Message, Tap
from tests.lab.helpers import IMPORTS_AS_HERE, wait_until

CLIENT = """
import pickle, sys, time
from lab.engines.pool import shared
facts, login, dbname, statements = pickle.load(sys.stdin.buffer)
cursor = shared(facts).connect(login, dbname).cursor()
for statement in ("BEGIN", *statements):
    cursor.execute(statement)
print("done", flush=True)
time.sleep(60)
"""
"""Runs statements in a transaction, says so, and waits for its end. A process of its own can be killed."""


def behind(tap: Tap, server: DatabaseServer) -> DatabaseServer:
    """The server as clients see it through the tap: verified, as host localhost."""
    return shared(replace(server.facts, port=tap.port))


def log_in(tap: Tap, user: ApplicationUser, password: str | None = None) -> Connection:
    """An open session of the user, through the tap."""
    return behind(tap, user.server).connect(Login(user.username, password or user.password), user.dbname)


def run(tap: Tap, user: ApplicationUser, sql: str) -> None:
    """Log in through the tap, run a statement, and say goodbye."""
    with closing(log_in(tap, user)) as session:
        session.cursor().execute(sql)


@contextmanager
def client_process(tap: Tap, user: ApplicationUser, *statements: str) -> Iterator[subprocess.Popen[bytes]]:
    """A client that can be killed, in a transaction; told what to do through a pipe, where no one sees it."""
    told = behind(tap, user.server).facts, Login(user.username, user.password), user.dbname, statements
    with subprocess.Popen(
        [sys.executable, "-c", CLIENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=IMPORTS_AS_HERE
    ) as process:
        assert process.stdin
        with process.stdin as pipe:
            pickle.dump(told, pipe)
        yield process
        process.kill()


def kill_at_the_answer(tap: Tap, user: ApplicationUser) -> None:
    """Change the password in a client that is killed at the server's answer, and wait until its session has ended."""
    changing: list[Message] = []

    def strike(message: Message) -> None:
        if message.name.startswith("Query: ALTER"):
            changing.append(message)
        elif changing and message.direction is FROM_DATABASE:
            client.kill()

    with client_process(tap, user, user.kit.change_of_own_password(user.username, "new"), "COMMIT") as client:
        tap.observer = strike
        assert client.stdout
        assert client.stdout.read() == b""
        assert changing
    tap.wait_until_idle()
    wait_until(lambda: user.sessions() == 0)


def messages_of_a_session(tap: Tap, user: ApplicationUser) -> list[str]:
    """What is seen of a login, a statement and a goodbye; all but the first messages are known to be the user's."""
    messages: list[Message] = []
    tap.observer = messages.append
    run(tap, user, "SELECT 1")
    tap.wait_until_idle()
    assert {message.username for message in messages[6:]} == {user.username}
    assert tap.connections == 1
    return without_numbers(messages)


def end_of_a_rejected_login(tap: Tap, user: ApplicationUser) -> str:
    """The last message of a login that is rejected."""
    messages: list[Message] = []
    tap.observer = messages.append
    assert not behind(tap, user.server).can_log_in(user.username, "wrong", user.dbname)
    tap.wait_until_idle()
    return messages[-1].name


def without_numbers(messages: list[Message]) -> list[str]:
    """The messages as text, without the number of their connection."""
    return [str(message).partition(" ")[2] for message in messages]
