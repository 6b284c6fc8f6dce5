"""Why the server rejects a login, as far as its password is not the reason.

PostgreSQL words a VALID UNTIL that has passed as a wrong password. Who sets a password because of it ends one that may
well be right, and the new one does not log in either.
"""

from secret_rotation.credentials import Credentials
from secret_rotation.engines.postgresql.expiry import never_expires
from secret_rotation.engines.postgresql.roles import Role, read_roles
from secret_rotation.engines.postgresql.session import PostgreSQLSession
from secret_rotation.engines.postgresql.sql import quoted
from secret_rotation.errors import UnsafeRotationError
from secret_rotation.pairs import Pair


def refuse_unusable(session: PostgreSQLSession, user: Credentials) -> None:
    """Stop unless the role may log in, and the server rejects it for its password alone.

    Raises:
        UnsafeRotationError: another password would not help; the message has the cause, and the statement against it.
    """
    found = {role.name: role for role in read_roles(session, Pair.of(user.username)) if role is not None}
    cause = _why_unusable(found.get(user.username), user.username)
    if cause is not None:
        raise UnsafeRotationError(
            f"The server rejects {user.username} of {user.secret} for another reason than its password, so the "
            f"superuser sets none, and nothing was changed. {cause} Then rotate again."
        )


def _why_unusable(role: Role | None, username: str) -> str | None:
    if role is None:
        return f"There is no role {quoted(username)}. Correct 'username' in the secret, or create the role."
    if not role.may_log_in:
        return f"The role may not log in. If it should: ALTER ROLE {quoted(username)} LOGIN;"
    if role.expired:
        return f"Its VALID UNTIL, {role.valid_until}, has passed. If that is too early: {never_expires(username)}"
    return None
