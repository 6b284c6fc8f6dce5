"""The four steps of a rotation.

    createSecret  DescribeSecret -> judge -> AWSCURRENT -> checks -> new password -> PutSecretValue AWSPENDING
    setSecret     AWSPENDING, AWSCURRENT (, superuser's secret) -> checks -> strategy -> database
                  (-> UpdateSecretVersionStage, if PROMOTE_EARLY)
    testSecret    AWSPENDING (, AWSCURRENT) -> database; in a dry run checks and strategy, too, and nothing changes
    finishSecret  DescribeSecret -> judge -> UpdateSecretVersionStage

Every step may run any number of times, in any state that an earlier, partial run left.
Source: Secrets Manager User Guide, "Lambda rotation functions".
"""

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from secret_rotation import dry_run, old_password
from secret_rotation.arrival import Arrival
from secret_rotation.commands import put_secret_value
from secret_rotation.credentials import Credentials, refuse_proxy, secret_name
from secret_rotation.errors import LabelConflictError, LoginRejectedError, SecretStoreError, StatementFailedError
from secret_rotation.groundwork import Groundwork
from secret_rotation.labels import AWSPENDING, Labels, Verdict, judge
from secret_rotation.reader import Current
from secret_rotation.request import Step
from secret_rotation.strategy import PasswordChange

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Rotation:
    """One invocation: one step of the rotation of one secret.

    Attributes:
        has_discarded: whether finishSecret has ended the password that setSecret kept.
    """

    ground: Groundwork
    has_discarded: bool = field(default=False, init=False)

    def run(self) -> Verdict:
        """Do the step that was asked for, or find it done.

        Raises:
            RotationError: the step stopped; the message says what happened and what to do.
        """
        steps = {
            Step.CREATE_SECRET: self._create_secret,
            Step.SET_SECRET: self._set_secret,
            Step.TEST_SECRET: self._test_secret,
            Step.FINISH_SECRET: self._finish_secret,
        }
        try:
            verdict = steps[self.ground.request.step]()
        except StatementFailedError as error:
            if error.refuses_password:
                error.told(after=f" To have a new password drawn: {self.ground.anew()}")
            raise
        if self.ground.request.step is not Step.TEST_SECRET:
            self.ground.parts.begun.add(self.ground.request)
        return verdict

    def _create_secret(self) -> Verdict:
        """Store a new password as AWSPENDING, once everything is checked that the secret alone can tell."""
        found = self.ground.reader.current_to_act_on()
        if found is None:
            return Verdict.ALREADY_DONE
        current = found.credentials
        self.ground.check(current)
        if self.ground.put_pending(self.ground.successor(current)):
            return Verdict.ACT
        stored = self.ground.reader.pending()
        if stored is not None:
            self.ground.refuse_copy(self.ground.reader.credentials(stored, AWSPENDING), current)
        _log.info("AWSPENDING has a value from an earlier delivery of createSecret; it stays.")
        return Verdict.ALREADY_DONE

    def _set_secret(self) -> Verdict:
        """Make the password of AWSPENDING the database's."""
        labels_read_at = self.ground.patience.monotonic()
        stored = self.ground.reader.pending()
        if stored is None:
            return Verdict.ALREADY_DONE
        pending = self.ground.reader.credentials(stored, AWSPENDING)
        found = self._current_before(pending)
        if found is None:
            return Verdict.ALREADY_DONE
        current = found.credentials
        self.ground.check(current)
        self.ground.require_successor(pending, current)
        change = self.ground.change(current, pending, secret_name(stored.arn), labels_read_at)
        if self._promotes_early(change):
            change = replace(change, promote=lambda: self._promote_early(found))
        self.ground.strategy.set_password(change)
        return Verdict.ACT

    def _test_secret(self) -> Verdict:
        """Log in with AWSPENDING; where it is a copy of AWSCURRENT, do the dry run of a whole rotation."""
        promoted = self.ground.reader.promoted() if self.ground.promotes_early else None
        if promoted is not None:
            self._test_login(promoted, self.ground.reader.previous, f" {self._without_former_password(promoted)}")
            return Verdict.ACT
        stored = self.ground.reader.pending()
        if stored is None:
            return Verdict.ALREADY_DONE
        pending = dry_run.tested(self.ground, stored)
        current = dry_run.copied(self.ground, pending)
        if current is not None:
            dry_run.dry_run(self.ground, current, stored.arn)
            return Verdict.ACT
        refuse_proxy(pending)
        remedy = f" If AWSCURRENT does log in, have a new password drawn: {self.ground.anew()}"
        self._test_login(pending, lambda: self.ground.reader.current().credentials, remedy)
        return Verdict.ACT

    def _finish_secret(self) -> Verdict:
        """Move AWSCURRENT to the token, then end the old password where the deployer wants it gone."""
        labels_read_at = self.ground.patience.monotonic()
        verdict, labels = self.ground.reader.settled(self._promote)
        # The next rotation waits for the first delivery to end, but for no repeat of it.
        began_at = labels_read_at if verdict is Verdict.ACT else -math.inf
        self.has_discarded = old_password.discard(self.ground, labels, began_at)
        return verdict

    def _current_before(self, pending: Credentials) -> Current | None:
        """AWSCURRENT as it is before this rotation; None where the rotation is finished already.

        Where AWSPENDING does not follow on AWSCURRENT, the labels may have moved between the two reads, or one of them
        was behind: AWSCURRENT is read anew.
        """
        found = self.ground.reader.current()
        current = found.credentials
        if pending.username == self.ground.strategy.pending_username(current) and not pending.same_login(current):
            return found
        return self.ground.reader.current_to_act_on()

    def _test_login(self, user: Credentials, former: Callable[[], Credentials], remedy: str) -> None:
        try:
            Arrival(self.ground.connect, former, self.ground.deadline, self.ground.patience).test(user)
        except LoginRejectedError as error:
            error.told(after=remedy)
            raise

    def _without_former_password(self, promoted: Credentials) -> str:
        """What to do where setSecret has moved AWSCURRENT, and the login with it is rejected."""
        return (
            f"{promoted.secret} is this rotation's version already (PROMOTE_EARLY), and the password before it has "
            "ended. If somebody has changed the password since setSecret, set the database's password to the one in "
            "AWSCURRENT, or write the secret's JSON with the password that works into the file secret.json, then run "
            f"{put_secret_value(self.ground.request.secret_arn)}"
        )

    def _promotes_early(self, change: PasswordChange) -> bool:
        """Whether the password of AWSCURRENT ends at the secret's host in the moment in which setSecret changes it.

        Where the superuser changes it at another host, the secret's own may be a replica, and know it later.
        """
        is_elsewhere = change.superuser is not None and not change.current.same_server(change.superuser.credentials)
        return self.ground.promotes_early and not is_elsewhere

    def _promote_early(self, current: Current) -> None:
        """Move AWSCURRENT off the version that it is on; where that fails, finishSecret moves it as always."""
        try:
            self.ground.promote(current.version_id)
        except (SecretStoreError, LabelConflictError) as error:
            _log.warning(
                "AWSCURRENT was not moved yet. Unless finishSecret fails, too, nothing is to be done. %s", error
            )

    def _promote(self) -> tuple[Verdict, Labels]:
        """Read and decide anew each time: an overlapping delivery may have been faster."""
        labels = self.ground.reader.labels()
        verdict = judge(self.ground.request.step, labels, self.ground.request.token)
        if verdict is Verdict.ACT:
            self.ground.promote(labels.current)
        return verdict, labels
