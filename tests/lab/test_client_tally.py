"""What is counted of a client's requests, and in which phase."""

import os
import sys
from io import StringIO

import pytest

from lab.client import ClientProcess, Tally
from lab.client.summary import summarize
from lab.client.tally import Phase
from lab.console import Printer


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture
def tally(clock: Clock) -> Tally:
    """An empty tally, by that clock."""
    return Tally("steady", clock)


def test_requests_belong_to_the_phase_in_which_they_end(tally: Tally) -> None:
    """What is told counts to the phase that is going on."""
    tally.succeeded()
    tally.enter("rotating")
    tally.failed("refused")
    tally.succeeded()
    assert tally.phases == {"steady": Phase(1, 0), "rotating": Phase(1, 1)}
    assert (tally.all, tally.reasons) == (Phase(2, 1), {"refused": 1})


def test_a_silence_belongs_to_the_phase_in_which_it_began(tally: Tally, clock: Clock) -> None:
    """The longest time without a success is measured from one success to the next, or to the end."""
    tally.succeeded()
    tally.enter("rotating")
    clock.seconds = 3.0
    tally.failed("refused")
    tally.succeeded()
    assert [phase.silent_seconds for phase in tally.phases.values()] == [3.0, 0.0]
    clock.seconds = 8.0
    tally.close()
    assert [phase.silent_seconds for phase in tally.phases.values()] == [3.0, 5.0]
    assert tally.all.silent_seconds == 5.0


def test_nothing_counts_after_the_end(tally: Tally) -> None:
    """A client that is told to end may leave a request undone."""
    tally.close()
    tally.succeeded()
    tally.failed("interrupted")
    assert tally.all == Phase()


def test_waiting_ends_with_the_client(tally: Tally) -> None:
    """Nobody waits for the success of a client that has ended."""
    tally.succeeded()
    assert tally.wait_for_success(60, after=0)
    tally.end()
    assert not tally.wait_for_success(60, after=1)


def test_the_lines_of_a_command(tally: Tally) -> None:
    """The line "ok" is a success, one that begins with "failed" is none, and all others are shown."""
    shown: list[str] = []
    script = "print('ok', 'failed no  reason', 'okay', '', 'failed', sep='\\n')"
    with ClientProcess([sys.executable, "-c", script], os.environ, tally, shown.append):
        assert tally.ended.wait(60)
    assert tally.all == Phase(1, 2)
    assert tally.reasons == {"no  reason": 1, "": 1}
    assert shown == ["okay"]


def test_a_reason_is_shown_without_what_a_terminal_obeys(tally: Tally) -> None:
    """A server's own words are in it, and whoever is on the way to the server may have chosen them."""
    tally.failed("no \x1b[2J caf\xe9")
    shown = StringIO()
    summarize(tally, [], Printer(shown))
    assert "1 x  no \\x1b[2J caf\xe9\n" in shown.getvalue()
