"""Following a rotation: label moves, and every way in which it can end."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import pytest

from rotationctl.connection import Connection
from rotationctl.exits import Exit
from rotationctl.following import JSON, Follower
from rotationctl.remedies import Adviser
from rotationctl.secret import Secret
from rotationctl.watch import Clock, Ending, follow
from tests.rotationctl.conftest import Account, Program
from tests.rotationctl.metadata import CURRENT, NOW, PENDING, secret

DONE = {"version-2": ["AWSPREVIOUS"], "version-3": ["AWSCURRENT", "AWSPENDING"]}
DONE_AND_TAKEN_OFF = {"version-2": ["AWSPREVIOUS"], "version-3": ["AWSCURRENT"]}
TWO_SECONDS_LATER = "2026-11-26T12:00:02Z"
MOVES = [
    f"{TWO_SECONDS_LATER}  AWSCURRENT  version-2 -> version-3",
    f"{TWO_SECONDS_LATER}  AWSPREVIOUS  version-1 -> version-2",
]


class Time:
    """A clock that goes on only where somebody sleeps."""

    def __init__(self) -> None:
        self.now: datetime = NOW
        self.clock = Clock(lambda: self.now, self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def watch(
    answers: Sequence[Secret], capsys: pytest.CaptureFixture[str], *, as_json: bool = False, timeout: float = 60
) -> tuple[Exit, list[str], str]:
    """Follow a secret that is read so, one answer after the other, the last again and again."""
    left = list(answers)

    def read() -> Secret:
        return left.pop(0) if len(left) > 1 else left[0]

    code = Follower(read, as_json, Time().clock).run(Adviser(Connection(region="eu-central-1"), NOW), timeout)
    out, err = capsys.readouterr()
    return code, out.splitlines(), err


def labelled(*stages: Mapping[str, Sequence[str]], **changes: object) -> list[Secret]:
    """The secret with these labels, one after the other."""
    return [secret(SecretVersionsToStages=labels, **changes) for labels in stages]


@pytest.mark.parametrize(("seconds_off", "ending"), [(4, Ending.DONE), (60, Ending.TURNED_OFF)])
def test_rotation_that_has_just_been_turned_on_may_be_read_as_off(seconds_off: int, ending: Ending) -> None:
    """RotateSecret turns rotation on, and reads are behind for a while; later it was somebody who turned it off."""
    time, token = Time(), "version-3"
    off, going_on, done = (
        secret(RotationEnabled=enabled, SecretVersionsToStages=labels)
        for enabled, labels in ((False, PENDING), (True, PENDING), (True, DONE))
    )
    answers = [going_on, done]

    def read() -> Secret:
        return off if time.now < NOW + timedelta(seconds=seconds_off) else answers.pop(0)

    assert follow(read, lambda _: None, time.clock, 300, token)[0] is ending


@pytest.mark.parametrize("end", [DONE, DONE_AND_TAKEN_OFF], ids=["pending stays", "pending goes"])
def test_a_rotation_that_succeeds(end: Mapping[str, Sequence[str]], capsys: pytest.CaptureFixture[str]) -> None:
    """Each label that moves is told when it does, and the end: AWSPENDING may stay with AWSCURRENT, or go."""
    code, out, err = watch(labelled(PENDING, PENDING, end), capsys)
    assert (code, [line for line in out if "AWSPENDING" not in line]) == (Exit.FINE, MOVES)
    assert err == "The rotation of prod/shop is done: version version-3 is AWSCURRENT.\n"


def test_nothing_to_follow(capsys: pytest.CaptureFixture[str]) -> None:
    """No rotation is under way: when the last one succeeded is said."""
    code, out, err = watch(labelled(CURRENT), capsys)
    assert (code, out) == (Exit.FINE, [])
    assert err == "No rotation of prod/shop is under way. It last succeeded: 2026-11-23T12:00:00Z.\n"
    assert watch(labelled(CURRENT, LastRotatedDate=None), capsys)[2].endswith("It last succeeded: never.\n")


def test_a_rotation_that_is_given_up(capsys: pytest.CaptureFixture[str]) -> None:
    """AWSPENDING is gone, and AWSCURRENT where it was. A dry run looks the same, so both are said."""
    code, out, err = watch(labelled(PENDING, CURRENT), capsys)
    assert (code, out) == (Exit.NOT_FINE, ["2026-11-26T12:00:01Z  AWSPENDING  version-3 -> no version"])
    first, command = err.splitlines()
    assert "was given up, or it was a dry run" in first
    assert command.startswith("aws logs filter-log-events --log-group-name /aws/lambda/prod/postgresql-single-user ")
    assert command.endswith(" --region eu-central-1")


def test_another_rotation_in_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    """AWSPENDING is on yet another version: the one that was followed was given up."""
    assert watch(labelled(PENDING, {**CURRENT, "version-4": ["AWSPENDING"]}), capsys)[0] is Exit.NOT_FINE


def test_another_rotation_right_after_it(capsys: pytest.CaptureFixture[str]) -> None:
    """Two people rotate at once, and the second rotation is done before anybody looks again: so is the first."""
    later = {"version-3": ["AWSPREVIOUS"], "version-4": ["AWSCURRENT"]}
    code, _, err = watch(labelled(PENDING, later), capsys)
    assert code == Exit.FINE
    assert err.endswith("is done: version version-3 was AWSCURRENT, and version-4 is now.\n")


def test_a_rotation_that_is_cancelled(capsys: pytest.CaptureFixture[str]) -> None:
    """Rotation is off, and nobody will go on."""
    answers = [*labelled(PENDING), *labelled(PENDING, RotationEnabled=False)]
    code, _, err = watch(answers, capsys)
    assert code is Exit.NOT_FINE
    assert err.startswith("Rotation of prod/shop is off, and version version-3 is still AWSPENDING")


@pytest.mark.parametrize("seconds", [0, 60])
def test_a_rotation_that_does_not_end(seconds: float, capsys: pytest.CaptureFixture[str]) -> None:
    """It is followed for so long and no longer."""
    code, _, err = watch(labelled(PENDING), capsys, timeout=seconds)
    assert code is Exit.TIMED_OUT
    assert f"has not ended after {seconds} s: version version-3 is still AWSPENDING" in err


def test_json_is_an_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A line for each move, with the documented keys, and one for the end; no talk."""
    code, out, err = watch(labelled(PENDING, CURRENT), capsys, as_json=True)
    lines = [json.loads(line) for line in out]
    assert (code, err) == (Exit.NOT_FINE, "")
    assert all(list(line) == list(JSON) for line in lines)
    assert lines[0]["label"] == "AWSPENDING"
    assert (lines[-1]["label"], lines[-1]["version"], lines[-1]["ending"]) == (None, "version-3", "given up")


def test_a_version_that_is_called_oddly(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever may write a secret chooses version ids: a terminal obeys none."""
    _, out, err = watch(labelled({**CURRENT, "\x1b[2J": ["AWSPENDING"]}, CURRENT), capsys)
    assert "\x1b" not in "".join([*out, err])


def test_a_secret_that_is_gone(rotationctl: Program) -> None:
    """It ends as where it never was."""
    result = rotationctl("status", "--watch", "prod/none")
    assert (result.code, result.err) == (Exit.NOT_FINE, "rotationctl: There is no secret prod/none in us-east-1.\n")


def test_the_limit_is_an_option(account: Account, rotationctl: Program) -> None:
    """--timeout says how long."""
    account.add("prod/shop").begin()
    assert rotationctl("status", "--watch", "prod/shop", "--timeout", "0").code == Exit.TIMED_OUT
