"""Partial revokes of the superuser's own, which stand in the way of global rights of others.

Whoever grants a global right hands on the databases that it leaves out, without a word: the next merge would take them
from both users of a pair. What the server refuses instead: to copy a right AS a counterpart that leaves out less than
the superuser (error 3836), to revoke one from an account that leaves out less (3879), and to grant or revoke it for a
database that the superuser leaves out (1044).
Source: MySQL Reference Manual, "Privilege Restriction Using Partial Revokes"; the server's
sql/auth/partial_revokes.cc; the errors on MySQL 9.7.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby

from secret_rotation.engines.mysql.accounts import rights_of, rights_of_session
from secret_rotation.engines.mysql.connection import Connection
from secret_rotation.engines.mysql.pairs import AccountPair
from secret_rotation.engines.mysql.records import Base
from secret_rotation.engines.mysql.rights import GLOBAL, ROLE, Right, Rights
from secret_rotation.engines.mysql.sql import Sql
from secret_rotation.errors import UnsafeRotationError


def refuse_own_restrictions(connection: Connection, wanted: Iterable[tuple[AccountPair, Base]]) -> None:
    """Stop where a partial revoke of the superuser's stands in the way of a global right.

    Raises:
        UnsafeRotationError: with the statements that end it.
    """
    changed = [
        (account.rights, base.rights)
        for both, base in wanted
        for account in (both.original, both.clone)
        if account.knows_restrictions and _is_changed(account.rights, base.rights)
    ]
    if not changed:
        return
    own = rights_of_session(connection)
    in_the_way = {right for now, then in changed for right in _in_the_way(own, now, then)}
    if in_the_way:
        raise UnsafeRotationError(
            "The superuser has partial revokes, which stand in the way of the global rights that it is to copy or to "
            f"revoke. As an administrator: {'; '.join(_ending(connection, own, in_the_way))}; Or let another superuser "
            "rotate this secret. Nothing was changed."
        )


def _is_changed(now: Rights, wanted: Rights) -> bool:
    return now.restrictions != wanted.restrictions or any(right.level == GLOBAL for right in now.held ^ wanted.held)


def _in_the_way(own: Rights, now: Rights, wanted: Rights) -> Iterator[Right]:
    for right in _of_global(wanted.held - now.held):
        restrictions, left_out = own.restricts(right), wanted.restricts(right)
        yield from restrictions - left_out if left_out else restrictions
    for right in _of_global(now.held - wanted.held):
        yield from own.restricts(right) - now.restricts(right)
    for right in _of_global(now.held & wanted.held):
        yield from own.restricts(right) & (now.restricts(right) ^ wanted.restricts(right))


def _of_global(rights: Iterable[Right]) -> list[Right]:
    return [right for right in rights if right.level == GLOBAL]


def _ending(connection: Connection, own: Rights, restrictions: set[Right]) -> Iterator[str]:
    """The statements that end partial revokes."""
    for holder, held in _holders(connection, own, restrictions):
        for level, group in groupby(sorted(held, key=_level), key=_level):
            privileges = Sql(", ".join(sorted(right.privilege for right in group)))
            yield Sql("GRANT {} ON {} TO {}").format(privileges, Sql(level), holder).typed()


def _holders(connection: Connection, own: Rights, restrictions: set[Right]) -> list[tuple[Sql, set[Right]]]:
    """Where they stand: at the superuser's account, or at a role of its. Of a role's role only the effect is seen."""
    account = connection.account()
    roles = (Sql(right.privilege) for right in sorted(own.held) if right.level == ROLE and not right.option)
    found = [(holder, restrictions & rights_of(connection, holder).restrictions) for holder in (account, *roles)]
    unseen = restrictions.difference(*(held for _, held in found))
    return [(holder, held) for holder, held in (*found, (account, unseen)) if held]


def _level(right: Right) -> str:
    return right.level
