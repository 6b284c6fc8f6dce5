"""The staging labels, over the whole space of states in which a step can find them."""

from collections.abc import Iterator
from itertools import product

import pytest

from secret_rotation.errors import LabelConflictError
from secret_rotation.labels import AWSCURRENT, AWSPENDING, AWSPREVIOUS, Labels, Verdict, judge
from secret_rotation.request import Step

ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:app-AbCdEf"
TOKEN = "token"
VERSIONS = (TOKEN, "other", "third", None)  # where a label can be; None: on no version
STAGES = (AWSCURRENT, AWSPENDING, AWSPREVIOUS)


def every_state() -> Iterator[tuple[Labels, dict[str, str | None]]]:
    """Every way to place three labels on three versions or none, the token with a label of its own or without."""
    for *places, custom in product(*[VERSIONS] * len(STAGES), [None, TOKEN]):
        holder = dict(zip(STAGES, places, strict=True))
        all_labels = {**holder, "my-label": custom}
        versions = {version for version in all_labels.values() if version is not None}
        stages = {of: frozenset(label for label, version in all_labels.items() if version == of) for of in versions}
        yield Labels(ARN, stages), holder


STATES = list(every_state())


def verdict_or_conflict(step: Step, labels: Labels) -> Verdict | None:
    """The verdict, or None for a conflict."""
    try:
        return judge(step, labels, TOKEN)
    except LabelConflictError:
        return None


def test_the_space_of_states_is_whole() -> None:
    """Three labels on four places each, with and without a label of the user's own, are 128 different states."""
    assert len({frozenset(labels.stages_by_version.items()) for labels, _ in STATES}) == 128


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
        command = f"--secret-id {ARN} .* --remove-from-version-id {holder[AWSPENDING]}"
        with pytest.raises(LabelConflictError, match=command):
            judge(Step.SET_SECRET, labels, TOKEN)


def test_current_is_the_version_to_rotate_from_or_a_conflict() -> None:
    """There is a version to promote from exactly where one carries AWSCURRENT."""
    for labels, holder in STATES:
        if holder[AWSCURRENT] is None:
            with pytest.raises(LabelConflictError, match=f"No version of {ARN} is AWSCURRENT"):
                _ = labels.current
        else:
            assert labels.current == holder[AWSCURRENT]
