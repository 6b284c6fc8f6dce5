"""No password and no rotation token is shown to anybody: printed, logged, passed as an argument, left in a file."""

import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest

from lab.console import Printer
from lab.demo.demo import Demo
from lab.demo.step_printer import StepPrinter
from lab.engines import KITS
from lab.observation import StepReport
from lab.world import World
from tests.functions.leaks import LeakSearch

pytestmark = pytest.mark.xdist_group("leaks")


@pytest.fixture(scope="module", params=KITS, ids=str)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator["SearchedRun"]:
    """A whole demo on either engine, searched after each of its steps, whose servers and functions are still up."""
    output = StringIO()
    printer = Printer(output)
    step_printer = StepPrinter(printer)

    def report(step: StepReport) -> None:
        step_printer.report(step)
        search.look(step)

    with World(report, ca_bundle=tmp_path_factory.mktemp("demo") / "ca.pem") as world:
        search = LeakSearch(world)
        assert Demo(world, step_printer, printer).run(request.param), output.getvalue()
        yield SearchedRun(world, search, output)


@dataclass(frozen=True)
class SearchedRun:
    """A demo that has been given, and what was seen of it."""

    world: World
    search: LeakSearch
    output: StringIO

    def leaks(self) -> list[str]:
        """All leaks, as things stand now."""
        self.search.look()
        return self.search.leaks(self.output.getvalue())


def test_a_demo_shows_no_secret(run: SearchedRun) -> None:
    """Neither output, logs, processes nor files show one of the passwords and tokens of all rotations."""
    tokens = [name for name in run.search.secrets if name.startswith("RotationToken")]
    passwords = [name for name in run.search.secrets if name.startswith("password")]
    single_users = len(run.world.applications) - 1  # the pair rotates twice
    assert single_users >= 1
    assert (len(tokens), len(passwords)) == (single_users + 2, 2 * single_users + 3 + 2)  # and two superusers
    assert run.leaks() == []


@contextmanager
def in_a_process(canary: str, _folder: Path) -> Iterator[None]:
    """A process that is told the canary as an argument."""
    command = [sys.executable, "-c", "import sys; sys.stdin.read()", canary]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        yield
        process.communicate()


@contextmanager
def in_an_environment(canary: str, _folder: Path) -> Iterator[None]:
    """A process that has the canary in its environment."""
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, env={"CANARY": canary}) as process:
        yield
        process.communicate()


@contextmanager
def in_a_file(canary: str, folder: Path) -> Iterator[None]:
    """A file of the server's that holds the canary."""
    file = folder / "data" / "canary"
    file.write_text(f"password={canary}\n")
    yield
    file.unlink()


@contextmanager
def in_the_servers_log(canary: str, folder: Path) -> Iterator[None]:
    """A line with the canary in the server's log."""
    log = folder / "server.log"
    size = log.stat().st_size
    with log.open("a") as file:
        file.write(f"ALTER ROLE app PASSWORD '{canary}'\n")
    yield
    with log.open("r+") as file:
        file.truncate(size)


Place = Callable[[str, Path], AbstractContextManager[None]]


@pytest.mark.parametrize("place", [in_a_process, in_an_environment, in_a_file, in_the_servers_log])
def test_the_search_finds_what_is_planted(run: SearchedRun, place: Place) -> None:
    """A real password, planted where somebody could read it, is found there: the search can fail."""
    name, password = next(iter(run.search.secrets.items()))
    with place(password, run.world.servers[0].log_path.parent):
        leaks = run.leaks()
    run.search.forget()
    assert [leak.partition(" in the ")[0] for leak in leaks] == [name]


def test_the_search_finds_what_a_function_logs(run: SearchedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a function writes, here since somebody sent it as the secret's ARN, is found in its log."""
    canary = f"canary-{uuid.uuid4()}"  # no real password: a log cannot be cleaned for the tests that follow
    monkeypatch.setitem(run.search.secrets, "canary", canary)
    function, environment = next(iter(run.world.functions.items()))
    environment.invoke({"Step": "createSecret", "SecretId": canary, "ClientRequestToken": str(uuid.uuid4())})
    assert run.leaks() == [f"canary in the log of {function}"]


def test_the_search_finds_what_is_printed(run: SearchedRun) -> None:
    """A rotation token that is printed is found in the output."""
    name = next(name for name in run.search.secrets if name.startswith("RotationToken"))
    assert run.search.leaks(f"token={run.search.secrets[name]}") == [f"{name} in the output"]
