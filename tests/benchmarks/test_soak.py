"""The soak: a short one of real functions, and that it notices what grows."""

import signal
from dataclasses import replace

import pytest

from benchmarks.measure.endurance import SAMPLES, TOLERATED_MB, Held, grown
from lab.pairing import PAIRINGS
from tests.lab.commands import assert_ends_cleanly, read_until, run, running

BENCHMARKS = "benchmarks"
FIRST = Held(rotations=100, memory_mb=38.0, open_files=7, threads=2)
pytestmark = pytest.mark.xdist_group("fleet")


def test_a_short_one() -> None:
    """Each function's environment is looked at ten times, nothing grows, and each row says after how many rotations."""
    done = run(BENCHMARKS, "soak", "--rotations", "20")
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()[1:]]
    assert [row[0] for row in rows] == [function for function in PAIRINGS for _ in range(SAMPLES)]
    assert [int(row[1]) for row in rows] == [*range(2, 21, 2)] * len(PAIRINGS)
    assert all(float(row[2]) > 10 for row in rows)


@pytest.mark.parametrize(
    ("last", "what"),
    [
        (replace(FIRST, memory_mb=FIRST.memory_mb + TOLERATED_MB), ""),
        (replace(FIRST, memory_mb=FIRST.memory_mb + TOLERATED_MB + 0.1), "memory"),
        (replace(FIRST, open_files=8), "open files"),
        (replace(FIRST, threads=3), "threads"),
    ],
)
def test_what_grows_is_named(last: Held, what: str) -> None:
    """Each of the three by itself; what an allocator does is tolerated."""
    [*found] = grown([FIRST, last])
    assert [text.partition(" from")[0] for text in found] == [what] * bool(what)


def test_a_single_look_shows_no_growth() -> None:
    """There is nothing to hold it against."""
    assert grown([FIRST]) == []


def test_it_ends_cleanly() -> None:
    """Ctrl-C in the middle leaves no traceback, and no process."""
    with running(BENCHMARKS, "soak", "--engine", "postgresql", "--rotations", "20") as process:
        read_until(process, "Rotating a secret of")
        assert_ends_cleanly(process, signal.SIGINT)


def test_a_number_that_is_none() -> None:
    """It is refused, before anything is started."""
    done = run(BENCHMARKS, "soak", "--rotations=0")
    assert done.returncode == 2
    assert "is no number of rotations" in done.stderr
