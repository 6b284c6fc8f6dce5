"""The staging labels, over the whole space of states in which a step can find them."""

from collections.abc import Iterator
from itertools import product

import pytest

from secret_rotation.errors import LabelConflictError
from secret_rotation.labels import AWSCURRENT, AWSPENDING, AWSPREVIOUS, Labels, Verdict, judge
from secret_rotation.model import Step

TOKEN = "token"
VERSIONS = (TOKEN, "other", "third", None)  # where a label can be; None: on no version
STAGES = (AWSCURRENT, AWSPENDING, AWSPREVIOUS)


def every_state() -> Iterator[tuple[Labels, dict[str, str | None]]]:
    """Every way to place three labels on three versions or none, the token with a label of its own or without."""
    for places in product(VERSIONS, repeat=len(STAGES)):
        holder = dict(zip(STAGES, places, strict=True))
        for custom in (False, True):
            stages: dict[str, set[str]] = {}
            for stage, version in holder.items():
                if version is not None:
                    stages.setdefault(version, set()).add(stage)
            if custom:
                stages.setdefault(TOKEN, set()).add("my-label")
            yield Labels({version: frozenset(labels) for version, labels in stages.items()}), holder


STATES = list(every_state())


def verdict_or_conflict(step: Step, labels: Labels) -> Verdict | None:
    """The verdict, or None for a conflict."""
    try:
        return judge(step, labels, TOKEN)
    except LabelConflictError:
        return None


def test_the_space_of_states_is_whole() -> None:
    """Three labels on four places each, with and without a label of the user's own, are 128 states."""
    assert len(STATES) == 4**3 * 2


@pytest.mark.parametrize("step", Step)
def test_a_token_that_is_current_is_done_whatever_else_it_carries(step: Step) -> None:
    """Every step finds its work done where the token is AWSCURRENT, and only there."""
    for labels, holder in STATES:
        assert (verdict_or_conflict(step, labels) is Verdict.ALREADY_DONE) == (holder[AWSCURRENT] == TOKEN)


@pytest.mark.parametrize("step", Step)
def test_a_step_acts_for_the_pending_token_only(step: Step) -> None:
    """A step acts where the token is AWSPENDING and not yet AWSCURRENT, and nowhere else."""
    for labels, holder in STATES:
        expected = holder[AWSPENDING] == TOKEN and holder[AWSCURRENT] != TOKEN
        assert (verdict_or_conflict(step, labels) is Verdict.ACT) == expected


def test_a_conflict_names_the_version_that_is_pending_and_how_to_free_it() -> None:
    """The message of a conflict has the command that removes AWSPENDING from the version that holds it."""
    for labels, holder in STATES:
        if holder[AWSPENDING] in (None, TOKEN) or holder[AWSCURRENT] == TOKEN:
            continue
        with pytest.raises(LabelConflictError, match=f"--remove-from-version-id {holder[AWSPENDING]}"):
            judge(Step.SET_SECRET, labels, TOKEN)


def test_current_is_the_version_to_rotate_from_or_a_conflict() -> None:
    """There is a version to promote from exactly where one carries AWSCURRENT."""
    for labels, holder in STATES:
        if holder[AWSCURRENT] is None:
            with pytest.raises(LabelConflictError, match="No version of this secret is AWSCURRENT"):
                _ = labels.current
        else:
            assert labels.current == holder[AWSCURRENT]
