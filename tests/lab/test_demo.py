"""The demo: what it shows, how it ends, and what it says where something is wrong."""

import io
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from lab.console import Printer
from lab.demo.demo import Demo
from lab.demo.step_printer import StepPrinter
from lab.engines import KITS, Kit
from lab.secretsmanager import faults
from lab.servers.process import wait_for
from lab.world import World
from scripts.recording import PICTURE, lines_of, picture
from secret_rotation.request import Step
from tests.fixtures.processes import descendants, is_alive
from tests.lab.commands import TIMEOUT_SECONDS, assert_ends_cleanly, read_until, run, running

DEMO = "lab.demo"
STEPS = tuple(Step)
FACTS = ("before", "after", "calls", "connections", "time", "client")
COLUMNS = 80
SECOND_RUN_SECONDS = 20
ESCAPE = "\033"
VARIES = re.compile(r"\b[0-9a-f]{4}(?= AWS)|\d+")
READ_AGAIN = re.compile(
    r"^(setSecret .*(?:\n  (?:before|after) .*)+\n  calls .*), DescribeSecret, GetSecretValue"
    r"(?=.*\n  connections .*\n  time +\d{4,} ms$)",
    re.MULTILINE,
)
"""How setSecret reads its labels again, before it changes a password: only where it took a second to get there."""
IN_ALL = re.compile(r"^In all +(\d+) calls, (\d+) connections", re.MULTILINE)
pytestmark = pytest.mark.xdist_group("demo")


@pytest.fixture(scope="module", params=KITS, ids=str)
def demo(request: pytest.FixtureRequest) -> tuple[Kit, subprocess.CompletedProcess[str], float]:
    """Return what the demo prints into a pipe on either engine, chosen as `make demo ENGINE=...` does, and its time.

    That is of the faster of two runs: the first one may download the server, and any may be held up by others.
    """
    kit: Kit = request.param
    _, first = _timed(kit)
    done, second = _timed(kit)
    return kit, done, min(first, second)


Shown = tuple[Kit, "subprocess.CompletedProcess[str]", float]


def _timed(kit: Kit) -> tuple["subprocess.CompletedProcess[str]", float]:
    started = time.monotonic()
    return run(DEMO, ENGINE=kit.name), time.monotonic() - started


def _has_gap(demo: Shown) -> bool:
    return not demo[0].engine.keeps_old_password


def _without_reading_again(demo: Shown) -> str:
    """What it prints on a machine that is fast enough."""
    return READ_AGAIN.sub(r"\1", demo[1].stdout)


def test_it_succeeds_in_time(demo: Shown) -> None:
    """The demo ends well, says nothing on standard error, and takes less than 20 s the second time."""
    _, done, seconds = demo
    assert (done.returncode, done.stderr) == (0, "")
    assert seconds < SECOND_RUN_SECONDS


def test_it_shows_each_step(demo: Shown) -> None:
    """Each rotation shows its four steps in order, each with labels, calls, connections and time."""
    lines = demo[1].stdout.splitlines()
    steps = [line.split()[0] for line in lines if line.startswith(STEPS)]
    assert steps == list(STEPS) * (3 + _has_gap(demo))
    for fact in FACTS:
        assert sum(line.startswith(f"  {fact} ") for line in lines) == len(steps)


def test_it_shows_the_labels_moving(demo: Shown) -> None:
    """In finishSecret AWSCURRENT moves from the old version to the new one."""
    finish = demo[1].stdout.partition("\nfinishSecret")[2]
    before, after = re.findall(r"^  (?:before|after) +(.*)$", finish, re.MULTILINE)[:2]
    old, new = re.fullmatch(r"(\w{4}) AWSCURRENT  (\w{4}) AWSPENDING", before).groups()  # type: ignore[union-attr]
    assert after.startswith(f"{old} AWSPREVIOUS  {new} AWSCURRENT")


def test_it_shows_the_budget(demo: Shown) -> None:
    """A rotation is 8 calls and 2 connections, and one more of each with a superuser."""
    rotations = IN_ALL.split(demo[1].stdout)[:-1]
    sums = [
        (int(calls) - 2 * len(READ_AGAIN.findall(steps)), int(connections))
        for steps, calls, connections in zip(rotations[::3], rotations[1::3], rotations[2::3], strict=True)
    ]
    assert sums == [(8, 2)] * (1 + _has_gap(demo)) + [(9, 3)] * 2


def test_it_shows_the_option_that_shortens_the_gap(demo: Shown) -> None:
    """Where there is a gap, setSecret moves AWSCURRENT in a part of its own, and finishSecret finds all done."""
    part = demo[1].stdout.partition("PROMOTE_EARLY:")[2].partition("ALTERNATING USERS")[0]
    assert ("moves AWSCURRENT" in part.partition("testSecret")[0]) == _has_gap(demo)
    assert bool(re.search(r"^finishSecret +finds all done$", part, re.MULTILINE)) == _has_gap(demo)


@pytest.mark.parametrize("demo", KITS[:1], ids=str, indirect=True)
def test_the_recording_is_of_such_a_run(demo: Shown) -> None:
    """The picture in the README shows what the demo prints today, but for ids, ports, counts and times."""
    shown = ["".join(row.itertext()) for row in _rows(PICTURE.read_text())]
    printed = [line for line in lines_of(_without_reading_again(demo)) if line]
    assert [VARIES.sub("#", line) for line in shown] == [VARIES.sub("#", line) for line in printed]


def test_the_recording_shows_every_line_in_its_place() -> None:
    """Each line has a row of its own, what is painted is painted, and nothing is taken for markup."""
    rows = _rows(picture(["$ make demo", "a < b & c", "", "\033[31mfailed\033[0m or not"]))
    assert ["".join(row.itertext()) for row in rows] == ["$ make demo", "a < b & c", "failed or not"]
    assert [int(row.attrib["y"]) // 20 for row in rows] == [0, 1, 3]
    assert [(span.attrib["class"], span.text) for span in rows[-1]] == [("bad", "failed")]


def _rows(svg: str) -> list[ET.Element]:
    return list(ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text"))  # noqa: S314 - written by us


def test_it_is_honest_about_failed_logins(demo: Shown) -> None:
    """The client meets the gap where there is one, which is announced and measured, and no other failure."""
    done = demo[1]
    lines = re.findall(r"^(\w+ users?(?:, early)?) .* (\d+) failed$", done.stdout, re.MULTILINE)
    failed = {name: int(number) for name, number in lines}
    has_gap = _has_gap(demo)
    assert failed.keys() == {"single user", "alternating users", *["single user, early"] * has_gap}
    assert (failed["single user"] > 0) == has_gap
    assert failed["alternating users"] == 0
    assert bool(re.search(r"For \d+ ms AWSCURRENT was refused", done.stdout)) == has_gap
    assert ("This rotation has a gap" in done.stdout.partition("createSecret")[0]) == has_gap


def test_it_is_plain_in_a_pipe(demo: Shown) -> None:
    """No line is longer than 80 columns, and there is neither colour nor any other escape sequence."""
    text = _without_reading_again(demo)
    assert max(map(len, text.splitlines())) <= COLUMNS
    assert ESCAPE not in text


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_colour_is_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Colour appears on a terminal only, and not where NO_COLOR is set."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert ESCAPE in Printer(Terminal()).bad("text")
    assert ESCAPE not in Printer(io.StringIO()).bad("text")
    monkeypatch.setenv("NO_COLOR", "1")
    assert ESCAPE not in Printer(Terminal()).bad("text")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly(number: signal.Signals) -> None:
    """Interrupted in the middle of a rotation, it ends without a traceback, and so do its servers and functions."""
    with running(DEMO) as process:
        read_until(process, "createSecret")
        assert_ends_cleanly(process, number)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder for temporary files that the servers' user may enter, which pytest's own are not where root runs it."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_it_ends_cleanly_while_the_server_starts(open_folder: Path) -> None:
    """Interrupted before its server is up, with all that it has started so far, it leaves no process and no file."""
    with running(DEMO, start_new_session=True, TMPDIR=str(open_folder)) as process:
        wait_for(lambda: any(open_folder.glob("lab-postgres-*")), TIMEOUT_SECONDS, lambda: "There is no server.")
        family = descendants(process.pid)
        os.killpg(process.pid, signal.SIGINT)
        process.wait(TIMEOUT_SECONDS)
    assert process.returncode == 128 + signal.SIGINT
    assert not [pid for pid in family if is_alive(pid)]
    assert list(open_folder.iterdir()) == []


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        pytest.param({"ENGINE": "oracle"}, "'oracle' is no engine here", id="engine"),
        pytest.param({"LAB_CACHE": "/proc/lab"}, "Cannot make the cache /proc/lab", id="cache"),
        pytest.param({"LAB_SAM_VENV": "/nowhere"}, "No Lambda runtime interface emulator", id="emulator"),
    ],
)
def test_what_is_wrong_is_said(variables: dict[str, str], said: str) -> None:
    """A wrong ENGINE, a cache that cannot be made, a missing emulator: a sentence, a bad status, no traceback."""
    done = run(DEMO, **variables)
    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_network(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Where the server would have to be downloaded and cannot be, that is said, with what to do."""
    empty = tmp_path_factory.getbasetemp() / "empty-cache"
    nowhere = "http://127.0.0.1:9"
    proxies = {"http_proxy": nowhere, "https_proxy": nowhere, "PIP_PROXY": nowhere, "PIP_RETRIES": "0"}
    done = run(DEMO, LAB_CACHE=str(empty), **proxies)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "demo: " in done.stderr


def test_help() -> None:
    """--help says what it is for, and that ENGINE chooses the engine."""
    done = run(DEMO, "--help")
    assert done.returncode == 0
    assert "ENGINE" in done.stdout


def test_a_rotation_that_fails_fails_the_demo(tmp_path: Path) -> None:
    """Where a step fails, the demo says why, and that it failed."""
    output = io.StringIO()
    printer = Printer(output)
    step_printer = StepPrinter(printer)
    with World(step_printer.report, ca_bundle=tmp_path / "ca.pem") as world:
        world.cloud.faults.add(faults.error("PutSecretValue", "AccessDeniedException", times=None))
        assert not Demo(world, step_printer, printer).run(KITS[0])
    assert "failed      SecretStoreError: " in output.getvalue()
    assert "single user        0 of 1 rotations" in output.getvalue()
