"""`python -m lab client`: what it runs, what it counts, and how it ends."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lab.engines import KITS
from secret_rotation.request import Step
from tests.fixtures.processes import descendants, is_alive
from tests.lab.commands import ROOT, end, environment, read_until, run, running

EXAMPLES = ROOT / "examples" / "clients"
CLIENTS = ROOT / "tests" / "clients"
FOR_EVER = "sleep 60 & while sleep 0.1; do echo ok; done"
QUICK = ("--pause", "0.3", "--step", "0.1")
pytestmark = pytest.mark.xdist_group("lab client")


def _patient(example: Path) -> list[str]:
    """The command for an example that outlasts the gap of a slow machine."""
    return [sys.executable, str(CLIENTS / "patient.py"), str(example)]


def test_a_client_that_survives() -> None:
    """Typed outside `make`, it runs the client through three rotations, and tells what it saw of each step."""
    example = EXAMPLES / f"with_{KITS[0].driver.__name__}.py"
    command = [sys.executable, "-m", "lab", "client", "--rotations", "2", *QUICK, "--", *_patient(example)]
    variables = {name: value for name, value in environment().items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    rows = dict(re.findall(r"^(\w[\w ]*?) +\d+ +(\d+) +\d+\.\d\d s$", done.stdout, re.MULTILINE))
    assert rows == dict.fromkeys(["no rotation", *Step, "all"], "0")
    assert "The client survived." in done.stdout


def test_a_client_that_does_not() -> None:
    """A client that reads its secret once fails in the gap: the command says so, and why, with status 1."""
    done = run("lab", "client", *QUICK, sys.executable, str(CLIENTS / "reads_once.py"))
    assert (done.returncode, done.stderr) == (1, "")
    assert re.search(r"^  \d+ x  .*password authentication failed", done.stdout, re.MULTILINE)
    assert re.search(r"^\d+ requests failed\.$", done.stdout, re.MULTILINE)
    assert "survived" not in done.stdout


def test_a_command_that_ends_by_itself() -> None:
    """A command that ends before the last rotation is no client that survived; what else it prints is shown."""
    done = run("lab", "client", *QUICK, "sh", "-c", "echo hello; echo ok; exit 3")
    assert done.returncode == 1
    assert "hello" in done.stdout
    assert "The command ended after rotation 1, with status 3." in done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_can_be_ended(number: signal.Signals) -> None:
    """Ctrl-C and SIGTERM end the command, whatever that has started, and all else."""
    with running("lab", "client", "--pause", "60", "sh", "-c", FOR_EVER) as process:
        read_until(process, "at work")
        started = descendants(process.pid)
        status, _ = end(process, number)
    assert status == 128 + signal.SIGINT
    assert len(started) >= 4  # the database, the function, the command, and what that has started
    assert not [pid for pid in started if is_alive(pid)]


def test_what_must_be_given() -> None:
    """Without a command, or with what is none of its options, it says what it takes."""
    done = run("lab", "client")
    assert done.returncode == 2
    assert "COMMAND" in done.stderr
    for option, value in (("--rotations", "0"), ("--pause", "soon")):
        assert run("lab", "client", option, value, "true").returncode == 2


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("./no-such-command", "No such file or directory"),
        ("tests", "Is a directory"),
        ("README.md", "Not on the PATH (is it ./README.md?)"),
        ("./README.md", "Not executable (chmod +x makes it so)"),
    ],
)
def test_a_command_that_cannot_be_run(command: str, said: str) -> None:
    """It is an error in one sentence, before anything else is."""
    done = run("lab", "client", command)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert said in done.stderr
    assert command in done.stderr
