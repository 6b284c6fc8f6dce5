"""The right of one rotation, among all that may run at once, to change the password of a user.

A step that was overtaken (it hung, its AWSPENDING was cleared, the next rotation came past it) would change a password
on behalf of a label that has moved, and lock AWSCURRENT out. So the labels count only once a lock in the database is
held (docs/decisions/0015-one-rotation-of-a-user-at-a-time.md).
"""

from collections.abc import Callable
from dataclasses import dataclass

from secret_rotation.engine import Session
from secret_rotation.patience import Patience


@dataclass(frozen=True, slots=True)
class Claim:
    """What a step asks before it changes a password: may I still?

    Attributes:
        labels_read_at: when the labels allowed the change, by the clock of `patience`.
        confirm: reads the labels anew. It is False where nothing is left to do, and raises what `take` raises for it.
        patience: how long the labels count as read just now.
    """

    labels_read_at: float
    confirm: Callable[[], bool]
    patience: Patience

    def take(self, session: Session, username: str) -> bool:
        """Keep all other rotations away from a user until the session ends, and look whether a change is still allowed.

        The labels are read again only where another rotation may have come past: this one had to wait for the lock, or
        some time has gone by since they were read. Most steps never wait, and are faster than that.

        Returns:
            Whether the password may be changed. Where it may not, nothing is left to do.

        Raises:
            LabelConflictError: the labels have moved; nothing was changed.
            InvalidSecretError: rotation was turned off meanwhile, or a value is malformed by now.
            SecretStoreError: the labels cannot be read.
            StatementFailedError: another rotation of this user holds the lock.
        """
        had_to_wait = session.lock(username)
        is_fresh = self.patience.monotonic() - self.labels_read_at < self.patience.fresh_seconds
        return (is_fresh and not had_to_wait) or self.confirm()
