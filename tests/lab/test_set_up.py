"""Setting a checkout up with `make`: two first runs at once, Ctrl-C, and what is wrong with the command line."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from lab.servers.process import wait_for
from tests.lab.commands import ROOT, TIMEOUT_SECONDS, output, read_until, started

HELD_SECONDS = 60
HELD_PYTHON = """#!/bin/sh
case "$1 $2" in
    "-m venv") shift 2; exec {python} {program} "$@" ;;
    *) echo "$0" ;;
esac
"""
"""A Python that says that it is its own base, and makes virtual environments."""
HELD_VENV = """
import pathlib, sys, time, venv
def post_setup(*_):
    for _ in range({seconds} * 100):
        if pathlib.Path({go!r}).exists():
            return
        time.sleep(0.01)
venv.EnvBuilder.post_setup = post_setup
venv.main(sys.argv[1:])
"""
"""What makes a virtual environment, all but complete, and then waits."""
pytestmark = pytest.mark.xdist_group("set-up")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose locks list no package, so that it is set up in seconds and without a network."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    for module in ("lab/__init__.py", "lab/address.py", "lab/up/__init__.py", "lab/up/endpoint.py"):
        (tmp_path / module).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / module, tmp_path / module)
    for lock in ("requirements/demo", "requirements/dev", "requirements/sam", "layers/dependencies/requirements"):
        (tmp_path / lock).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / f"{lock}.txt").write_text("# nothing\n")
    (tmp_path / "layers/secret_rotation").mkdir()
    return tmp_path


@pytest.fixture
def held(checkout: Path) -> Path:
    """A Python whose virtual environments are not complete before there is the file `go`."""
    program, python = checkout / "held.py", checkout / "held"
    program.write_text(HELD_VENV.format(go=str(checkout / "go"), seconds=HELD_SECONDS))
    python.write_text(HELD_PYTHON.format(python=sys.executable, program=program))
    python.chmod(0o755)
    return python


def wait_until_it_is_made(checkout: Path) -> None:
    """Wait until the virtual environment is under way."""
    wait_for((checkout / ".venv/pyvenv.cfg").exists, TIMEOUT_SECONDS, lambda: "No virtual environment is made.")


def make(checkout: Path, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    """Start `make` in a session of its own: what Ctrl-C reaches."""
    variables = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], **variables}
    return started(["make", *arguments], variables, folder=checkout, start_new_session=True)


def outcome(run: subprocess.Popen[str]) -> tuple[bool, str]:
    """Wait for a run, and return whether it succeeded, and what it printed."""
    printed = run.communicate(timeout=TIMEOUT_SECONDS)[0]
    return run.returncode == 0, printed


def test_two_first_runs_at_once(checkout: Path, held: Path) -> None:
    """Of `make lab` and `make test` in two terminals one sets up, the other waits, and goes on with what is there."""
    first = make(checkout, ".venv/.demo", PYTHON=str(held))
    wait_until_it_is_made(checkout)
    second = make(checkout, ".venv/.dev", PYTHON=str(held))
    with output(second) as printed_by_second:
        waiting = read_until(second, "Waiting for it")
        (checkout / "go").touch()
        succeeded, text = outcome(first)
        printed = text + waiting + printed_by_second.read()
    assert (succeeded, second.wait(TIMEOUT_SECONDS)) == (True, 0), printed
    assert printed.count("Installing requirements/demo.txt") == printed.count("Waiting for it") == 1


def test_many_looks_at_once(checkout: Path) -> None:
    """However many ask at the same moment which Python is used, each is answered."""
    outcomes = [outcome(run) for run in [make(checkout, ".cache/python") for _ in range(4)]]
    assert all(succeeded for succeeded, _ in outcomes), outcomes


def test_ctrl_c(checkout: Path, held: Path) -> None:
    """Ctrl-C while the virtual environment is made ends it without a traceback, and the next run succeeds."""
    run = make(checkout, ".venv/.demo", PYTHON=str(held))
    wait_until_it_is_made(checkout)
    os.killpg(run.pid, signal.SIGINT)
    succeeded, printed = outcome(run)
    assert not succeeded
    assert "Traceback" not in printed
    (checkout / "go").touch()
    assert outcome(make(checkout, ".venv/.demo", PYTHON=str(held)))[0]


def test_no_index(checkout: Path) -> None:
    """An index that cannot be reached is said in a sentence, which does not blame the lock."""
    (checkout / "requirements/demo.txt").write_text(f"no-such-package==1.0 --hash=sha256:{'0' * 64}\n")
    nowhere = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_RETRIES": "1"}
    succeeded, printed = outcome(make(checkout, ".venv/.demo", **nowhere))
    assert not succeeded
    assert "index cannot be reached" in printed
    assert "No matching distribution" not in printed


def test_a_lab_that_could_not_listen_installs_nothing(checkout: Path) -> None:
    """`make lab` looks first whether its port is free."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        succeeded, printed = outcome(make(checkout, "lab", f"LAB_PORT={port}"))
    assert (succeeded, f"Port {port} is taken" in printed) == (False, True)
    assert not (checkout / ".venv").exists()


def test_the_engine_is_written_in_capitals(checkout: Path) -> None:
    """`make demo engine=mysql` is refused, since it would show PostgreSQL."""
    succeeded, printed = outcome(make(checkout, "demo", "engine=mysql"))
    assert (succeeded, "Write ENGINE=mysql" in printed) == (False, True)


def test_help_fits_a_terminal() -> None:
    """No line of `make help` is longer than 80 columns."""
    lines = outcome(make(ROOT, "help"))[1].splitlines()
    assert len(lines) > 10
    assert max(map(len, lines)) <= 80
