"""MySQL as the doctor looks at it: with what every user may see of its own account.

Of other accounts, of its pair and of their record a user sees nothing: that is for the superuser, in a dry run.
"""

import re
import socket
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from typing import Self

from secret_rotation.commands import dry_run
from secret_rotation.credentials import Credentials
from secret_rotation.deadline import Deadline
from secret_rotation.doctor.findings import Finding, Result
from secret_rotation.engines.mysql.accounts import rights_of_session
from secret_rotation.engines.mysql.connection import Connection
from secret_rotation.engines.mysql.engine import MySQL
from secret_rotation.engines.mysql.login import log_in
from secret_rotation.engines.mysql.own_sessions import address_in
from secret_rotation.engines.mysql.passwords import RETAIN_SINCE
from secret_rotation.engines.mysql.privileges import KEEP_OLD_PASSWORD
from secret_rotation.engines.mysql.remedies import PASSWORD, hosts_of
from secret_rotation.engines.mysql.rights import GLOBAL, Right
from secret_rotation.engines.mysql.session import MySQLSession
from secret_rotation.engines.mysql.sql import Sql, literal
from secret_rotation.engines.mysql.wire import begin_tls
from secret_rotation.errors import PermissionDeniedError
from secret_rotation.examiner import Attendance, OpenSessions, Subject
from secret_rotation.settings import Settings
from secret_rotation.tls import Trust

_KEEPS_OLD = frozenset({Right("APPLICATION_PASSWORD_ADMIN", GLOBAL), Right("CREATE USER", GLOBAL)})
_SEES_ALL_SESSIONS = Right("PROCESS", GLOBAL)
_MODERN = "caching_sha2_password"
_SOON_DAYS = 40
"""As with PostgreSQL: longer than the month that most schedules take."""
_STRING = re.compile(r"'(?:[^'\\]|\\.|'')*'")
_PLUGIN = re.compile(r" IDENTIFIED WITH '(\w{1,64})'")
_LIFETIME = re.compile(r" PASSWORD EXPIRE (?:(NEVER|DEFAULT)|INTERVAL (\d{1,5}) DAY)")
_DEFAULT_LIFETIME = Sql("SELECT @@GLOBAL.default_password_lifetime")
_SESSIONS = Sql("SELECT USER, HOST FROM information_schema.PROCESSLIST WHERE USER IN ({}) AND ID <> CONNECTION_ID()")
_MAX_GROUPS = 1_000


class MySQLExaminer:
    """MySQL for the doctor. See Examiner."""

    def __init__(self, engine: MySQL, trust: Trust) -> None:
        self.engine = engine
        self._trust = trust

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """The engine as the deployer set it up."""
        return cls(MySQL.from_settings(settings), Trust.of(settings.ca_bundle))

    def begin_tls(self, connection: socket.socket, user: Credentials, end: float) -> None:
        """Wait for the greeting, and ask for TLS. See Examiner.

        Raises:
            DatabaseUnreachableError: there is none, or it is not MySQL.
        """
        begin_tls(connection, user, end)

    @contextmanager
    def connect(self, credentials: Credentials, deadline: Deadline) -> Iterator["ExaminedMySQL"]:
        """Log in as a user of a secret. See Engine."""
        with closing(log_in(credentials, deadline, self._trust)) as connection:
            yield ExaminedMySQL(connection)


class ExaminedMySQL(MySQLSession):
    """A session that looks at its own account."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._user = connection.credentials

    def checks(self, subject: Subject) -> Mapping[str, Callable[[], Finding]]:
        """The checks of an account, by name. See ExaminedSession."""
        found: dict[str, Callable[[], Finding]] = {
            "grants.password": self._password,
            "grants.old_password": self._old_password,
            "grants.verifier": self._verifier,
            "grants.expiry": self._expiry,
            "grants.accounts": self._accounts,
        }
        if subject.pair is not None:
            for name in ("pair.users", "pair.record"):
                text = "Only the superuser may see the accounts of others: the dry run does."
                found[name] = partial(Finding, name, Result.SKIPPED, text, dry_run(subject.secret_arn))
        return found

    def attendance(self, usernames: Iterable[str]) -> Attendance:
        """Who is logged in. See ExaminedSession."""
        names = list(dict.fromkeys(usernames))
        rows = self._connection.run(_SESSIONS.format(Sql(", ").join(map(literal, names))))
        groups = Counter((str(user), address_in(str(host))) for user, host in rows)
        sessions = [OpenSessions(*group, count) for group, count in groups.most_common(_MAX_GROUPS)]
        sees_all = _SEES_ALL_SESSIONS in rights_of_session(self._connection).held
        return Attendance(sessions, [] if sees_all else [name for name in names if name != self._user.username])

    def _password(self) -> Finding:
        self.check_own_change()
        return Finding("grants.password", Result.OK, f"{self.account()} may set its own password.")

    def _old_password(self) -> Finding:
        name, account = "grants.old_password", self._connection.account()
        if self._connection.version < RETAIN_SINCE:
            return Finding(name, Result.WARNING, "MySQL before 8.0.14 keeps no old password. " + _GAP)
        if _KEEPS_OLD & rights_of_session(self._connection).held:
            return Finding(name, Result.OK, f"{account} may keep its old password beside the new one.")
        remedy = f"{KEEP_OLD_PASSWORD.to(account).typed()};"
        return Finding(name, Result.WARNING, f"{account} may not keep its old password. {_GAP}", remedy)

    def _verifier(self) -> Finding:
        name, account = "grants.verifier", self._connection.account()
        found = _PLUGIN.match(self._definition())
        if found is None:
            return Finding(name, Result.SKIPPED, "The server did not say by what it knows the password.")
        if found[1] == _MODERN:
            return Finding(name, Result.OK, f"The server keeps it by {_MODERN}.")
        statement = Sql(f"ALTER USER {{}} IDENTIFIED WITH {_MODERN} BY {{}}").format(account, PASSWORD)
        return Finding(
            name, Result.WARNING, f"The server keeps it by {found[1]}. {_OLD_PLUGIN}", f"{statement.typed()};"
        )

    def _expiry(self) -> Finding:
        name, account = "grants.expiry", self._connection.account()
        found = _LIFETIME.search(self._definition())
        if found is None:
            return Finding(name, Result.SKIPPED, "The server did not say when the password ends.")
        days = 0 if found[1] == "NEVER" else int(found[2] or self._connection.value(_DEFAULT_LIFETIME, int))
        if 0 < days <= _SOON_DAYS:
            text = f"A password of {account} expires {days} days after it was set: rotate more often than that."
            return Finding(
                name, Result.WARNING, text, f"{Sql('ALTER USER {} PASSWORD EXPIRE NEVER').format(account).typed()};"
            )
        return Finding(name, Result.OK, f"It expires {days} days after it was set." if days else "It never expires.")

    def _accounts(self) -> Finding:
        name, account, user = "grants.accounts", self._connection.account(), self._user.username
        try:
            rows = self._connection.run(Sql("SELECT Host FROM mysql.user WHERE User = {} ORDER BY Host").format(user))
        except PermissionDeniedError:
            text = (
                f"The login is account {account}. Only an administrator may see whether there are others of this name:"
            )
            return Finding(name, Result.SKIPPED, text, hosts_of(user))
        if len(rows) == 1 or self._user.superuser_arn is not None:
            return Finding(name, Result.OK, f"There are {len(rows)} accounts of {user}; the login is {account}.")
        return Finding(name, Result.WARNING, f"The login is account {account}. {_OTHERS.format(count=len(rows) - 1)}")

    def _definition(self) -> str:
        """What creates this account, without its name and without any string in it but the plugin's name.

        No hash is in it: that takes a right which this needs not. Source: Reference Manual, SHOW CREATE USER.
        """
        text = self._connection.value(Sql("SHOW CREATE USER CURRENT_USER()"), str)
        prefix = f"CREATE USER {self._connection.account()}"
        rest = text.removeprefix(prefix) if text.startswith(prefix) else ""
        plugin = _PLUGIN.match(rest)
        return rest[: plugin.end()] + _STRING.sub("''", rest[plugin.end() :]) if plugin else ""


_GAP = "With single user, AWSCURRENT is refused from setSecret to finishSecret."
_OLD_PLUGIN = (
    "MySQL 9 has mysql_native_password no more, and sha256_password is to go. This gives it another one with the same "
    "password; a second password that it may have ends:"
)
_OTHERS = (
    "{count} more accounts have this name, and a rotation leaves them alone: AWSCURRENT may not log in from other "
    "hosts. With a masterarn in the secret, the superuser sets those that have its password."
)
