"""What the login shows: whether AWSCURRENT lets its user in, whom it acts as, and who else is there.

AWSCURRENT logs in once, and no version of a user does whose password was rejected a moment ago.
"""

import time
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import cast

from secret_rotation.deadline import Deadline
from secret_rotation.defects import foreseen
from secret_rotation.doctor.findings import Finding, Result
from secret_rotation.errors import LoginRejectedError, RotationError, VersionUnavailableError
from secret_rotation.examination.guarded import guarded
from secret_rotation.examination.parts import Parts
from secret_rotation.examination.reading import Chart
from secret_rotation.examination.verification import Outcome, Verification, account_of, place_of
from secret_rotation.examiner import Attendance, ExaminedSession
from secret_rotation.labels import AWSCURRENT, AWSPENDING, AWSPREVIOUS
from secret_rotation.login_order import Logins
from secret_rotation.older_versions import Version

BY_NAME = {"login.pending": AWSPENDING, "login.previous": AWSPREVIOUS}
"""The checks that cost a login of another version."""
_MAX_TOLD = 5
_WHILE_ROTATING = (
    "But a rotation is under way, or was just now, and AWSCURRENT may be refused meanwhile: check again once it is "
    "done."
)


@dataclass
class Entrance:
    """The logins of one examination.

    Attributes:
        rejected: the names of users whose password was rejected.
        accepted: whether AWSCURRENT was, and its user can work; None where neither that nor a rejection is certain.
        session: that of AWSCURRENT's user, once it is logged in.
    """

    parts: Parts
    chart: Chart
    deadline: Deadline
    rejected: set[str] = field(default_factory=set)
    accepted: bool | None = None
    session: ExaminedSession | None = None

    def log_in(self, stack: ExitStack) -> Iterator[Finding]:
        """The checks of the login; the session stays open until the stack ends."""
        finding, self.session = self._logged_in("login.current", Version(AWSCURRENT, self.chart.user), stack)
        if self.session is None and self.rejected:
            finding = self._explained(finding)
        yield finding
        if self.session is not None:
            identity = guarded("login.identity", partial(self._identity, self.session))
            if identity.result is Result.OK:
                self.accepted = True
            yield identity
            yield guarded("login.sessions", partial(self._sessions, self.session))

    def verification(self, now: datetime) -> Verification | None:
        """The verification that the login is.

        Returns:
            None where it says nothing about the password.
        """
        if self.accepted is None:
            return None
        stored, user = self.chart.stored, self.chart.user
        return Verification(
            secret=stored.arn,
            at=now,
            outcome=Outcome.HEALTHY if self.accepted else Outcome.OUT_OF_SYNC,
            reason=None,
            version=stored.version_id,
            place=place_of(user),
            rejected=None if self.accepted else stored.version_id,
            text=f"AWSCURRENT {'logs in' if self.accepted else 'does not log in'} as {user.username}, in a check.",
            account=account_of(user),
        )

    def by_name(self, asked: Collection[str]) -> Iterator[Finding]:
        """The logins of other versions, as far as they were asked for by name."""
        for name, label in BY_NAME.items():
            if name in asked:
                yield guarded(name, partial(self._other_version, name, label))

    def _logged_in(self, name: str, version: Version, stack: ExitStack) -> tuple[Finding, ExaminedSession | None]:
        """One login; none where the password of this user was rejected already."""
        user, started = version.credentials, time.monotonic()
        if user.username in self.rejected:
            return Finding(name, Result.SKIPPED, f"A password of {user.username} was just rejected."), None
        logins = Logins(lambda credentials: self.chart.examiner.connect(credentials, self.deadline))
        try:
            with foreseen():
                login = stack.enter_context(logins.first_accepted([version]))
        except LoginRejectedError as error:
            self.rejected.add(user.username)
            return Finding(name, Result.FAILED, str(error)), None
        except RotationError as error:
            return Finding(name, Result.FAILED, str(error)), None
        session = cast("ExaminedSession", login.session)  # it is the examiner's
        text = f"It logs in as {session.account()} ({(time.monotonic() - started) * 1000:.0f} ms)."
        return Finding(name, Result.OK, text), session

    def _explained(self, finding: Finding) -> Finding:
        """A rejection of AWSCURRENT, which says nothing where a rotation is under way."""
        stored = self.chart.stored
        if self.parts.has_moved(stored.arn, stored.version_id):
            return replace(finding, text=f"{finding.text} {_WHILE_ROTATING}")
        self.accepted = False
        return finding

    def _other_version(self, name: str, label: str) -> Finding:
        try:
            stored = self.parts.store.read(self.chart.stored.arn, stage=label)
        except VersionUnavailableError:
            return Finding(name, Result.SKIPPED, f"No version is {label}, or it has no value.")
        _, user = self.parts.read(stored, label)
        if place_of(user) != place_of(self.chart.user):
            return Finding(
                name, Result.SKIPPED, f"{label} names another server or another name for it, to which nothing was sent."
            )
        with ExitStack() as stack:
            return self._logged_in(name, Version(label, user), stack)[0]

    def _identity(self, session: ExaminedSession) -> Finding:
        session.verify_identity()
        return Finding("login.identity", Result.OK, f"The session acts as {self.chart.user.username} is meant to.")

    def _sessions(self, session: ExaminedSession) -> Finding:
        seen = session.attendance(self.chart.usernames)
        return Finding("login.sessions", Result.OK, _told(seen))


def _told(seen: Attendance) -> str:
    """Who is logged in, in a sentence."""
    groups = [
        f"{one.count} of {one.username} from {one.address or 'an address that this user may not see'}"
        for one in seen.sessions[:_MAX_TOLD]
    ]
    more = f" and {len(seen.sessions) - _MAX_TOLD} more groups" if len(seen.sessions) > _MAX_TOLD else ""
    unseen = f" Those of {' and '.join(seen.unseen)} this user may not see." if seen.unseen else ""
    return f"Sessions: {'; '.join(groups) or 'none'}{more}.{unseen}"
