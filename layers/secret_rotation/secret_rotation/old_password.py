"""The end of the password that setSecret kept, where the deployer wants it to end with the rotation."""

import logging

from secret_rotation.claim import Claim
from secret_rotation.errors import SecretStoreError
from secret_rotation.groundwork import Groundwork
from secret_rotation.labels import AWSCURRENT, AWSPENDING, Labels

_log = logging.getLogger(__name__)


def discard(ground: Groundwork, labels: Labels, labels_read_at: float) -> bool:
    """End the old password of AWSCURRENT's user, unless a next rotation is under way, or may be.

    Args:
        ground: of the invocation whose rotation is finished.
        labels: of the secret, once the rotation is finished.
        labels_read_at: before they were read, by the clock of `Patience`.

    Returns:
        Whether it was ended.

    Raises:
        RotationError: a repeat may end it.
    """
    if not (ground.strategy.discards_old_password(ground.parts.engine) and _is_last_rotation(ground, labels)):
        return False
    stored = ground.parts.store.read(ground.request.secret_arn, version_id=ground.request.token)
    user = ground.reader.credentials(stored, AWSCURRENT)
    claim = Claim(labels_read_at, lambda: _is_last_rotation(ground, ground.reader.labels()), ground.patience)
    with ground.connect(user) as session:
        if not claim.take(session, user.username):
            return False
        session.discard_old_password()
    return True


def _is_last_rotation(ground: Groundwork, labels: Labels) -> bool:
    """Whether no next rotation is under way, nor was given up.

    What a next one has set is the primary password, and AWSCURRENT's is the old one, which discarding would end.
    """
    holder = labels.holder(AWSPENDING)
    return holder == ground.request.token or (holder is None and not _has_orphans(ground))


def _has_orphans(ground: Groundwork) -> bool:
    """Whether rotations since AWSCURRENT may have left versions that have lost their label."""
    try:
        orphans, _ = ground.parts.store.unlabelled_versions(ground.request.secret_arn)
    except SecretStoreError as error:
        if error.passes:
            raise
        _log.warning("The old password stays valid: nobody knows whether a rotation was given up. %s", error)
        return True
    return bool(orphans)
