"""PostgreSQL as the doctor looks at it: with what every user may see of its own role, and of its pair."""

import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from typing import Self

from psycopg2.sql import SQL, Literal

from secret_rotation.addresses import addresses
from secret_rotation.commands import secrets_manager
from secret_rotation.credentials import Credentials, secret_name
from secret_rotation.deadline import Deadline
from secret_rotation.doctor.findings import Finding, Result
from secret_rotation.engines.postgresql.connection import Connection
from secret_rotation.engines.postgresql.engine import PostgreSQL
from secret_rotation.engines.postgresql.expiry import EXPIRES_SOON, ends_at, never_expires
from secret_rotation.engines.postgresql.failures import DEFAULT_DATABASE
from secret_rotation.engines.postgresql.login import log_in
from secret_rotation.engines.postgresql.own_sessions import CLIENT_ADDRESS
from secret_rotation.engines.postgresql.passwords import Encryption
from secret_rotation.engines.postgresql.pins import USER_PINS
from secret_rotation.engines.postgresql.refusals import INSUFFICIENT_PRIVILEGE, explain_refusal
from secret_rotation.engines.postgresql.roles import hand_over, holding_of, read_roles
from secret_rotation.engines.postgresql.session import PostgreSQLSession
from secret_rotation.engines.postgresql.sql import quoted
from secret_rotation.engines.postgresql.wire import Asked, asked_of, begin_tls
from secret_rotation.errors import DatabaseUnreachableError
from secret_rotation.examiner import Attendance, OpenSessions, Subject
from secret_rotation.pairs import Pair
from secret_rotation.settings import Settings
from secret_rotation.sockets import dial, with_tls
from secret_rotation.superuser import held_by_another
from secret_rotation.tls import Trust

_PROBE_SECONDS = 5.0
_MAX_GROUPS = 1_000
"""Of sessions, by user and address: more tell nobody anything."""

_NO_OTHER = (
    "PostgreSQL keeps one password for a role: with single user, AWSCURRENT is refused for the moment from setSecret "
    "to finishSecret. With alternating users it never is."
)
_MD5 = (
    "The server keeps an MD5 hash of the password, by which whoever reads it can log in, and later versions of "
    "PostgreSQL take none. A rotation replaces it, unless the function's PASSWORD_ENCRYPTION is md5."
)
_NOT_ON_RECORD = (
    "The database has {pair.original} and {pair.clone} not, or not any more, on record as a pair. The next rotation "
    "goes on only if a version of the secret logs in as the one whose turn it is."
)

_EXPIRY = SQL("SELECT rolvaliduntil::text, {} FROM pg_roles WHERE rolname = session_user").format(EXPIRES_SOON)
_RESTRICTED = SQL("""
    SELECT coalesce(current_setting('rds.restrict_password_commands', true), '') = 'on' AND NOT EXISTS (
        SELECT FROM pg_roles WHERE rolname = 'rds_password' AND pg_has_role(session_user, oid, 'MEMBER'))""")
_SESSIONS = SQL("""
    SET ROLE NONE;
    SELECT usename::text, {}, count(*) FROM pg_stat_activity
    WHERE usename IN ({}) AND pid <> pg_backend_pid() GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT {}""")
"""As the user itself, since a clone acts as the original. Of sessions of a user whose rights this one has not, the
server tells the name, and not the address. Source: PostgreSQL manual, "Viewing Statistics"."""


class PostgreSQLExaminer:
    """PostgreSQL for the doctor. See Examiner."""

    def __init__(self, engine: PostgreSQL, trust: Trust) -> None:
        self.engine = engine
        self._trust = trust

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """The engine as the deployer set it up."""
        return cls(PostgreSQL.from_settings(settings), Trust.of(settings.ca_bundle))

    def begin_tls(self, connection: socket.socket, user: Credentials, end: float) -> None:  # noqa: ARG002
        """Send the request for TLS. See Examiner.

        Raises:
            DatabaseUnreachableError: there is none, or it is not PostgreSQL.
        """
        begin_tls(connection, end)

    @contextmanager
    def connect(self, credentials: Credentials, deadline: Deadline) -> Iterator["ExaminedPostgreSQL"]:
        """Log in as a user of a secret. See Engine."""
        with closing(log_in(credentials, deadline, self._trust, USER_PINS)) as connection:
            yield ExaminedPostgreSQL(connection, credentials, deadline, self._trust)


class ExaminedPostgreSQL(PostgreSQLSession):
    """A session that looks at its own role."""

    def __init__(self, connection: Connection, credentials: Credentials, deadline: Deadline, trust: Trust) -> None:
        super().__init__(connection, credentials, deadline, Encryption.SCRAM)
        self._trust = trust

    def checks(self, subject: Subject) -> Mapping[str, Callable[[], Finding]]:
        """The checks of a role, by name. See ExaminedSession."""
        found: dict[str, Callable[[], Finding]] = {
            "grants.password": self._password,
            "grants.old_password": lambda: Finding("grants.old_password", Result.OK, _NO_OTHER),
            "grants.verifier": lambda: self._verifier(subject.secret_arn),
            "grants.expiry": self._expiry,
            "grants.accounts": lambda: Finding("grants.accounts", Result.OK, "A role is one account."),
        }
        if (pair := subject.pair) is not None:
            found["pair.users"] = lambda: self._pair_users(pair)
            found["pair.record"] = lambda: self._pair_record(pair, secret_name(subject.secret_arn))
        return found

    def attendance(self, usernames: Iterable[str]) -> Attendance:
        """Who is logged in. See ExaminedSession."""
        query = _SESSIONS.format(CLIENT_ADDRESS, SQL(", ").join(map(Literal, usernames)), Literal(_MAX_GROUPS))
        kinds = (str, str | None, int)
        return Attendance([OpenSessions(*row) for row in self.rows(query, "The query of the sessions", *kinds)], [])

    def _password(self) -> Finding:
        name = "grants.password"
        (is_restricted,) = self.row(_RESTRICTED, "The query of who may set passwords", bool)
        if is_restricted:
            return Finding(name, Result.FAILED, explain_refusal(INSUFFICIENT_PRIVILEGE, self.username).strip())
        self.check_own_change()
        return Finding(name, Result.OK, f"{self.account()} may set its own password.")

    def _verifier(self, secret_arn: str) -> Finding:
        name, asked = "grants.verifier", self._asked()
        if asked == Asked.SASL:
            return Finding(name, Result.OK, "The server asks for a proof by SCRAM.")
        if asked == Asked.MD5:
            return Finding(name, Result.WARNING, _MD5, secrets_manager("RotateSecret", secret_arn))
        return Finding(name, Result.SKIPPED, "The server did not say by what it knows the password.")

    def _asked(self) -> int | None:
        """How the server asks this user for its password, on a connection that ends there: nothing of it is sent."""
        user, end = self._credentials, time.monotonic() + _PROBE_SECONDS
        try:
            with ExitStack() as stack:
                found = addresses(user.host, user.port, _PROBE_SECONDS)
                connection = stack.enter_context(dial(found, user.port, end))
                if user.tls:
                    begin_tls(connection, end)
                    context = self._trust.ssl_context(user.certified_name)
                    connection = stack.enter_context(with_tls(connection, context, user.certified_name, end))
                return asked_of(connection, user.username, user.dbname or DEFAULT_DATABASE, end)
        except (OSError, DatabaseUnreachableError):
            return None

    def _expiry(self) -> Finding:
        name, user = "grants.expiry", self.username
        valid_until, is_soon = self.row(_EXPIRY, "The query of VALID UNTIL", str | None, bool)
        if is_soon:
            return Finding(name, Result.WARNING, ends_at(valid_until, user), never_expires(user))
        return Finding(name, Result.OK, f"It is valid until {valid_until or 'infinity'}.")

    def _pair_users(self, pair: Pair) -> Finding:
        name, (original, clone) = "pair.users", read_roles(self, pair)
        if original is None:
            text = f"There is no role {pair.original}, of which {pair.clone} is to be the clone."
            return Finding(name, Result.FAILED, f"{text} If it was renamed, give it its old name.")
        if clone is None:
            return Finding(name, Result.OK, f"There is no {pair.clone} yet: the first rotation makes it.")
        closed = [role.name for role in (original, clone) if not role.may_log_in]
        if closed:
            remedy = " ".join(f"ALTER ROLE {quoted(username)} LOGIN;" for username in closed)
            return Finding(name, Result.FAILED, f"{' and '.join(closed)} may not log in.", remedy)
        return Finding(name, Result.OK, f"{pair.original} and {pair.clone} are there, and may log in.")

    def _pair_record(self, pair: Pair, secret: str) -> Finding:
        name, (original, clone) = "pair.record", read_roles(self, pair)
        holding = holding_of(original, clone)
        if holding is None and clone is None:
            return Finding(name, Result.OK, "There is no record yet: the first rotation makes it with the clone.")
        if holding is None or not holding.is_intact:
            return Finding(name, Result.WARNING, _NOT_ON_RECORD.format(pair=pair))
        if holding.secret != secret:
            return Finding(name, Result.FAILED, held_by_another(pair, holding, secret), hand_over(self, pair, secret))
        return Finding(name, Result.OK, f"The comments of both roles name {secret}.")
