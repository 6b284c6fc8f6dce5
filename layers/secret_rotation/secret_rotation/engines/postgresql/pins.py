"""Settings that a session has whatever its role and its database are set to.

An account sets its own, and the owner of a database sets them for everybody who logs in there, the superuser too. Gone
through were all that PostgreSQL 18 lets a user set. What is not here changes how fast an answer comes, or how a value
is printed that nobody asks for.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from psycopg2.sql import SQL, Composable, Literal


@dataclass(frozen=True, slots=True)
class Pins:
    """Settings and their values.

    Attributes:
        options: what a login takes.
        later: what is set after the login, by the first version that needs it: a server refuses a login with options
            that it does not know, and a login may itself change what its options have set.
    """

    options: Mapping[str, str]
    later: Mapping[str, tuple[int, str]]

    def statement(self, server_version: int) -> Composable | None:
        """The statement that sets the later ones.

        Returns:
            None where a server of this version needs none of them.
        """
        known = [
            SQL("pg_catalog.set_config({}, {}, false)").format(Literal(name), Literal(value))
            for name, (since, value) in self.later.items()
            if server_version >= since
        ]
        return SQL("SELECT {}").format(SQL(", ").join(known)) if known else None


# Nobody's function stands in for one of PostgreSQL's. Unnamed, pg_temp would come first.
_SEARCH_PATH = "pg_catalog,pg_temp"


USER_PINS = Pins(
    options={
        "search_path": _SEARCH_PATH,
        "local_preload_libraries": "",  # a library that does not exist fails the login
        # What the statements mean, and how their answers are spelt.
        "standard_conforming_strings": "on",
        "quote_all_identifiers": "off",
        "row_security": "on",
        "datestyle": "ISO,YMD",
        "timezone": "UTC",
        # What a role is set to for its queries does not concern its password.
        "default_transaction_read_only": "off",
        "default_transaction_deferrable": "off",
        # A transaction that reads again sees what other sessions have committed since it began: `mirror` does.
        "default_transaction_isolation": "read committed",
        "exit_on_error": "off",
        "tcp_user_timeout": "0",
        "synchronous_commit": "on",  # a password that was set is still set after the server has crashed
        # Who makes the verifier is the deployer's to say; a server that is sent a password makes no weaker one.
        "password_encryption": "scram-sha-256",
        # A statement that sets a password, or its verifier, is nobody's to read in full.
        "debug_print_parse": "off",
        "debug_print_rewritten": "off",
        "client_min_messages": "error",  # warnings go nowhere
    },
    later={
        "transaction_timeout": (170_000, "0"),  # statement_timeout is this function's own
        "search_path": (170_000, _SEARCH_PATH),  # an event trigger on login may have changed it
    },
)
"""For every session. Time limits come from the invocation."""

SUPERUSER_PINS = Pins(
    # It acts as itself, whatever role its settings would switch it to.
    options={**USER_PINS.options, "role": "none"},
    later={
        **USER_PINS.later,
        # Some versions take no role from a login's options, and an event trigger on login may have taken one.
        "role": (0, "none"),
        # Without it, who makes a role becomes a member of it as the owner of the database wants.
        "createrole_self_grant": (160_000, ""),
    },
)
