"""The two users of a pair made one principal: the clone acts as its original from login on.

So every object has one owner, whichever user made it, and rights are the original's alone: what is granted or revoked
there holds for both at once. What PostgreSQL takes from the role that logs in (connection limit, settings and the like)
is copied. All of it, and the password last, is one transaction.
"""

import logging
from collections.abc import Iterator

from psycopg2.sql import SQL, Composable, Identifier, Literal

from secret_rotation.engine import Pair
from secret_rotation.engines.postgresql.failures import quoted
from secret_rotation.engines.postgresql.grants import Connect, move_grants
from secret_rotation.engines.postgresql.memberships import OwnRights, join_original, move_memberships, read_own_rights
from secret_rotation.engines.postgresql.role_settings import mirror_settings, read_settings
from secret_rotation.engines.postgresql.roles import ADMIN_OPTION_VERSION, Role, read_roles, require_administration
from secret_rotation.engines.postgresql.session import PostgreSQLSession
from secret_rotation.errors import UnsafeRotationError
from secret_rotation.model import Password

_log = logging.getLogger(__name__)


def mirror(session: PostgreSQLSession, connect: Connect, pair: Pair, username: str, password: Password) -> None:
    """Make the clone equal to its original, create it if it is missing, and set the password of one of the two.

    Raises:
        UnsafeRotationError: see SuperuserSession.mirror.
    """
    with session.transaction():
        original, clone = _require_possible(session, pair)
        if clone is None:
            session.run(SQL("CREATE ROLE {} LOGIN").format(Identifier(pair.clone)), f"CREATE ROLE {quoted(pair.clone)}")
            _, clone = read_roles(session, pair)
        if clone is not None:
            _make_equal(session, connect, pair, original, clone)
        session.change_password(username, password)


def _make_equal(session: PostgreSQLSession, connect: Connect, pair: Pair, original: Role, clone: Role) -> None:
    settings, rights = read_settings(session, pair), read_own_rights(session, pair)
    if rights and not settings.clone_takes_role:
        _keep_as_it_was(session, pair, rights)
        return
    if not rights.may_act_as_original:
        join_original(session, pair)
    mirror_settings(session, pair, settings)
    for statement in _differences(original, clone):
        session.run(statement, f"ALTER ROLE {quoted(pair.clone)}")
    move_memberships(session, pair, rights)
    move_grants(connect, pair, rights.databases)
    _log_what_is_left(pair, read_own_rights(session, pair) if rights.databases else rights)


def _log_what_is_left(pair: Pair, rights: OwnRights) -> None:
    if rights.databases:
        _log.warning(
            "%s owns objects or holds rights of its own in %s, which its sessions do not have, because they act as %s. "
            "Grant the same to %s. To hand over objects, log in as %s to each of these databases: "
            "SET ROLE NONE; REASSIGN OWNED BY %s TO %s;",
            pair.clone, ", ".join(rights.databases), pair.original, pair.original, pair.clone,
            quoted(pair.clone), quoted(pair.original),
        )  # fmt: skip


def _keep_as_it_was(session: PostgreSQLSession, pair: Pair, rights: OwnRights) -> None:
    """Leave a pair alone that AWS's own rotation function made, where acting as the original would take rights away."""
    if not rights.is_member:
        join_original(session, pair)
    _log.warning(
        "%s keeps acting as itself and not as %s, because it owns objects or holds rights of its own "
        "(databases: %s; roles: %s). To make the two one owner: docs/moving-over.md.",
        pair.clone, pair.original, ", ".join(rights.databases) or "none",
        ", ".join(membership.group for membership in rights.memberships) or "none",
    )  # fmt: skip


def _differences(original: Role, clone: Role) -> Iterator[Composable]:
    """ALTER ROLE and COMMENT for what differs. What does not is not named: the superuser may not name everything."""
    changes: list[Composable] = []
    if clone.inherits != original.inherits:
        changes.append(SQL("INHERIT" if original.inherits else "NOINHERIT"))
    if clone.connection_limit != original.connection_limit:
        changes.append(SQL("CONNECTION LIMIT {}").format(Literal(original.connection_limit)))
    if clone.valid_until != original.valid_until:
        changes.append(SQL("VALID UNTIL {}").format(Literal(original.valid_until)))
    if changes:
        yield SQL("ALTER ROLE {} {}").format(Identifier(clone.name), SQL(" ").join(changes))
    if original.comment is not None and clone.comment != original.comment:
        yield SQL("COMMENT ON ROLE {} IS {}").format(Identifier(clone.name), Literal(original.comment))


def _require_possible(session: PostgreSQLSession, pair: Pair) -> tuple[Role, Role | None]:
    original, clone = read_roles(session, pair)
    if original is None:
        raise UnsafeRotationError(
            f"There is no role {pair.original}, of which {pair.clone} is to be the clone. If it was renamed, give it "
            "its old name, or put the user name and password of the renamed role into the secret."
        )
    _require_login(original)
    if clone is not None:
        _require_login(clone)
    if original.expired:
        raise UnsafeRotationError(
            f"The password of {pair.original} is past its VALID UNTIL, so neither it nor {pair.clone} could log in. "
            f"ALTER ROLE {quoted(pair.original)} VALID UNTIL 'infinity', or a later date. Nothing was changed."
        )
    if original.replicates:
        _require_replication(session, pair, clone)
    require_administration(session, *(role.name for role in (original, clone) if role))
    return original, clone


def _require_login(role: Role) -> None:
    if not role.may_log_in:
        raise UnsafeRotationError(
            f"{role.name} is NOLOGIN, and both users of a pair have to log in. If nobody locked it on purpose: "
            f"ALTER ROLE {quoted(role.name)} LOGIN. Nothing was changed."
        )


def _require_replication(session: PostgreSQLSession, pair: Pair, clone: Role | None) -> None:
    """REPLICATION works through no membership, and the superuser that RDS gives can hand it to nobody."""
    if session.server_version < ADMIN_OPTION_VERSION:
        raise UnsafeRotationError(
            f"{pair.original} has REPLICATION, and before PostgreSQL 16 only an administrator may change such a role. "
            f"Run as one: ALTER ROLE {quoted(pair.original)} NOREPLICATION; Nothing was changed."
        )
    if clone is None or not clone.replicates:
        raise UnsafeRotationError(
            f"{pair.original} has REPLICATION and {pair.clone} has not, which only an administrator can give. "
            f"Run as one: {'' if clone else _create(session, pair)}ALTER ROLE {quoted(pair.clone)} REPLICATION; "
            "Nothing was changed."
        )


def _create(session: PostgreSQLSession, pair: Pair) -> str:
    clone = quoted(pair.clone)
    return (
        f"CREATE ROLE {clone} LOGIN IN ROLE {quoted(pair.original)}; "
        f"GRANT {clone} TO {quoted(session.username)} WITH ADMIN OPTION; "
    )
