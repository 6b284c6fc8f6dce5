"""The rotations that a Lambda environment remembers."""

from secret_rotation.begun import BegunRotations
from secret_rotation.request import RotationRequest, Step


def _request(step: Step, number: int = 0, arn: str = "one") -> RotationRequest:
    return RotationRequest(step, arn, f"token {number}")


def test_a_rotation_is_known_by_secret_and_token() -> None:
    """Whichever step it is; the same token of another secret is another rotation."""
    begun = BegunRotations()
    begun.add(_request(Step.CREATE_SECRET))
    assert _request(Step.TEST_SECRET) in begun
    assert _request(Step.TEST_SECRET, arn="two") not in begun
    assert _request(Step.TEST_SECRET, 1) not in begun


def test_an_environment_remembers_the_last_rotations_only() -> None:
    """However long it lives, it does not grow; a rotation counts once, whatever steps of it run."""
    begun = BegunRotations()
    for number in range(1000):
        for step in (Step.CREATE_SECRET, Step.SET_SECRET):
            begun.add(_request(step, number))
    known = [number for number in range(1000) if _request(Step.TEST_SECRET, number) in begun]
    assert known == list(range(1000 - len(known), 1000))
    assert 100 < len(known) < 200
