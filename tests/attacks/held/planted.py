"""Passwords in every place in which the search for them looks."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from tests.attacks.held.marks import marked_password
from tests.attacks.held.tainted import Tainted
from tests.fixtures.deployed import STEPS


@contextmanager
def planted_everywhere(tainted: Tainted) -> Iterator[set[str]]:
    """Plant a password in each place outside the server, and in the server's log; where they are."""
    with ExitStack() as stack:
        process = stack.enter_context(_process())
        places = {
            "answers",
            "log",
            "event bus",
            f"cmdline of process {process}",
            f"environ of process {process}",
            stack.enter_context(_file(tainted.temporary, marked_password())),
            # No mark: other tests, which look there at the same time, would take it for one of theirs.
            stack.enter_context(_file(Path(tempfile.gettempdir()), tainted.application.user.password)),
            stack.enter_context(_statement(tainted)),
        }
        _event(tainted)
        yield places


def assert_planted_is_found(tainted: Tainted, keeping: set[str]) -> None:
    """A password is found wherever it may stand, in the views that keep statements, too: the search can fail."""
    with planted_everywhere(tainted) as places:
        found = {place for _, place in tainted.leaks()}
    assert (places | keeping) - found == set()


def _event(tainted: Tainted) -> None:
    """The ARN of a secret is told wherever a failure is."""
    token = tainted.application.begin()
    outcome = tainted.invoke({**tainted.secret.event(STEPS[0], token), "SecretId": marked_password()})
    assert outcome.failed


@contextmanager
def _process() -> Iterator[int]:
    command = ["sh", "-c", "cat", marked_password()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, env={"PASSWORD": marked_password()}) as process:
        yield process.pid
        process.communicate()


@contextmanager
def _file(folder: Path, password: str) -> Iterator[str]:
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        file.write(password.encode())
        file.flush()
        yield f"file {file.name}"


@contextmanager
def _statement(tainted: Tainted) -> Iterator[str]:
    """As the name of a column, which no server takes for a value that it should hide."""
    server = tainted.application.user.server
    with closing(server.connect(server.administrator)) as session:
        session.cursor().execute(f"SELECT 1 AS {marked_password()}")
        yield f"file {server.log_path}"
