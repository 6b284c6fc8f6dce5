"""The login with a new password at a replica, which may come to know it later than the writer.

Servers lock accounts after so many rejected logins in a row, and a login that is accepted makes them forget those. So a
user that the former version logs in as, too, does that before each try. Another user has one more try, and no third.

Source: Aurora User Guide, "Replication with Amazon Aurora"; RDS User Guide, "Working with DB instance read replicas".
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass

from secret_rotation.credentials import Credentials
from secret_rotation.deadline import Deadline
from secret_rotation.engine import Session
from secret_rotation.errors import LoginRefusedError, LoginRejectedError, NotReplicatedError, RotationError
from secret_rotation.patience import Patience


@dataclass(frozen=True, slots=True)
class Arrival:
    """Tests a login, and where a replica rejects it, waits for the change to arrive there.

    Attributes:
        connect: logs in.
        former: reads the version that clients had before, as which one logs in to find out whether the server is a
            replica. It is read only after a rejection.
    """

    connect: Callable[[Credentials], AbstractContextManager[Session]]
    former: Callable[[], Credentials]
    deadline: Deadline
    patience: Patience

    def test(self, pending: Credentials) -> None:
        """Log in and run a query.

        Raises:
            LoginRejectedError: the server rejected the login, and is no replica.
            NotReplicatedError: it is a replica, and has gone on rejecting it.
            RotationError: whatever else `Engine.connect` and `Session.verify_identity` raise, and what keeps the former
                version from asking whether it is a replica, such as a denied call or the end of the time.
        """
        try:
            self._log_in(pending)
        except LoginRejectedError:
            asked = self._ask(pending)
            if asked is None:
                raise
            former, progress = asked
        else:
            return
        if not self._arrives(pending, former):
            raise NotReplicatedError(
                f"The new password of {pending.username} of {pending.secret} is set at the writer, and has not been "
                f"replicated yet to {pending.host}:{pending.port}, which is a replica or a reader. {progress} "
                "Secrets Manager tries again by itself. If this comes back, mend the replication, or put the writer's "
                "endpoint into 'host' of the secret."
            )

    def _log_in(self, pending: Credentials) -> None:
        with self.connect(pending) as session:
            session.verify_identity()

    def _ask(self, pending: Credentials) -> tuple[Credentials, str] | None:
        """The former version, and what the server says to it of its replication.

        Returns:
            None where the server is no replica, or lets the former version in as little.
        """
        try:
            former = self.former()
            with self.connect(former) as session:
                progress = session.replication()
        except (LoginRejectedError, LoginRefusedError):
            return None
        except RotationError as error:
            error.told(
                after=f" So it is not known whether {pending.host}:{pending.port}, which rejected {pending.username} "
                f"of {pending.secret}, is a replica that does not know the new password yet."
            )
            raise
        return None if progress is None else (former, progress)

    def _arrives(self, pending: Credentials, former: Credentials) -> bool:
        is_same_user = pending.username == former.username
        for seconds in self.patience.replica_seconds if is_same_user else (self.patience.replica_once_seconds,):
            if not self.deadline.allows(seconds):
                break
            self.patience.sleep(seconds)
            try:
                self._log_in(pending)
            except LoginRejectedError:
                if is_same_user:
                    self._be_forgiven(former)
                continue
            return True
        return False

    def _be_forgiven(self, former: Credentials) -> None:
        """Let the server forget the rejected login. It may have got to know the new password in this very moment."""
        with suppress(LoginRejectedError), self.connect(former):
            pass
