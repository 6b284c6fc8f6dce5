"""Find out which version of a secret logs in, in an order and a number of tries that lock no account.

Order and limit are those of a rotation function, so that where nothing logs in here, one would find nothing either
(docs/decisions/0007-order-of-logins.md). No password is tried twice, and none of a user's once one of them logs in.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from rotationctl.local.database import Database, UnusableError, database_of
from rotationctl.local.option import Local
from rotationctl.local.values import NoValueError, Values
from rotationctl.logins import Login, Logins
from rotationctl.secret import Secret
from rotationctl.text import printable
from rotationctl.versions import Version
from secret_rotation.credentials import Credentials
from secret_rotation.engine import MAX_REJECTED_LOGINS
from secret_rotation.errors import DatabaseError, LoginRejectedError, RotationError
from secret_rotation.labels import AWSPREVIOUS
from secret_rotation.password import Password

MAX_VERSIONS = 10
"""So many are read at most: only the last few can hold the password that is set."""


def candidates(secret: Secret, versions: Sequence[Version]) -> list[str]:
    """The versions that may log in, in the order in which a rotation function tries them.

    AWSCURRENT, AWSPENDING, what was made since AWSCURRENT and has no label, AWSPREVIOUS, and what is older.
    """
    created = {version.version_id: version.created for version in versions}
    since = created.get(secret.current or "")
    unlabelled = [version for version in versions if not version.labels and version.created]
    newer = [v.version_id for v in unlabelled if since is None or (v.created and v.created >= since)]
    older = [v.version_id for v in versions if v.version_id not in newer]
    first = (secret.current, secret.pending, *newer, secret.labels.holder(AWSPREVIOUS), *older)
    return [version for version in dict.fromkeys(first) if version]


def probe(values: Values, versions: Sequence[Version], local: Local) -> Logins:
    """Try the versions of a secret, as far as may be.

    Raises:
        Failure: a driver is missing.
        ClientError: a value may not be read.
    """
    return _Probe(values, local).run(candidates(values.secret, versions))


@dataclass(slots=True)
class _Probe:
    values: Values
    local: Local
    outcomes: dict[str, Login] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    attempts: dict[tuple[str, Password], Login] = field(default_factory=dict)
    database: Database | None = None
    place: Credentials | None = None

    def run(self, version_ids: Sequence[str]) -> Logins:
        for version_id, database, credentials in self._read(version_ids[:MAX_VERSIONS]):
            self.outcomes[version_id] = self._outcome(database, credentials)
            if self.outcomes[version_id] is Login.UNKNOWN:
                break
        rejected = sum(login is Login.REJECTED for login in self.attempts.values())
        return Logins(dict(self.outcomes), self.remarks, rejected)

    def _read(self, version_ids: Iterable[str]) -> Iterator[tuple[str, Database, Credentials]]:
        """The versions that could log in; of all others it is noted why they cannot."""
        for version_id in version_ids:
            name = self.values.name(version_id)
            try:
                text = self.values.text(version_id)
                self.database = self.database or database_of(text, name, self.local)
                credentials = self.database.read(text, name)
            except NoValueError:
                self.outcomes[version_id] = Login.EMPTY
            except UnusableError as error:
                self._unusable(version_id, str(error))
            else:
                self.place = self.place or credentials
                if credentials.same_server(self.place):
                    yield version_id, self.database, credentials
                else:
                    self._unusable(version_id, f"{name} is for another server, and was not tried.")

    def _unusable(self, version_id: str, remark: str) -> None:
        self.outcomes[version_id] = Login.UNUSABLE
        self.remarks.append(remark)

    def _outcome(self, database: Database, credentials: Credentials) -> Login:
        attempt = (credentials.username, credentials.password)
        if attempt not in self.attempts:
            if not self._may_try(credentials.username):
                return Login.NOT_TRIED
            self.attempts[attempt] = self._log_in(database, credentials)
        return self.attempts[attempt]

    def _may_try(self, username: str) -> bool:
        logs_in = any(user == username and login is Login.ACCEPTED for (user, _), login in self.attempts.items())
        rejected = sum(login is Login.REJECTED for login in self.attempts.values())
        return not logs_in and rejected < MAX_REJECTED_LOGINS

    def _log_in(self, database: Database, credentials: Credentials) -> Login:
        try:
            with database.connect(credentials) as session:
                session.verify_account()
        except LoginRejectedError:
            return Login.REJECTED
        except (DatabaseError, RotationError) as error:
            self.remarks.append(printable(str(error)))
            return Login.UNKNOWN
        return Login.ACCEPTED
