"""Setting a checkout up with `make`: two first runs at once, Ctrl-C, and what is wrong with the command line."""

import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from lab.servers.process import wait_for
from tests.lab.commands import ROOT, TIMEOUT_SECONDS, started

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


def make(checkout: Path, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    """Start `make` in a session of its own: what Ctrl-C reaches."""
    variables = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], **variables}
    return started(["make", *arguments], variables, folder=checkout, start_new_session=True)


def outcome(run: subprocess.Popen[str]) -> tuple[bool, str]:
    """Wait for a run, and return whether it succeeded, and what it printed."""
    printed = run.communicate(timeout=TIMEOUT_SECONDS)[0]
    return run.returncode == 0, printed


def test_two_first_runs_at_once(checkout: Path) -> None:
    """Of `make lab` and `make test` in two terminals one sets up, the other waits, and goes on with what is there."""
    outcomes = [outcome(run) for run in [make(checkout, target) for target in (".venv/.demo", ".venv/.dev")]]
    printed = "".join(text for _, text in outcomes)
    assert all(succeeded for succeeded, _ in outcomes), printed
    assert printed.count("Installing requirements/demo.txt") == printed.count("Waiting for it") == 1


def test_many_looks_at_once(checkout: Path) -> None:
    """However many ask at the same moment which Python is used, each is answered."""
    outcomes = [outcome(run) for run in [make(checkout, ".cache/python") for _ in range(4)]]
    assert all(succeeded for succeeded, _ in outcomes), outcomes


def test_ctrl_c(checkout: Path) -> None:
    """Ctrl-C while the virtual environment is made ends it without a traceback, and the next run succeeds."""
    run = make(checkout, ".venv/.demo")
    wait_for((checkout / ".venv/pyvenv.cfg").exists, TIMEOUT_SECONDS, lambda: "No virtual environment is made.")
    os.killpg(run.pid, signal.SIGINT)
    succeeded, printed = outcome(run)
    assert not succeeded
    assert "Traceback" not in printed
    assert outcome(make(checkout, ".venv/.demo"))[0]


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
