"""Drift of passwords and versions: what the next rotation heals by itself, and how exactly it says what it cannot."""

from collections.abc import Mapping

import pytest

from tests.fixtures.databases import ApplicationUser
from tests.fixtures.rotation import STEPS, Application
from tests.rotation.conftest import every_pairing, in_turn
from tests.rotation.faulted import heals, keeps_its_promises, reach, rotates, stopped

BY_HAND = "set-by-hand"


def cannot(application: Application, *patterns: str) -> None:
    """Check that the next rotation stops, without a password that logs in, with these words; its label goes again."""
    message = application.refusal("LoginRejectedError")
    assert [pattern for pattern in patterns if pattern not in message] == [], message
    application.secret.remove_pending()


@every_pairing
def test_every_password_changed_by_hand(application: Application) -> None:
    """No version logs in any more: the error says so, and one right password put into the secret is all it takes."""
    rotates(application)
    current, _ = application.credentials()
    for username in {current, application.credentials("AWSPREVIOUS")[0]}:
        application.user.set_password(BY_HAND, username)
    cannot(application, f"AWSCURRENT ({current}): rejected", "AWSPENDING", "put-secret-value")
    assert application.user.can_log_in(current, BY_HAND)
    application.secret.change(password=BY_HAND)
    rotates(application)


def test_the_other_users_password_changed_by_hand(application: Application) -> None:
    """Alternating users: the password of the one whose turn comes is set anew, whatever it was."""
    for _ in range(2):
        rotates(application)
        application.user.set_password(BY_HAND, application.credentials("AWSPREVIOUS")[0])
    rotates(application)
    assert not application.user.can_log_in(application.credentials()[0], BY_HAND)


@every_pairing
@pytest.mark.parametrize("reached", range(1, 4))
def test_a_value_put_in_the_middle(application: Application, reached: int) -> None:
    """A value put by hand between two steps abandons the rotation: its next step is refused, the next one heals."""
    rotates(application)
    current = application.secret.value()
    token = reach(application, STEPS[reached])
    application.secret.put({**current, "note": "put by hand"})
    outcome = application.step(STEPS[reached], token)
    assert outcome.error_type == "LabelConflictError", outcome
    assert "rotate-secret" in str(outcome.error_message)
    in_the_gap = reached > 1 and not application.logs_in()
    assert not in_the_gap or application.secret.value()["username"] == application.user.username
    rotates(application)
    assert application.secret.value()["note"] == "put by hand"


@in_turn("reached, by_hand", {"created": 1, "set": 2, "tested": 3}, {"password": BY_HAND})
def test_a_password_set_in_the_middle(application: Application, reached: int, by_hand: str) -> None:
    """The same where the operator has set the password in the database too: it stays AWSCURRENT's, and logs in."""
    rotates(application)
    current = application.secret.value()
    token = reach(application, STEPS[reached])
    application.user.set_password(by_hand, current["username"])
    application.secret.put({**current, "password": by_hand})
    for step in STEPS[reached:]:
        stopped(application, application.step(step, token), "LabelConflictError", "rotate-secret")
    assert application.works()
    rotates(application)


def rotate_and_remember(application: Application, times: int) -> list[dict[str, str]]:
    """The passwords of all users, as they were before each of so many rotations."""
    snapshots = [dict([application.credentials()])]
    for _ in range(times):
        rotates(application)
        snapshots.append({**snapshots[-1], **dict([application.credentials()])})
    return snapshots[:-1]


def restore(user: ApplicationUser, snapshot: Mapping[str, str]) -> None:
    """Give every user the password that it had then."""
    for username, password in snapshot.items():
        user.set_password(password, username)


@every_pairing
@pytest.mark.parametrize("rotations_ago", [1, 2])
def test_a_database_restored_from_a_snapshot(application: Application, rotations_ago: int) -> None:
    """Every password is what it was one or two rotations ago: a version that was superseded since leads back."""
    snapshots = rotate_and_remember(application, 4)
    restore(application.user, snapshots[-rotations_ago])
    rotates(application, 2)


@every_pairing
def test_a_database_restored_from_an_old_snapshot(application: Application) -> None:
    """A snapshot that is older than four logins reach: the error says which versions were tried, and why no more."""
    user = application.user
    snapshots = rotate_and_remember(application, 6)
    restore(user, snapshots[0] | {name: BY_HAND for name in snapshots[-1] if name not in snapshots[0]})
    cannot(application, "AWSPREVIOUS", "version ", "4 at most, because servers lock accounts", "put-secret-value")
    assert user.rejected_logins() == 4
    application.secret.change(username=user.username, password=user.password)
    rotates(application)


def move_current_back(application: Application, rotations: int) -> str:
    """Rotate three times, then move AWSCURRENT back by so many; the version that it was moved from."""
    versions = [application.secret.version_with("AWSCURRENT")]
    for _ in range(3):
        rotates(application)
        versions.append(application.secret.version_with("AWSCURRENT"))
    application.secret.client.update_secret_version_stage(
        SecretId=application.secret.arn,
        VersionStage="AWSCURRENT",
        MoveToVersionId=str(versions[-1 - rotations]),
        RemoveFromVersionId=str(versions[-1]),
    )
    return str(versions[-1])


@every_pairing
@pytest.mark.parametrize("rotations", [1, 2])
def test_a_secret_restored_to_an_older_version(application: Application, rotations: int) -> None:
    """AWSCURRENT moved back by hand: what it was moved from still logs in, and carries the next rotation."""
    variations = application.secret.cloud.variations
    variations.pending_leaves_with_current = True
    move_current_back(application, rotations)
    rotates(application, 2)


@every_pairing
@pytest.mark.parametrize("rotations", [1, 2])
def test_a_restored_secret_whose_last_rotation_is_reattempted(application: Application, rotations: int) -> None:
    """Where AWSPENDING had stayed, the service runs that rotation again: it promotes it again, or says what to do."""
    token = move_current_back(application, rotations)
    assert "AWSPENDING" in application.secret.labels()[token]
    outcome = application.steps(token, "createSecret", "setSecret")
    if outcome.failed:  # alternating users: two versions back is the same user again
        assert outcome.error_type == "UnsafeRotationError", outcome
        assert f"--remove-from-version-id {token}" in str(outcome.error_message)
        application.secret.remove_pending()
    else:
        heals(application, token)


@every_pairing
@pytest.mark.parametrize("restored", [False, True])
def test_a_previous_version_without_its_label(application: Application, restored: bool) -> None:
    """AWSPREVIOUS taken away: nobody misses it, and where the database was restored its version is still found."""
    snapshots = rotate_and_remember(application, 2)
    application.secret.client.update_secret_version_stage(
        SecretId=application.secret.arn,
        VersionStage="AWSPREVIOUS",
        RemoveFromVersionId=str(application.secret.version_with("AWSPREVIOUS")),
    )
    if restored:
        restore(application.user, snapshots[-1])
    rotates(application)
    keeps_its_promises(application)
