"""Renders the way from the rights that an account has to those that it is to have. Pure: no connection in here.

Only differences are granted and revoked: revoking all and granting again would break running sessions. Each statement
knows how to take itself back.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from secret_rotation.engines.mysql.rights import ALL, DEFAULT_ROLE, GLOBAL, GRANT_OPTION, ROLE, Right, Rights


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement without secrets in it. `undo` is "" where there is nothing to take back."""

    sql: str
    undo: str = ""
    rights: frozenset[Right] = frozenset()


def lifts(account: str, now: Rights, wanted: Rights) -> list[Statement]:
    """The statements that end partial revokes. To run before `additions`, of which some copy those of the twin."""
    return [
        Statement(f"GRANT {r.privilege} ON {r.level} TO {account}", f"REVOKE {r.privilege} ON {r.level} FROM {account}")
        for r in sorted(now.restrictions - wanted.restrictions)
        if Right(r.privilege, GLOBAL) in wanted.held
    ]


def additions(account: str, now: Rights, wanted: Rights, twin: str) -> list[Statement]:
    """The statements that give what is missing.

    A global right with partial revokes is granted AS the twin that has them already, in one statement: granted first
    and restricted afterwards it would be whole in between, and after a crash for good.
    """
    restricted: list[Right] = []
    plain: list[Right] = []
    for right in _missing(now, wanted):
        (restricted if right.level == GLOBAL and wanted.restricts(right) else plain).append(right)
    statements = list(_grants(account, plain))
    if restricted:
        statements.append(_grant(account, GLOBAL, restricted, f" AS {twin}"))
    return statements


def removals(account: str, now: Rights, wanted: Rights) -> list[Statement]:
    """The statements that take what is too much."""
    taken = now.held - wanted.held
    statements = []
    for level, rights in _by_level(right for right in taken if not right.stands_alone):
        statements += _revoke(account, level, rights, now)
        if level == GLOBAL and any(right.privilege == GRANT_OPTION for right in rights):
            # It takes the option of dynamic privileges too.
            statements += _grants(account, (r for r in wanted.held if r.is_dynamic and r.option))
    for right in sorted(right for right in taken if right.stands_alone):
        statements += _revoke_alone(account, right, taken)
    return [*statements, *_restrictions(account, now, wanted)]


def default_roles(account: str, now: Rights, wanted: Rights) -> list[Statement]:
    """The statement that sets the default roles: it names all of them."""
    before, after = _default_roles(now), _default_roles(wanted)
    if before == after:
        return []
    return [Statement(f"ALTER USER {account} DEFAULT ROLE {after}", f"ALTER USER {account} DEFAULT ROLE {before}")]


def split(statement: Statement, account: str) -> list[Statement]:
    """The same grants, one right each: for where one of them is for a table or column that is gone."""
    return [one for right in sorted(statement.rights) for one in _grants(account, [right])]


def _default_roles(rights: Rights) -> str:
    return ", ".join(sorted(right.privilege for right in rights.held if right.level == DEFAULT_ROLE)) or "NONE"


def _missing(now: Rights, wanted: Rights) -> list[Right]:
    return sorted(right for right in wanted.held - now.held if right.level != DEFAULT_ROLE)


def _by_level(rights: Iterable[Right]) -> Iterator[tuple[str, list[Right]]]:
    ordered = sorted((right for right in rights if right.level != DEFAULT_ROLE), key=lambda r: (r.level, r))
    for level, group in groupby(ordered, key=lambda right: right.level):
        yield level, list(group)


def _grants(account: str, rights: Iterable[Right]) -> Iterator[Statement]:
    rights = list(rights)
    for level, group in _by_level(right for right in rights if not right.stands_alone):
        yield _grant(account, level, group)
    alone = sorted(right for right in rights if right.stands_alone)
    for _, group_alone in groupby(alone, key=lambda right: (right.privilege, right.level)):
        yield _grant_alone(account, list(group_alone))


def _grant(account: str, level: str, rights: list[Right], context: str = "") -> Statement:
    names = _names(rights, GRANT_OPTION) or "USAGE"
    option = " WITH GRANT OPTION" * any(right.privilege == GRANT_OPTION for right in rights)
    undo = _names(rights, ALL)
    return Statement(
        f"GRANT {names} ON {level} TO {account}{option}{context}",
        f"REVOKE {undo} ON {level} FROM {account}" if undo else "",
        frozenset(rights),
    )


def _grant_alone(account: str, rights: list[Right]) -> Statement:
    """Grant a right that has its own option. Undone only where it is new: an option has no REVOKE of its own."""
    what, suffix = _alone(rights[0])
    option = suffix * any(right.option for right in rights)
    is_new = any(not right.option for right in rights)
    return Statement(
        f"GRANT {what} TO {account}{option}", f"REVOKE {what} FROM {account}" if is_new else "", frozenset(rights)
    )


def _alone(right: Right) -> tuple[str, str]:
    """What GRANT and REVOKE name, and the words for the option."""
    if right.level == ROLE:
        return right.privilege, " WITH ADMIN OPTION"
    return f"{right.privilege} ON {right.level}", " WITH GRANT OPTION"


def _revoke(account: str, level: str, rights: list[Right], now: Rights) -> list[Statement]:
    names = _names(rights, ALL)
    if not names:
        return []
    option = any(right.privilege == GRANT_OPTION for right in rights)
    undo = f"GRANT {_names(rights, GRANT_OPTION) or 'USAGE'} ON {level} TO {account}{' WITH GRANT OPTION' * option}"
    # With its partial revokes, which go with it, a right cannot be given back as it was.
    is_whole = level != GLOBAL or not any(now.restricts(right) for right in rights)
    return [Statement(f"REVOKE {names} ON {level} FROM {account}", undo if is_whole else "")]


def _revoke_alone(account: str, right: Right, taken: frozenset[Right]) -> list[Statement]:
    """Revoke a right, or only the option to hand it on, for which MySQL has no statement: revoke, and grant again."""
    if right.option and replace(right, option=False) in taken:
        return []
    what, suffix = _alone(right)
    option = suffix * (replace(right, option=True) in taken)
    revoke = Statement(f"REVOKE {what} FROM {account}", f"GRANT {what} TO {account}{option}")
    return [revoke, Statement(f"GRANT {what} TO {account}")] if right.option else [revoke]


def _restrictions(account: str, now: Rights, wanted: Rights) -> list[Statement]:
    return [
        Statement(f"REVOKE {r.privilege} ON {r.level} FROM {account}", f"GRANT {r.privilege} ON {r.level} TO {account}")
        for r in sorted(wanted.restrictions - now.restrictions)
        if Right(r.privilege, GLOBAL) in now.held
    ]


def _names(rights: list[Right], left_out: str) -> str:
    """The privileges with their columns, as GRANT and REVOKE take them. ALL PRIVILEGES stands for all others."""
    named = sorted(right for right in rights if right.privilege != left_out)
    if left_out != ALL and any(right.privilege == ALL for right in named):
        return ALL
    parts = []
    for privilege, group in groupby(named, key=lambda right: right.privilege):
        columns = [right.column for right in group]
        parts += [privilege] * ("" in columns)
        if named_columns := ", ".join(filter(None, columns)):
            parts.append(f"{privilege} ({named_columns})")
    return ", ".join(dict.fromkeys(parts))
