"""The way from the rights and settings that an account has to those that it is to have, statement by statement.

Only differences are granted and revoked: revoking all and granting again would break running sessions. MySQL commits
each statement at once, so each knows how to take itself back, for where a later one is not permitted.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from secret_rotation.engines.mysql.connection import Connection
from secret_rotation.engines.mysql.privileges import CREATE_USER, Privilege, permitted
from secret_rotation.engines.mysql.rights import ALL, DEFAULT_ROLE, GLOBAL, GRANT_OPTION, ROLE, Right, Rights
from secret_rotation.engines.mysql.sql import Sql
from secret_rotation.errors import RotationError, StatementFailedError

_GONE = frozenset({"1054", "1146", "1305", "3523"})
"""The column, table, routine or role of a grant does not exist: MySQL keeps the grants on a table that was dropped."""
_NOT_GRANTED = frozenset({"1141", "1147", "1269", "1403"})
"""What was to be revoked is revoked already."""
_NO_ROLES = Sql("NONE")
_NOTHING, _WITH_GRANT_OPTION, _WITH_ADMIN_OPTION = Sql(), Sql(" WITH GRANT OPTION"), Sql(" WITH ADMIN OPTION")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Change:
    """A statement that changes an account.

    Attributes:
        sql: the statement.
        undo: the statement that takes it back; None where there is nothing to take back.
        rights: what it grants or revokes.
        needed: what it takes to be permitted.
    """

    sql: Sql
    undo: Sql | None = None
    rights: frozenset[Right] = frozenset()
    needed: Privilege = CREATE_USER


class Changes:
    """The changes of one run.

    Attributes:
        skipped: the rights that were not granted, because what they are about does not exist any more.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._undo: list[Sql] = []
        self.skipped: set[Right] = set()

    def run(self, *changes: Change) -> None:
        """Run statements, and remember how to take them back."""
        for change in changes:
            permitted(self._connection, change.sql, change.needed)
            if change.undo is not None:
                self._undo.append(change.undo)

    def grant(self, account: Sql, changes: Iterable[Change]) -> None:
        """Grant rights to an account. Those on objects that are gone are left out."""
        for change in changes:
            try:
                self.run(change)
            except StatementFailedError as error:
                if error.code not in _GONE:
                    raise
                self._grant_one_by_one(account, change)

    def revoke(self, changes: Iterable[Change]) -> None:
        """Revoke rights, as far as they are still there."""
        for change in changes:
            try:
                self.run(change)
            except StatementFailedError as error:
                if error.code not in _NOT_GRANTED:
                    raise

    def take_back(self) -> str:
        """Undo what was run, the last statement first.

        Returns:
            What came of it, in a sentence.
        """
        is_complete = True
        while self._undo:
            sql = self._undo.pop()
            try:
                self._connection.run(sql)
            except RotationError as error:  # of the database, or because the invocation's time is used up
                is_complete = False
                _log.warning("Could not be taken back (%s): %s;", type(error).__name__, sql.typed())
        remains = "was taken back" if is_complete else "could not all be taken back (see the log)"
        return f"What this run had changed {remains}."

    def _grant_one_by_one(self, account: Sql, change: Change) -> None:
        if len(change.rights) > 1:
            self.grant(account, (one for right in sorted(change.rights) for one in _grants(account, [right])))
            return
        self.skipped |= change.rights
        _log.warning("Not copied, because what it is about does not exist any more: %s", change.sql)


def ended_restrictions(account: Sql, now: Rights, wanted: Rights) -> list[Change]:
    """The statements that end partial revokes: before `additions`, some of which copy those of the other account."""
    return [
        Change(_grant(on, account), _revoke(on, account), frozenset({right}), _handed_on(on))
        for right, on in _of_global(now.restrictions - wanted.restrictions, wanted)
    ]


def additions(account: Sql, now: Rights, wanted: Rights, counterpart: Sql) -> list[Change]:
    """The statements that give what is missing.

    A global right with partial revokes is granted AS the counterpart that has them already, in one statement: granted
    first and restricted afterwards it would be whole in between, and after a crash for good.
    """
    restricted: list[Right] = []
    plain: list[Right] = []
    for right in _missing(now, wanted):
        (restricted if right.level == GLOBAL and wanted.restricts(right) else plain).append(right)
    changes = list(_grants(account, plain))
    if restricted:
        changes.append(_grant_on_level(account, GLOBAL, restricted, Sql(" AS ") + counterpart))
    return changes


def removals(account: Sql, now: Rights, wanted: Rights) -> list[Change]:
    """The statements that take what is too much."""
    taken = now.held - wanted.held
    changes = []
    for level, rights in _by_level(right for right in taken if not right.stands_alone):
        changes += _revoke_on_level(account, level, rights, now)
        if level == GLOBAL and any(right.privilege == GRANT_OPTION for right in rights):
            # It takes the option of dynamic privileges too.
            changes += _grants(account, (r for r in wanted.held if r.is_dynamic and r.option))
    for right in sorted(right for right in taken if right.stands_alone):
        changes += _revoke_alone(account, right, taken)
    roles = _default_roles(wanted)
    if roles != _NO_ROLES and any(right.level == ROLE and right.option for right in taken):
        # A role that was revoked, be it to be granted again without its option, is no default role any more.
        changes.append(Change(Sql("ALTER USER {} DEFAULT ROLE {}").format(account, roles)))
    return [*changes, *_restrictions(account, now, wanted)]


def default_roles(account: Sql, now: Rights, wanted: Rights) -> list[Change]:
    """The statement that sets the default roles: it names all of them."""
    before, after = _default_roles(now), _default_roles(wanted)
    if before == after:
        return []
    statement = Sql("ALTER USER {} DEFAULT ROLE {}")
    return [Change(statement.format(account, after), statement.format(account, before))]


def _default_roles(rights: Rights) -> Sql:
    names = sorted(right.privilege for right in rights.held if right.level == DEFAULT_ROLE)
    return Sql(", ".join(names)) if names else _NO_ROLES


def _missing(now: Rights, wanted: Rights) -> list[Right]:
    return sorted(right for right in wanted.held - now.held if right.level != DEFAULT_ROLE)


def _by_level(rights: Iterable[Right]) -> Iterator[tuple[str, list[Right]]]:
    ordered = sorted((right for right in rights if right.level != DEFAULT_ROLE), key=lambda r: (r.level, r))
    for level, group in groupby(ordered, key=lambda right: right.level):
        yield level, list(group)


def _grants(account: Sql, rights: Iterable[Right]) -> Iterator[Change]:
    rights = list(rights)
    for level, group in _by_level(right for right in rights if not right.stands_alone):
        yield _grant_on_level(account, level, group)
    alone = sorted(right for right in rights if right.stands_alone)
    for _, group_alone in groupby(alone, key=lambda right: (right.privilege, right.level)):
        yield _grant_alone(account, list(group_alone))


def _on(privileges: str, level: str) -> Sql:
    return Sql(f"{privileges} ON {level}")


def _handed_on(what: Sql, option: Sql = _WITH_GRANT_OPTION) -> Privilege:
    return Privilege("give and take such rights", what, option)


def _grant(what: Sql, account: Sql, suffix: Sql = _NOTHING) -> Sql:
    return Sql("GRANT {} TO {}{}").format(what, account, suffix)


def _revoke(what: Sql, account: Sql) -> Sql:
    return Sql("REVOKE {} FROM {}").format(what, account)


def _grant_on_level(account: Sql, level: str, rights: list[Right], context: Sql = _NOTHING) -> Change:
    option = _WITH_GRANT_OPTION if any(right.privilege == GRANT_OPTION for right in rights) else _NOTHING
    names, taken_back = _names(rights, GRANT_OPTION) or "USAGE", _names(rights, ALL)
    return Change(
        _grant(_on(names, level), account, option + context),
        _revoke(_on(taken_back, level), account) if taken_back else None,
        frozenset(rights),
        _handed_on(_on(names, level)),
    )


def _grant_alone(account: Sql, rights: list[Right]) -> Change:
    """Grant a right that has its own option. Undone only where it is new: an option has no REVOKE of its own."""
    what, option = _alone(rights[0])
    has_option, is_new = any(right.option for right in rights), any(not right.option for right in rights)
    return Change(
        _grant(what, account, option if has_option else _NOTHING),
        _revoke(what, account) if is_new else None,
        frozenset(rights),
        _handed_on(what, option),
    )


def _alone(right: Right) -> tuple[Sql, Sql]:
    """What GRANT and REVOKE name, and the words for the option."""
    if right.level == ROLE:
        return Sql(right.privilege), _WITH_ADMIN_OPTION
    return _on(right.privilege, right.level), _WITH_GRANT_OPTION


def _revoke_on_level(account: Sql, level: str, rights: list[Right], now: Rights) -> list[Change]:
    names = _names(rights, ALL)
    if not names:
        return []
    # With its partial revokes, which go with it, a right cannot be given back as it was.
    is_whole = level != GLOBAL or not any(now.restricts(right) for right in rights)
    undo = _grant_on_level(account, level, rights).sql if is_whole else None
    needed = _handed_on(_on(_names(rights, GRANT_OPTION) or "USAGE", level))
    return [Change(_revoke(_on(names, level), account), undo, frozenset(rights), needed)]


def _revoke_alone(account: Sql, right: Right, taken: frozenset[Right]) -> list[Change]:
    """Revoke a right, or only the option to hand it on, for which MySQL has no statement: revoke, and grant again."""
    if right.option and replace(right, option=False) in taken:
        return []
    what, option = _alone(right)
    had_option = replace(right, option=True) in taken
    needed = _handed_on(what, option)
    undo = _grant(what, account, option if had_option else _NOTHING)
    revoke = Change(_revoke(what, account), undo, frozenset({right}), needed)
    again = Change(_grant(what, account), rights=frozenset({right}), needed=needed)
    return [revoke, again] if right.option else [revoke]


def _restrictions(account: Sql, now: Rights, wanted: Rights) -> list[Change]:
    return [
        Change(_revoke(on, account), _grant(on, account), frozenset({right}), _handed_on(on))
        for right, on in _of_global(wanted.restrictions - now.restrictions, now)
    ]


def _of_global(restrictions: Iterable[Right], rights: Rights) -> Iterator[tuple[Right, Sql]]:
    """The restrictions whose global right is held, with what GRANT and REVOKE name of them."""
    for right in sorted(restrictions):
        if Right(right.privilege, GLOBAL) in rights.held:
            yield right, _on(right.privilege, right.level)


def _names(rights: list[Right], left_out: str) -> str:
    """The privileges with their columns, as GRANT and REVOKE take them. ALL PRIVILEGES stands for all others."""
    named = sorted(right for right in rights if right.privilege != left_out)
    if left_out != ALL and any(right.privilege == ALL for right in named):
        return ALL
    parts = []
    for privilege, group in groupby(named, key=lambda right: right.privilege):
        columns = [right.column for right in group]
        if "" in columns:
            parts.append(privilege)
        if named_columns := ", ".join(filter(None, columns)):
            parts.append(f"{privilege} ({named_columns})")
    return ", ".join(dict.fromkeys(parts))
