"""The word for a secret, by its metadata alone."""

from typing import Any

import pytest

from rotationctl.state import BY_URGENCY, State, judge
from secret_rotation.lateness import ROTATION_LASTS
from tests.docs.template import template
from tests.rotationctl.conftest import ANOTHERS
from tests.rotationctl.metadata import CURRENT, NOW, PENDING, ago, ahead, secret

OVERDUE = {"NextRotationDate": ago(seconds=1)}
INCOMPLETE = {"SecretVersionsToStages": PENDING, "LastChangedDate": ago(minutes=16)}
YOUNG = {"SecretVersionsToStages": PENDING, "LastChangedDate": ago(minutes=14)}
OFF = {"RotationEnabled": False, "NextRotationDate": None}
ON_CURRENT = {"SecretVersionsToStages": {**CURRENT, "version-2": ["AWSCURRENT", "AWSPENDING"]}}

CASES: list[tuple[State, dict[str, Any]]] = [
    (State.FINE, {}),
    (State.FINE, {"NextRotationDate": None}),
    (State.FINE, {"NextRotationDate": ahead(days=1, seconds=1)}),
    (State.FINE, {"PrimaryRegion": "eu-central-1"}),
    (State.FINE, {**ON_CURRENT, "LastChangedDate": ago(days=3)}),
    (State.DUE, {"NextRotationDate": ahead(hours=23)}),
    (State.OVERDUE, OVERDUE),
    (State.OVERDUE, {**OVERDUE, "LastRotatedDate": None}),
    (State.OVERDUE, {**OVERDUE, "RotationLambdaARN": ANOTHERS}),
    (State.ROTATING, YOUNG),
    (State.ROTATING, {**YOUNG, **OVERDUE}),
    (State.ROTATING, {**YOUNG, "LastRotatedDate": None}),
    (State.STUCK, INCOMPLETE),
    (State.STUCK, {**INCOMPLETE, "RotationLambdaARN": ANOTHERS}),
    (State.STUCK, {**YOUNG, **OFF}),
    (State.FAILING, {**INCOMPLETE, **OVERDUE}),
    (State.NEVER, {"LastRotatedDate": None}),
    (State.OFF, OFF),
    (State.OFF, {**OFF, "LastRotatedDate": None}),
    (State.OTHER, {"RotationLambdaARN": ANOTHERS}),
    (State.UNUSED, {"LastAccessedDate": ago(days=91)}),
    (State.UNUSED, {"LastAccessedDate": None, "CreatedDate": ago(days=91)}),
    (State.FINE, {"LastAccessedDate": None, "CreatedDate": ago(days=89)}),
    (State.FINE, {"LastAccessedDate": None, "CreatedDate": None}),
    (State.NO_ROTATION, {**OFF, "RotationLambdaARN": None, "RotationEnabled": None}),
    (State.NO_ROTATION, {**YOUNG, **OFF, "RotationLambdaARN": None}),
    (State.MANAGED, {"OwningService": "rds", "RotationLambdaARN": None}),
    (State.MANAGED, {"OwningService": "rds", **OVERDUE}),
    (State.MANAGED, {"Type": "SalesforceClientSecret", "RotationLambdaARN": None}),
    (State.MANAGED, {"RotationLambdaARN": None}),
    (State.REPLICA, {"PrimaryRegion": "us-east-1"}),
    (State.REPLICA, {"PrimaryRegion": "us-east-1", **OVERDUE}),
    (State.DELETED, {"DeletedDate": ahead(days=7), **INCOMPLETE}),
]


@pytest.mark.parametrize(("state", "changes"), CASES, ids=str)
def test_the_word(state: State, changes: dict[str, Any]) -> None:
    """Each word, and what comes before what."""
    assert judge(secret(**changes), NOW) is state


def test_every_word_is_tried() -> None:
    """The table above leaves none out, and no secret is without one."""
    assert {state for state, _ in CASES} == set(State)


def test_a_rotation_lasts_longer_than_its_steps_may() -> None:
    """Nothing is called stuck while the functions' own time is not over, and ListSecrets may still lag."""
    four_steps = 4 * template()["Globals"]["Function"]["Timeout"]
    assert ROTATION_LASTS.total_seconds() >= four_steps + 5 * 60


def test_what_somebody_has_to_look_at_comes_first() -> None:
    """Secrets that nobody here rotates come last in every list."""
    assert BY_URGENCY[:2] == [State.FAILING, State.STUCK]
    assert set(BY_URGENCY[-4:]) == {State.MANAGED, State.REPLICA, State.NO_ROTATION, State.DELETED}
