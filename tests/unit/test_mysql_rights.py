"""Rights of MySQL accounts: reading them, rendering the difference, and merging."""

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secret_rotation.engines.mysql.marks import Base, Mark
from secret_rotation.engines.mysql.merge import merge_rights, merge_sets, merge_values
from secret_rotation.engines.mysql.rights import (
    ALL,
    DEFAULT_ROLE,
    GLOBAL,
    GRANT_OPTION,
    PROXY,
    ROLE,
    Right,
    Rights,
    all_privileges,
    parse_grants,
)
from secret_rotation.engines.mysql.statements import additions, removals
from secret_rotation.engines.mysql.tokens import SqlSyntaxError, quote_account, quote_name

ACCOUNT = quote_account("app", "%")
TWIN = quote_account("app_clone", "%")

names = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=8)
accounts = st.builds(quote_account, names, names)
databases = names.map(lambda name: f"{quote_name(name)}.*")
tables = st.builds(lambda database, table: f"{quote_name(database)}.{quote_name(table)}", names, names)
routines = st.builds("{} {}".format, st.sampled_from(["PROCEDURE", "FUNCTION"]), tables)


def with_option(right: Right) -> list[Right]:
    """The right, and the one to hand it on."""
    return [right, Right(right.privilege, right.level, option=True)]


static = st.sampled_from(["SELECT", "INSERT", "CREATE VIEW", GRANT_OPTION])
alone = st.one_of(
    st.builds(Right, st.sampled_from(["XA_RECOVER_ADMIN", "BACKUP_ADMIN"]), st.just(GLOBAL)),
    st.builds(Right, accounts, st.just(ROLE)),
    st.builds(Right, st.just(PROXY), accounts),
)
elements = st.one_of(
    st.builds(lambda *parts: [Right(*parts)], static, st.one_of(st.just(GLOBAL), databases, tables)),
    st.builds(lambda *parts: [Right(*parts)], st.sampled_from(["EXECUTE", GRANT_OPTION]), routines),
    st.builds(lambda *parts: [Right(*parts)], st.sampled_from(["SELECT", "UPDATE"]), tables, names.map(quote_name)),
    databases.map(lambda level: [Right(ALL, level), *all_privileges(level)]),
    st.one_of(alone.map(lambda right: [right]), alone.map(with_option)),
)
held_rights = st.lists(elements, max_size=6).map(lambda groups: frozenset(chain.from_iterable(groups)))


@st.composite
def rights(draw: st.DrawFn) -> Rights:
    """Rights as a server could print them: only global rights have restrictions."""
    held = draw(held_rights)
    candidates = [r.privilege for r in held if r.level == GLOBAL and r.privilege in ("SELECT", "INSERT")]
    levels = draw(st.lists(databases, max_size=2))
    restrictions = {Right(privilege, level) for privilege in candidates for level in levels}
    return Rights(held, frozenset(restrictions - held))


@given(rights())
def test_what_is_rendered_is_read_back(wanted: Rights) -> None:
    """Granting everything from nothing, read as SHOW GRANTS, gives the same rights."""
    unrestricted = Rights(wanted.held)
    statements = additions(ACCOUNT, Rights(), unrestricted, TWIN)
    assert parse_grants(statement.sql for statement in statements) == unrestricted


@given(rights())
def test_restrictions_are_read_back(wanted: Rights) -> None:
    """Partial revokes, rendered and read, are the same partial revokes."""
    statements = removals(ACCOUNT, Rights(wanted.held), wanted)
    assert parse_grants(statement.sql for statement in statements).restrictions == wanted.restrictions


@given(rights())
def test_nothing_is_done_where_nothing_differs(same: Rights) -> None:
    """Equal rights need no statement."""
    assert not additions(ACCOUNT, same, same, TWIN)
    assert not removals(ACCOUNT, same, same)


@given(rights(), rights())
def test_revokes_name_only_what_is_too_much(now: Rights, wanted: Rights) -> None:
    """What is to stay is in no REVOKE, unless it is granted again at once for its lost option."""
    statements = [statement.sql for statement in removals(ACCOUNT, now, wanted)]
    revoked = parse_grants(sql for sql in statements if sql.startswith("REVOKE") and " ON " in sql).restrictions
    again = parse_grants(sql for sql in statements if sql.startswith("GRANT")).held
    assert not {r for r in revoked & wanted.held & now.held if r not in again}


@given(rights())
def test_marks_are_read_back(known: Rights) -> None:
    """What a rotation remembers in an attribute is what it reads there the next time."""
    mark = Mark(Base(known, {"REQUIRE": "REQUIRE SSL"}, {"team": ["a", None]}, locked=True))
    assert Mark.from_text(mark.to_text()) == mark


@pytest.mark.parametrize("text", ["", "{", "[]", '{"held": 1}', '{"held": [["x"]]}', "null", "7"])
def test_a_damaged_mark_starts_from_nothing(text: str) -> None:
    """A mark that somebody changed by hand is still a mark, from which no right is taken for revoked."""
    assert Mark.from_text(text) == Mark()


@given(st.none() | rights(), rights(), rights())
def test_merge_never_gives_what_neither_has(base: Rights | None, one: Rights, two: Rights) -> None:
    """Every right of the merge is a right of one of the two, and reaches no database that both are out of."""
    merged = merge_rights(base, one, two)
    assert merged.held <= one.held | two.held
    for restriction in one.restrictions & two.restrictions:
        still = Right(restriction.privilege, GLOBAL) in merged.held and restriction not in merged.held
        assert not still or restriction in merged.restrictions


@given(st.none() | rights(), rights(), rights())
def test_merge_never_takes_what_neither_revoked(base: Rights | None, one: Rights, two: Rights) -> None:
    """A right of either is missing only if base had it and one of them has not; without a base, none is missing."""
    merged = merge_rights(base, one, two)
    missing = (one.held | two.held) - merged.held
    known = frozenset[Right]() if base is None else base.held
    assert all(r in known and (r not in one.held or r not in two.held) for r in missing if r.level != DEFAULT_ROLE)
    assert merged.restrictions <= one.restrictions | two.restrictions


@given(st.none() | rights(), rights())
def test_merge_of_equals_changes_nothing(base: Rights | None, same: Rights) -> None:
    """Two users that are equal stay as they are, whatever they had before."""
    assert merge_rights(base, same, same) == same


@given(rights(), rights(), rights())
def test_merge_is_stable(base: Rights, one: Rights, two: Rights) -> None:
    """A crash after any half of the work ends in the same merge: one side done, the other not."""
    merged = merge_rights(base, one, two)
    assert merge_sets(base.held, merged.held, two.held) == merged.held
    assert merge_sets(base.held, one.held, merged.held) == merged.held


SELECT = Right("SELECT", GLOBAL)
OUT = Right("SELECT", "`mysql`.*")
WITH, WITHOUT, NEITHER = Rights(frozenset({SELECT})), Rights(frozenset({SELECT}), frozenset({OUT})), Rights()


@pytest.mark.parametrize(
    ("base", "one", "two", "merged"),
    [
        (None, WITHOUT, NEITHER, WITHOUT),
        (None, WITHOUT, WITH, WITH),
        (WITH, WITHOUT, WITH, WITHOUT),
        (WITHOUT, WITHOUT, WITH, WITH),
        (WITHOUT, NEITHER, WITHOUT, NEITHER),
        (NEITHER, WITHOUT, NEITHER, WITHOUT),
        (None, WITHOUT, Rights(frozenset({OUT})), Rights(frozenset({SELECT, OUT}))),
    ],
    ids=["one-holder", "union", "restricted-since", "lifted-since", "revoked-since", "granted-since", "own-grant"],
)
def test_partial_revokes_are_merged(base: Rights | None, one: Rights, two: Rights, merged: Rights) -> None:
    """A partial revoke is a right taken away: it spreads when it is new, and goes when one side was given it back."""
    assert merge_rights(base, one, two) == merge_rights(base, two, one) == merged


def test_default_role_goes_with_its_role() -> None:
    """A role that was revoked is nobody's default role any more."""
    role, default = Right("`r`@`%`", ROLE), Right("`r`@`%`", DEFAULT_ROLE)
    both = Rights(frozenset({role, default}))
    assert merge_rights(both, both, Rights(frozenset({default}))) == Rights()


def test_default_role_outlives_the_admin_option() -> None:
    """A role whose ADMIN OPTION was revoked stays the default role that it was."""
    role, default = Right("`r`@`%`", ROLE), Right("`r`@`%`", DEFAULT_ROLE)
    admin, plain = Rights(frozenset({*with_option(role), default})), Rights(frozenset({role, default}))
    assert merge_rights(admin, admin, plain) == plain


@pytest.mark.parametrize(
    ("base", "original", "clone", "merged"),
    [
        ({}, {"a": 1}, {"a": 2}, {"a": 1}),
        ({"a": 1}, {"a": 1}, {"a": 2}, {"a": 2}),
        ({"a": 1}, {"a": 2}, {"a": 1}, {"a": 2}),
        ({"a": 1}, {"a": 2}, {"a": 3}, {"a": 2}),
        ({"a": 1}, {}, {"a": 1}, {}),
        ({"a": 1}, {"a": 1}, {}, {}),
        ({}, {}, {"a": 1}, {"a": 1}),
    ],
)
def test_settings_are_merged(
    base: dict[str, int], original: dict[str, int], clone: dict[str, int], merged: dict[str, int]
) -> None:
    """Of a setting with one value, the change since wins; the original where both changed or nothing is known."""
    assert merge_values(base, original, clone) == merged


@pytest.mark.parametrize(
    "row", ["SELECT x", "GRANT SELECT ON `a` TO `x`@`y`", "GRANT `r`@`h` TO `x`@`y` WITH GRANT OPTION"]
)
def test_unknown_grants_are_an_error(row: str) -> None:
    """A row that is none of the known forms is not guessed at."""
    with pytest.raises(SqlSyntaxError):
        parse_grants([row])
