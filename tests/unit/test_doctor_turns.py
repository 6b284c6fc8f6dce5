"""At which hour a secret is verified, and what comes back of a line of the log."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from secret_rotation.examination.turns import CATCHES_UP_FOR, hour_of, is_due, turn_before
from secret_rotation.examination.verification import Outcome, Reason, Verification

ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop-{}-AbCdEf"
NOW = datetime(2026, 3, 4, 12, 34, tzinfo=UTC)
LAST = Verification(ARN.format(1), NOW, Outcome.HEALTHY, None, "v1", "db:5432, without TLS", None, "It logs in.")


def test_the_hours_share_all_secrets() -> None:
    """No hour has many more than its share, and a secret keeps its hour."""
    arns = [ARN.format(number) for number in range(2400)]
    hours = Counter(map(hour_of, arns))
    assert len(hours) == 24
    assert max(hours.values()) < 150
    assert hour_of(ARN.format(1)) == hour_of(ARN.format(1))


@pytest.mark.parametrize("minutes", range(0, 60, 7))
def test_a_round_every_hour_comes_to_each_secret_once_a_day(minutes: int) -> None:
    """Whenever in the hour the rounds are, and whatever they come to."""
    for number in range(24):
        secret, rounds = replace(LAST, secret=ARN.format(number)), list[int]()
        for hour in range(5 * 24):
            now = NOW + timedelta(minutes=minutes, hours=hour)
            if is_due(
                secret.secret, replace(secret, at=now - timedelta(hours=hour - rounds[-1])) if rounds else None, now
            ):
                rounds.append(hour)
        assert [later - earlier for earlier, later in pairwise(rounds[1:])] == [24] * (len(rounds) - 2)
        assert len(rounds) >= 5


@pytest.mark.parametrize(
    ("outcome", "reason", "is_tried_again"),
    [
        (Outcome.HEALTHY, None, False),
        (Outcome.OUT_OF_SYNC, None, False),
        (Outcome.UNREACHABLE, None, True),
        (Outcome.UNCHECKED, Reason.ROTATING, True),
        (Outcome.UNCHECKED, Reason.UNREADABLE, True),
        (Outcome.UNCHECKED, Reason.REJECTED_BEFORE, False),
        (Outcome.UNCHECKED, Reason.HOST_CHANGED, False),
    ],
)
def test_what_is_tried_again_within_the_day(outcome: Outcome, reason: Reason | None, is_tried_again: bool) -> None:
    """What may pass is, for some hours; what was settled is not."""
    turn = turn_before(LAST.secret, NOW)
    last = replace(LAST, at=turn + timedelta(minutes=1), outcome=outcome, reason=reason)
    assert is_due(LAST.secret, last, turn + timedelta(hours=1)) == is_tried_again
    assert not is_due(LAST.secret, last, turn + CATCHES_UP_FOR)


@pytest.mark.parametrize("reason", [None, Reason.HOST_CHANGED])
def test_a_line_is_read_as_it_was_written(reason: Reason | None) -> None:
    """In one line, whatever the text holds."""
    written = replace(LAST, reason=reason, text='A "quoted"\nname: \ud800')
    assert "\n" not in written.to_line()
    assert Verification.from_line(written.to_line()) == written


@pytest.mark.parametrize(
    "line",
    ["", "START RequestId: 1", "[]", '{"verification": 1}', '{"verification": {"outcome": "healthy"}}',
     LAST.to_line().replace("healthy", "splendid"), LAST.to_line().replace('"v1"', "1"),
     LAST.to_line().replace("+00:00", ""), "[" * 100_000],
)  # fmt: skip
def test_another_line_is_passed_over(line: str) -> None:
    """The log holds what Lambda writes, too."""
    assert Verification.from_line(line) is None
