"""The two users of a pair made one principal: the clone acts as its original from login on.

So every object has one owner, whichever user made it, and rights are the original's alone: what is granted or revoked
there holds for both at once. What PostgreSQL takes from the role that logs in (connection limit, settings and the like)
is copied. All of it, the record of whose pair it is, and the password last, is one transaction.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from psycopg2.sql import SQL, Composable, Identifier, Literal

from secret_rotation.engines.postgresql.expiry import never_expires, warn_of_expiry
from secret_rotation.engines.postgresql.grants import Connect, move_grants
from secret_rotation.engines.postgresql.leftovers import log_what_is_left
from secret_rotation.engines.postgresql.memberships import OwnRights, join_original, move_memberships, read_own_rights
from secret_rotation.engines.postgresql.pair_state import PairState, read_pair
from secret_rotation.engines.postgresql.records import PairRecord, without_record
from secret_rotation.engines.postgresql.role_settings import ROLE, Key, PairSettings, mirror_settings
from secret_rotation.engines.postgresql.roles import (
    ADMIN_OPTION_VERSION,
    Role,
    Roles,
    record_of,
    require_administration,
    same_roles,
)
from secret_rotation.engines.postgresql.session import PostgreSQLSession
from secret_rotation.engines.postgresql.sql import quoted
from secret_rotation.errors import UnsafeRotationError
from secret_rotation.pairs import Pair
from secret_rotation.password import Password

_log = logging.getLogger(__name__)


# "SET" is what PostgreSQL 16 and newer ask for; before, every member may take a role.
_MAY_TAKE = SQL("SELECT coalesce((SELECT pg_has_role({}, oid, {}) FROM pg_roles WHERE rolname = {}), false)")


_MoveGrants = Callable[[OwnRights], None]
"""Moves what the clone was granted in its databases to the original, in sessions and transactions of its own."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Whose turn it is to get a password.

    Attributes:
        secret: the name of the secret that the pair belongs to.
        proven: the two roles of which is known whose they are, the clone None where there was none; None where nobody
            has asked.
    """

    pair: Pair
    username: str
    secret: str
    proven: Roles | None = None


def mirror(session: PostgreSQLSession, connect: Connect, turn: Turn, password: Password) -> None:
    """Make the clone equal to its original, create it if it is missing, and set the password of one of the two.

    Raises:
        UnsafeRotationError: see SuperuserSession.mirror.
    """

    def move(rights: OwnRights) -> None:
        move_grants(connect, turn.pair, [database.name for database in rights.databases])
        # Those sessions have committed, which this transaction sees: `pins` makes it one of READ COMMITTED.
        log_what_is_left(turn.pair, read_own_rights(session, turn.pair) if rights.databases else rights)

    with session.transaction():
        lacks_replication = _become_one(session, turn, move)
        if not lacks_replication:
            session.change_password(turn.username, password)
    if lacks_replication:
        # Made and on record, because a clone that people make is nobody's; without a password it logs in nowhere.
        raise _lacks_replication(turn.pair, f"{turn.pair.clone} was created, and has no password until then.")


def rehearse(session: PostgreSQLSession, turn: Turn) -> None:
    """Run the statements of `mirror` in a transaction that is undone, up to that which sets the password.

    What other sessions would commit is left out: grants inside the databases. Their failure does not stop a mirror.

    Raises:
        UnsafeRotationError: as `mirror`.
    """
    with session.transaction(end="ROLLBACK"):
        lacks_replication = _become_one(session, turn, lambda _rights: None)
        session.check_change(turn.username)
    if lacks_replication:
        raise _lacks_replication(turn.pair, f"The first rotation creates {turn.pair.clone}, and stops until then.")


def _become_one(session: PostgreSQLSession, turn: Turn, move: _MoveGrants) -> bool:
    """Make the two equal and put them on record, but for a right that only an administrator can give.

    Returns:
        Whether the clone was created now and lacks REPLICATION, which its original has.
    """
    pair = turn.pair
    found = read_pair(session, pair)
    _require_proven(turn, found)
    _require_possible(session, pair, found)
    _require_same_holder(turn, found.original)
    lacks_replication = found.clone is None and found.original.replicates
    if found.clone is None:
        session.run(SQL("CREATE ROLE {} LOGIN").format(Identifier(pair.clone)), f"CREATE ROLE {quoted(pair.clone)}")
        found = read_pair(session, pair)
    original, clone = found.original, found.clone
    if clone is not None:
        is_kept = not lacks_replication and _make_equal(session, move, pair, found, clone)
        _record(session, PairRecord(turn.secret, original.oid, clone.oid, is_kept), original, clone)
    return lacks_replication


def _require_proven(turn: Turn, found: PairState) -> None:
    """Stop where a role has come or gone since: whoever may create roles can wait for the moment after the question."""
    if turn.proven is not None and not same_roles(turn.proven, (found.original, found.clone)):
        raise UnsafeRotationError(
            f"While this rotation ran, somebody made, dropped or renamed {turn.pair.original} or {turn.pair.clone}, so "
            "it is open whose they are. Nothing was changed. Secrets Manager will try again, and then it is asked anew."
        )


def _require_same_holder(turn: Turn, original: Role) -> None:
    """Stop where another secret's rotation has come first, in a database where it holds no lock of ours."""
    record = PairRecord.from_comment(original.comment)
    if record is not None and record.secret != turn.secret:
        raise UnsafeRotationError(
            f"The users {turn.pair.original} and {turn.pair.clone} have just become those of another secret, "
            f"{record.secret}. Use that secret, or another user for {turn.secret}. Nothing was changed."
        )


def _record(session: PostgreSQLSession, record: PairRecord, original: Role, clone: Role) -> None:
    """Write down whose pair it is, below each comment.

    The comment of the clone is that of the original, or its own where the original has none.
    """
    texts = {original: original.comment, clone: without_record(original.comment) or clone.comment}
    for role, text in texts.items():
        comment = record.in_comment(text)
        if comment != role.comment:
            statement = SQL("COMMENT ON ROLE {} IS {}").format(Identifier(role.name), Literal(comment))
            session.run(statement, f"COMMENT ON ROLE {quoted(role.name)}")


def _make_equal(session: PostgreSQLSession, move: _MoveGrants, pair: Pair, found: PairState, clone: Role) -> bool:
    """Make the clone equal to its original, or keep it as it was.

    Which of the two is done, is decided when the pair is put on record. Later a clone could decide it for itself.

    Returns:
        Whether the clone is kept as it was.
    """
    original, settings, rights = found.original, found.settings, found.rights
    _require_takeable(session, pair, settings)
    record = record_of(original, clone)
    if rights and (record.is_kept if record else not settings.clone_takes_role):
        _keep_as_it_was(session, pair, rights)
        _require_unexpired(clone)
        _warn_of_expiry(original)
        _warn_of_expiry(clone)
        return True
    if not rights.may_act_as_original:
        join_original(session, pair)
    mirror_settings(session, pair, settings)
    for statement in _differences(original, clone):
        session.run(statement, f"ALTER ROLE {quoted(pair.clone)}")
    move_memberships(session, pair, rights)
    move(rights)
    _warn_of_expiry(original, clone)
    return False


def _keep_as_it_was(session: PostgreSQLSession, pair: Pair, rights: OwnRights) -> None:
    """Leave a pair alone that AWS's own rotation function made, where acting as the original would take rights away."""
    if not rights.is_member:
        join_original(session, pair)
    _log.warning(
        "%s keeps acting as itself and not as %s, because it owns objects or holds rights of its own "
        "(databases: %s; roles: %s). To make the two one owner: docs/moving-over.md.",
        pair.clone, pair.original, ", ".join(database.name for database in rights.databases) or "none",
        ", ".join(membership.group for membership in rights.memberships) or "none",
    )  # fmt: skip


def _differences(original: Role, clone: Role) -> Iterator[Composable]:
    """ALTER ROLE for what differs. What does not is not named: the superuser may not name everything."""
    changes: list[Composable] = []
    if clone.inherits != original.inherits:
        changes.append(SQL("INHERIT" if original.inherits else "NOINHERIT"))
    if clone.connection_limit != original.connection_limit:
        changes.append(SQL("CONNECTION LIMIT {}").format(Literal(original.connection_limit)))
    if clone.valid_until != original.valid_until:
        changes.append(SQL("VALID UNTIL {}").format(Literal(original.valid_until)))
    if changes:
        yield SQL("ALTER ROLE {} {}").format(Identifier(clone.name), SQL(" ").join(changes))


def _require_possible(session: PostgreSQLSession, pair: Pair, found: PairState) -> None:
    original, clone = found.original, found.clone
    _require_login(original)
    if clone is not None:
        _require_login(clone)
    _require_unexpired(original)
    if original.replicates:
        _require_replication(session, pair, clone)
    require_administration(session, found.administration)


def _require_takeable(session: PostgreSQLSession, pair: Pair, settings: PairSettings) -> None:
    """Stop where the original's settings name a role that it may not take: its clone would act as itself, with nothing.

    PostgreSQL takes such a setting with no more than a notice, and the login with no more than a warning. What is set
    for a single database concerns only logins there, and may be the doing of that database's owner.
    """
    role = settings.wanted.get(Key(None, ROLE), pair.original)
    if role in (pair.original, "none"):
        return
    mode = Literal("SET" if session.server_version >= ADMIN_OPTION_VERSION else "MEMBER")
    question = _MAY_TAKE.format(Literal(pair.original), mode, Literal(role))
    (may_take,) = session.row(question, "The query of the original's roles", bool)
    if not may_take:
        raise UnsafeRotationError(
            f"The setting role of {pair.original} is {role}, which {pair.original} may not take, so neither user would "
            f"act as who it should. End it: ALTER ROLE {quoted(pair.original)} RESET role; Then rotate again. Nothing "
            "was changed."
        )


def _require_login(role: Role) -> None:
    if not role.may_log_in:
        raise UnsafeRotationError(
            f"{role.name} is NOLOGIN, and both users of a pair have to log in. If nobody locked it on purpose: "
            f"ALTER ROLE {quoted(role.name)} LOGIN; Nothing was changed."
        )


def _require_unexpired(role: Role) -> None:
    if role.expired:
        raise UnsafeRotationError(
            f"The password of {role.name} is past its VALID UNTIL, and a new one would be no better. If nobody means "
            f"it: {never_expires(role.name)} Nothing was changed."
        )


def _warn_of_expiry(role: Role, *others: Role) -> None:
    if role.expires_soon:
        warn_of_expiry(role.valid_until, role.name, *(other.name for other in others))


def _require_replication(session: PostgreSQLSession, pair: Pair, clone: Role | None) -> None:
    """REPLICATION works through no membership, and the superuser that RDS gives can hand it to nobody."""
    if session.server_version < ADMIN_OPTION_VERSION:
        raise UnsafeRotationError(
            f"{pair.original} has REPLICATION, and before PostgreSQL 16 only an administrator may change such a role. "
            f"Run as an administrator: ALTER ROLE {quoted(pair.original)} NOREPLICATION; Nothing was changed."
        )
    if clone is not None and not clone.replicates:
        raise _lacks_replication(pair, "Nothing was changed.")


def _lacks_replication(pair: Pair, state: str) -> UnsafeRotationError:
    return UnsafeRotationError(
        f"{pair.original} has REPLICATION and {pair.clone} has not, which only an administrator can give. "
        f"Run as an administrator: ALTER ROLE {quoted(pair.clone)} REPLICATION; {state}"
    )
