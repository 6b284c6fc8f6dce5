"""What an account may do, as a set of elements; read from SHOW GRANTS, and merged. Pure: no connection in here.

An element is the smallest thing that can be granted and revoked alone. So `GRANT SELECT (a, b), UPDATE ON shop.t ...
WITH GRANT OPTION` is four of them: SELECT on column a, SELECT on column b, UPDATE, and GRANT OPTION. Partial revokes
are held apart, since they take from a right instead of giving one.
Source: MySQL Reference Manual, "SHOW GRANTS Statement", "Privilege Restriction Using Partial Revokes".
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from secret_rotation.engines.mysql.tokens import Kind, SqlSyntaxError, TokenReader, quote_account, quote_name

GLOBAL = "*.*"
ROLE = "ROLE"
"""The level of an element that is a role; its `privilege` is the role's name."""
DEFAULT_ROLE = "DEFAULT ROLE"
"""The level of an element that is a default role."""
GRANT_OPTION = "GRANT OPTION"
ALL = "ALL PRIVILEGES"
PROXY = "PROXY"

_TABLE_PRIVILEGES = (
    "SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "REFERENCES", "INDEX", "ALTER", "CREATE VIEW",
    "SHOW VIEW", "TRIGGER",
)  # fmt: skip
_DATABASE_PRIVILEGES = (
    *_TABLE_PRIVILEGES, "CREATE TEMPORARY TABLES", "LOCK TABLES", "EXECUTE", "CREATE ROUTINE", "ALTER ROUTINE", "EVENT",
)  # fmt: skip


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """One element. `level` and `column` are SQL; `option` is the right to hand the same on (dynamic, role, PROXY)."""

    privilege: str
    level: str
    column: str = ""
    option: bool = False

    @property
    def stands_alone(self) -> bool:
        """Whether its option is its own. The option of other rights belongs to their whole level."""
        return self.level == ROLE or self.privilege == PROXY or self.is_dynamic

    @property
    def is_dynamic(self) -> bool:
        """Whether it is a dynamic privilege: their names have underscores, those of static ones have spaces."""
        return self.level == GLOBAL and "_" in self.privilege


@dataclass(frozen=True, slots=True)
class Rights:
    """All that an account may do. `restrictions` are partial revokes: databases that a global right leaves out."""

    held: frozenset[Right] = frozenset()
    restrictions: frozenset[Right] = frozenset()

    def restricts(self, right: Right) -> frozenset[Right]:
        """The restrictions of a global right."""
        return frozenset(r for r in self.restrictions if r.privilege == right.privilege)


def parse_grants(rows: Iterable[str]) -> Rights:
    """Read the rows of SHOW GRANTS.

    Raises:
        SqlSyntaxError: a row is none that this module knows.
    """
    held: set[Right] = set()
    restrictions: set[Right] = set()
    for row in rows:
        reader = TokenReader.of(row)
        if reader.skip("REVOKE"):
            restrictions.update(_on_level(reader, "FROM"))
        else:
            reader.expect("GRANT")
            held.update(_roles(reader) if reader.at(Kind.NAME) else _on_level(reader, "TO"))
        if reader.position != len(reader.tokens):
            raise SqlSyntaxError(f"unexpected token {reader.position} at the end of a grant")
    return Rights(frozenset(held), frozenset(restrictions))


def _account(reader: TokenReader) -> str:
    user = reader.take(Kind.NAME)
    reader.expect("@")
    return quote_account(user, reader.take(Kind.NAME))


def _roles(reader: TokenReader) -> Iterator[Right]:
    roles = [_account(reader)]
    while reader.skip(","):
        roles.append(_account(reader))
    reader.expect("TO")
    _account(reader)
    option = reader.skip("WITH", "ADMIN", "OPTION")
    for role in roles:
        yield from _with_option(Right(role, ROLE), option)


def _with_option(right: Right, option: bool) -> Iterator[Right]:  # noqa: FBT001 - as it was read
    yield right
    if option:
        yield replace(right, option=True)


def _on_level(reader: TokenReader, preposition: str) -> Iterator[Right]:
    named = list(_privileges(reader))
    reader.expect("ON")
    level = _level(reader, is_proxy=named == [(PROXY, "")])
    reader.expect(preposition)
    _account(reader)
    option = reader.skip("WITH", "GRANT", "OPTION")
    rights = [Right(privilege, level, column) for privilege, column in named if privilege != "USAGE"]
    if option and not (rights and all(right.stands_alone for right in rights)):
        yield Right(GRANT_OPTION, level)
    for right in rights:
        yield from _with_option(right, option and right.stands_alone)
        if right.privilege == ALL:
            yield from all_privileges(level)


def _privileges(reader: TokenReader) -> Iterator[tuple[str, str]]:
    while True:
        privilege = reader.words()
        yield from ((privilege, column) for column in _columns(reader))
        if not reader.skip(","):
            return


def _columns(reader: TokenReader) -> list[str]:
    if not reader.skip("("):
        return [""]
    columns = [quote_name(reader.take(Kind.NAME))]
    while reader.skip(","):
        columns.append(quote_name(reader.take(Kind.NAME)))
    reader.expect(")")
    return columns


def _level(reader: TokenReader, *, is_proxy: bool) -> str:
    if is_proxy:
        return _account(reader)
    if reader.skip("*", ".", "*"):
        return GLOBAL
    prefix = next((f"{kind} " for kind in ("PROCEDURE", "FUNCTION", "LIBRARY") if reader.skip(kind)), "")
    database = quote_name(reader.take(Kind.NAME))
    reader.expect(".")
    return f"{prefix}{database}.{'*' if reader.skip('*') else quote_name(reader.take(Kind.NAME))}"


def all_privileges(level: str) -> Iterator[Right]:
    """What ALL PRIVILEGES stands for, so that one of them can be revoked; the word itself stays beside them.

    A newer server may mean more by it than this list: granting the word gives that too.
    """
    for privilege in _DATABASE_PRIVILEGES if level.endswith(".*") else _TABLE_PRIVILEGES:
        yield Right(privilege, level)
