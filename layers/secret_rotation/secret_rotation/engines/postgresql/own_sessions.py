"""The other sessions of the role that is logged in: to see them, and to end them, takes no right but its own.

As the role itself, since a clone acts as its original, of whose sessions it would then ask.
Source: PostgreSQL manual, "Server Signaling Functions" (pg_terminate_backend, by a role for its own sessions) and "The
Cumulative Statistics System" (pg_stat_activity).
"""

from psycopg2.sql import SQL, Composable, Literal

from secret_rotation.engine import OpenSession
from secret_rotation.engines.postgresql.sql import Kind

_END_MS = 5_000
_OWN = SQL("""usesysid = (SELECT oid FROM pg_roles WHERE rolname = session_user)
      AND pid <> pg_backend_pid() AND backend_type = 'client backend'""")
CLIENT_ADDRESS = SQL("host(client_addr)")
"""Without the length of a network; nothing on a socket of the server's own machine."""
SESSIONS = SQL("""SET ROLE NONE;
    SELECT pid, {}, application_name, backend_start::text
    FROM pg_stat_activity WHERE {} ORDER BY backend_start, pid""").format(CLIENT_ADDRESS, _OWN)
KINDS: tuple[Kind, ...] = (int, str | None, str | None, str)
"""What the columns of its answer are: those of OpenSession."""
# A process number may have gone to another session by now, which then began later.
_END = SQL("""SET ROLE NONE;
    SELECT pg_terminate_backend(pid, {}) FROM pg_stat_activity
    WHERE {} AND pid = {} AND backend_start::text = {}""")


def end_of(one: OpenSession) -> Composable:
    """The statement that ends a session, and waits for its end: whether it has; nothing where it was gone already."""
    return _END.format(Literal(_END_MS), _OWN, Literal(one.number), Literal(one.since))
