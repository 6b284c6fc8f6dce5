"""Who a session acts as, and why that is not who it should be.

A setting `role`, of the user or of the database, makes a login act as another role. PostgreSQL only warns, and lets the
session act as the user itself, where the user may not take that role. Every user may put any name into its own setting.
So nobody is ever told to grant that role: what mends it is to end the setting.
Source: PostgreSQL manual, "ALTER ROLE", "Event Triggers" (from 17 on one can run at login).
"""

from dataclasses import dataclass

from psycopg2.sql import SQL

from secret_rotation.engines.postgresql.expiry import EXPIRES_SOON
from secret_rotation.engines.postgresql.sql import quoted
from secret_rotation.pairs import CLONE_SUFFIX

# The role setting that a login takes, in PostgreSQL's own order of precedence.
IDENTITY = SQL("""
    SELECT session_user, current_user, current_database(), role, is_everybodys, is_in_database,
           rolvaliduntil::text, {}
    FROM (SELECT) AS login LEFT JOIN pg_roles ON rolname = session_user LEFT JOIN (
        SELECT substr(setting, length('role=') + 1), setrole = 0, setdatabase <> 0
        FROM pg_db_role_setting, unnest(setconfig) AS setting
        WHERE setting LIKE 'role=%'
          AND setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = session_user))
          AND setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
        ORDER BY setrole = 0, setdatabase = 0
        LIMIT 1
    ) AS taken (role, is_everybodys, is_in_database) ON true""").format(EXPIRES_SOON)
LOGIN_TRIGGERS = SQL("SELECT evtname FROM pg_event_trigger WHERE evtevent = 'login' AND evtenabled IN ('O', 'A')")

IGNORES_ROLES = frozenset({130_017, 140_014, 150_009, 160_005, 170_001})
"""The versions that take no role at login from any setting, nor from the login's own options.

Source: release notes of PostgreSQL 13.18, 14.15, 15.10, 16.6 and 17.2.
"""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who logged in, whom it acts as, and the role setting, if there is one: whose it is, and where.

    Attributes:
        valid_until: when the password of the user that logged in ends; None where it never does.
    """

    session_user: str
    current_user: str
    database: str
    role: str | None
    is_everybodys: bool | None
    is_in_database: bool | None
    valid_until: str | None
    expires_soon: bool

    @property
    def expected(self) -> str:
        """Whom it has to act as."""
        return self.session_user if self.role in (None, "none") else self.role

    @property
    def is_as_expected(self) -> bool:
        """Whether it does."""
        return self.current_user == self.expected

    def explain(self, triggers: list[str], server_version: int) -> str:
        """What is wrong and what ends it, given the event triggers that run at login."""
        fault = f"{self.session_user} logs in, but acts as {self.current_user} instead of {self.expected}. "
        if self.expected == self.session_user:
            setting = ""
        elif server_version in IGNORES_ROLES:
            setting = self._explain_version(server_version)
        else:
            setting = self._explain_setting()
        return fault + setting + "".join(map(self._explain_trigger, triggers)) + "Then rotate again."

    def _explain_setting(self) -> str:
        reset = f"{self._alter()} RESET role;"
        fault = (
            f"The setting 'role' names {self.expected}, which {self.session_user} may not take at login: that role "
            f"was renamed or dropped, or {self.session_user} is not a member of it (any more). "
        )
        if self.session_user == self.expected + CLONE_SUFFIX:
            return f"{fault}Where the two alternate, rotate again: setSecret mends it. Else end the setting: {reset} "
        return f"{fault}End the setting: {reset} "

    def _explain_version(self, server_version: int) -> str:
        major, minor = divmod(server_version, 10_000)
        return (
            f"The server is PostgreSQL {major}.{minor}, which by an error of its own ignores every role that ALTER "
            f"ROLE or ALTER DATABASE sets: upgrade it to {major}.{minor + 1} or a later minor version. "
        )

    def _explain_trigger(self, name: str) -> str:
        return f"An event trigger runs at login and may set a role: ALTER EVENT TRIGGER {quoted(name)} DISABLE; "

    def _alter(self) -> str:
        """The statement that changes the setting where it stands."""
        database = quoted(self.database)
        if not self.is_everybodys:
            place = f" IN DATABASE {database}" if self.is_in_database else ""
            return f"ALTER ROLE {quoted(self.session_user)}{place}"
        return f"ALTER DATABASE {database}" if self.is_in_database else "ALTER ROLE ALL"
