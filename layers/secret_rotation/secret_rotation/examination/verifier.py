"""The login of one secret between rotations: once as AWSCURRENT, and never where it might do harm."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from secret_rotation.credentials import Credentials
from secret_rotation.deadline import Deadline, Work
from secret_rotation.defects import foreseen
from secret_rotation.errors import (
    DatabaseError,
    LoginRefusedError,
    LoginRejectedError,
    RotationError,
    UnsafeRotationError,
    VersionUnavailableError,
)
from secret_rotation.examination.parts import Parts
from secret_rotation.examination.verification import Outcome, Reason, Verification, account_of, place_of
from secret_rotation.examiner import Examiner
from secret_rotation.labels import AWSCURRENT, AWSPREVIOUS
from secret_rotation.store import Listed, StoredVersion

SECONDS = 60.0
"""For one secret: its login takes up to 47, as it may have to wake a cluster that was paused."""

_SILENT_AFTER_SECONDS = 5.0
"""What fails sooner may be this user's alone, as a limit of its connections."""

_ROTATING = "Version {version} is AWSPENDING: until its rotation is complete, AWSCURRENT may be refused."
_REJECTED_BEFORE = (
    "The server rejected this very version before. It is not tried again, since servers lock accounts: put the "
    "password that works into the secret, or set the one in AWSCURRENT, and rotate."
)
_ACCOUNT_REJECTED = (
    "{account} was rejected with another secret, {secret}. Nothing was tried with this one, since servers count the "
    "rejected logins of an account, and lock it: mend that secret first, or have this one checked: rotationctl check."
)
_HOST_CHANGED = (
    "The secret names {place}, and was last verified at {known}. Nothing was sent there. If that is meant, rotate the "
    "secret, or have the doctor check it: rotationctl check."
)
_SAME_SERVER = "{place} did not answer for another secret a moment ago."


@dataclass
class Verifier:
    """Verifies one secret after the other.

    Attributes:
        rejected: the accounts of whom a secret's password is rejected, each with that secret.
        silent: the places that did not answer in this round: nobody waits for them twice.
    """

    parts: Parts
    now: Callable[[], datetime]
    remaining_seconds: Callable[[], float]
    rejected: dict[str, str] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)

    def verify(self, secret: Listed, last: Verification | None) -> Verification:
        """Log in once, if it is safe to."""
        line = Verification(
            secret=secret.arn,
            at=self.now(),
            outcome=Outcome.UNCHECKED,
            reason=None,
            version=None,
            place=last.place if last else None,
            rejected=last.rejected if last else None,
            text="",
            account=last.account if last else None,
        )
        try:
            with foreseen():  # what nobody has foreseen of one secret is not to end the round of all
                return self._verified(secret, line)
        except VersionUnavailableError as error:
            return replace(line, reason=Reason.NO_VALUE, text=str(error))
        except RotationError as error:
            return replace(line, reason=Reason.UNREADABLE, text=str(error))

    def _verified(self, secret: Listed, line: Verification) -> Verification:
        labels = self.parts.store.describe(secret.arn).labels
        line = replace(line, version=labels.holder(AWSCURRENT))
        if labels.unfinished is not None:
            return replace(line, reason=Reason.ROTATING, text=_ROTATING.format(version=labels.unfinished))
        stored = self.parts.store.read(secret.arn, stage=AWSCURRENT)
        line = replace(line, version=stored.version_id)
        if line.rejected == stored.version_id:  # which is what would be tried: labels that were read may be others
            return replace(line, reason=Reason.REJECTED_BEFORE, text=_REJECTED_BEFORE)
        line = replace(line, rejected=None)
        examiner, user = self.parts.read(stored, AWSCURRENT)
        place, line = place_of(user), replace(line, account=account_of(user))
        known = self._known_place(secret, stored, place, line.place)
        if known is not None and known != place:
            text = _HOST_CHANGED.format(place=place, known=known)
            return replace(line, reason=Reason.HOST_CHANGED, place=known, text=text)
        others = self.rejected.get(account_of(user), secret.arn)
        if others != secret.arn:
            text = _ACCOUNT_REJECTED.format(account=account_of(user), secret=others)
            return replace(line, reason=Reason.ACCOUNT_REJECTED, text=text)
        return self._logged_in(stored, examiner, user, line)

    def _known_place(self, secret: Listed, stored: StoredVersion, place: str, remembered: str | None) -> str | None:
        """Where this secret's password has been sent before.

        Returns:
            The place itself where a rotation has used it with this version; None where nobody knows.
        """
        if secret.last_rotated is None or remembered == place:
            return remembered
        is_rotated = stored.created <= secret.last_rotated
        if remembered is not None and not is_rotated:
            return remembered
        # A rotation keeps the place. A version that only was there before the last one, and has got the label by hand,
        # follows on one of another place, as does a value that somebody has put since.
        previous = self.parts.store.read(secret.arn, stage=AWSPREVIOUS)
        before = place_of(self.parts.read(previous, AWSPREVIOUS)[1])
        return place if is_rotated and before == place else remembered or before

    def _logged_in(
        self, stored: StoredVersion, examiner: Examiner, user: Credentials, line: Verification
    ) -> Verification:
        place = place_of(user)
        if place in self.silent:
            return replace(line, outcome=Outcome.UNREACHABLE, text=_SAME_SERVER.format(place=place))
        started = time.monotonic()
        end = started + SECONDS
        deadline = Deadline(lambda: min(end - time.monotonic(), self.remaining_seconds()), Work.ROUND)
        try:
            with examiner.connect(user, deadline) as session:
                session.verify_identity()
        except LoginRejectedError as error:
            line = replace(line, place=place, rejected=stored.version_id, text=str(error))
            if self.parts.has_moved(line.secret, stored.version_id):
                return replace(line, reason=Reason.ROTATING)
            self.rejected[account_of(user)] = line.secret
            return replace(line, outcome=Outcome.OUT_OF_SYNC)
        except (LoginRefusedError, UnsafeRotationError) as error:
            return replace(line, outcome=Outcome.OUT_OF_SYNC, place=place, text=str(error))
        except DatabaseError as error:
            if time.monotonic() - started > _SILENT_AFTER_SECONDS:
                self.silent.add(place)
            return replace(line, outcome=Outcome.UNREACHABLE, text=str(error))
        return replace(line, outcome=Outcome.HEALTHY, place=place, text=f"AWSCURRENT logs in as {user.username}.")
