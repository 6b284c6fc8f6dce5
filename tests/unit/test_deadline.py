"""How much of an invocation's time a login may take."""

import pytest

from secret_rotation.deadline import Deadline, NoTimeToCallError, Work
from secret_rotation.errors import RotationError


def test_the_first_login_may_wake_a_database() -> None:
    """It has what the rest of the step can spare, and every later one the usual limit."""
    deadline = Deadline(lambda: 60.0)
    assert [deadline.to_connect() for _ in range(3)] == [47, 20, 20]


@pytest.mark.parametrize(("left", "seconds"), [(40.0, 27), (33.0, 20), (30.0, 20), (15.0, 12)])
def test_the_first_login_never_has_less_than_another(left: float, seconds: float) -> None:
    """Where there is little to spare, it is the usual limit, or all that is left."""
    assert Deadline(lambda: left).to_connect() == seconds


def test_no_login_begins_without_time() -> None:
    """The first one is no exception."""
    with pytest.raises(RotationError, match="time is used up"):
        Deadline(lambda: 3.0).to_connect()


@pytest.mark.parametrize(("left", "seconds"), [(60.0, 5), (8.0, 5), (7.0, 4), (3.5, 0.5)])
def test_an_answer_is_waited_for_in_what_is_left(left: float, seconds: float) -> None:
    """Three seconds are kept back for the end of the step."""
    assert Deadline(lambda: left).to_answer(5) == seconds


@pytest.mark.parametrize(("left", "least"), [(3.4, 0.5), (7.9, 5.0)])
def test_no_call_begins_without_time(left: float, least: float) -> None:
    """What cannot be made shorter needs all of its time."""
    with pytest.raises(NoTimeToCallError):
        Deadline(lambda: left).to_answer(5, least)


def test_what_was_slow_is_told() -> None:
    """Where time has run out, the message names what it went into, and nothing that was fast."""
    deadline = Deadline(lambda: 0.0)
    deadline.took("DescribeSecret", 0.3)
    deadline.took("GetSecretValue", 12.04)
    with pytest.raises(RotationError, match=r"Of it, GetSecretValue took 12.0 s. If this comes back"):
        deadline.at_most(1)


@pytest.mark.parametrize("work", Work)
def test_what_is_said_is_true_of_the_work(work: Work) -> None:
    """Only steps does Secrets Manager try again, and only a function has a timeout that could be raised."""
    with pytest.raises(RotationError, match="is used up") as raised:
        Deadline.after(0, work).at_most(1)
    for words in ("Secrets Manager will try again", "raise the function's timeout"):
        assert (words in str(raised.value)) is (work is Work.STEP)
