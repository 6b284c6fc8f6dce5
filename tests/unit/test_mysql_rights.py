"""Rights of MySQL accounts: reading them, rendering the difference, and merging."""

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secret_rotation.engines.mysql.changes import additions, removals
from secret_rotation.engines.mysql.merge import merge_rights, merge_sets, merge_values
from secret_rotation.engines.mysql.records import Base, Decisions, HostRecord, PairRecord
from secret_rotation.engines.mysql.rights import (
    ALL,
    DEFAULT_ROLE,
    GLOBAL,
    GRANT_OPTION,
    PROXY,
    ROLE,
    Right,
    Rights,
    SqlSyntaxError,
    all_privileges,
    parse_grants,
)
from secret_rotation.engines.mysql.sql import account_name, identifier

ACCOUNT = account_name("app", "%")
COUNTERPART = account_name("app_clone", "%")

names = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=8)
quoted_names = names.map(identifier).map(str)
accounts = st.builds(account_name, names, names).map(str)
databases = quoted_names.map("{}.*".format)
tables = st.builds("{}.{}".format, quoted_names, quoted_names)
routines = st.builds("{} {}".format, st.sampled_from(["PROCEDURE", "FUNCTION"]), tables)


def with_option(right: Right) -> list[Right]:
    """The right, and the one to hand it on."""
    return [right, Right(right.privilege, right.level, option=True)]


static = st.sampled_from(["SELECT", "INSERT", "CREATE VIEW", "SELECT INTO S3", GRANT_OPTION])
alone = st.one_of(
    st.builds(Right, st.sampled_from(["XA_RECOVER_ADMIN", "BACKUP_ADMIN"]), st.just(GLOBAL)),
    st.builds(Right, accounts, st.just(ROLE)),
    st.builds(Right, st.just(PROXY), accounts),
)
elements = st.one_of(
    st.builds(lambda *parts: [Right(*parts)], static, st.one_of(st.just(GLOBAL), databases, tables)),
    st.builds(lambda *parts: [Right(*parts)], st.sampled_from(["EXECUTE", GRANT_OPTION]), routines),
    st.builds(lambda *parts: [Right(*parts)], st.sampled_from(["SELECT", "UPDATE"]), tables, quoted_names),
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
    changes = additions(ACCOUNT, Rights(), unrestricted, COUNTERPART)
    assert parse_grants(str(change.sql) for change in changes) == unrestricted


@given(rights())
def test_restrictions_are_read_back(wanted: Rights) -> None:
    """Partial revokes, rendered and read, are the same partial revokes."""
    changes = removals(ACCOUNT, Rights(wanted.held), wanted)
    assert parse_grants(str(change.sql) for change in changes).restrictions == wanted.restrictions


@given(rights())
def test_nothing_is_done_where_nothing_differs(same: Rights) -> None:
    """Equal rights need no statement."""
    assert not additions(ACCOUNT, same, same, COUNTERPART)
    assert not removals(ACCOUNT, same, same)


def test_an_option_that_goes_with_another_is_given_back() -> None:
    """GRANT OPTION, once revoked on all of the server, takes that of dynamic privileges with it."""
    wanted = Rights(frozenset(with_option(Right("XA_RECOVER_ADMIN", GLOBAL))))
    revoke, grant = removals(ACCOUNT, Rights(wanted.held | {Right(GRANT_OPTION, GLOBAL)}), wanted)
    assert str(revoke.sql).startswith("REVOKE GRANT OPTION ON *.*")
    assert parse_grants([str(grant.sql)]) == wanted


def test_a_lost_all_is_no_statement() -> None:
    """Where all single rights stay, what the server prints as ALL takes no REVOKE."""
    single = frozenset(all_privileges("`a`.*"))
    assert not removals(ACCOUNT, Rights(single | {Right(ALL, "`a`.*")}), Rights(single))


@given(rights(), rights())
def test_revokes_name_only_what_is_too_much(now: Rights, wanted: Rights) -> None:
    """What is to stay is in no REVOKE, unless it is granted again at once for its lost option."""
    statements = [str(change.sql) for change in removals(ACCOUNT, now, wanted)]
    revoked = parse_grants(sql for sql in statements if sql.startswith("REVOKE") and " ON " in sql).restrictions
    again = parse_grants(sql for sql in statements if sql.startswith("GRANT")).held
    assert not {r for r in revoked & wanted.held & now.held if r not in again}


@given(rights(), rights())
def test_records_are_read_back(known: Rights, decided: Rights) -> None:
    """What a rotation remembers in an attribute is what it reads there the next time."""
    base = Base(known, {"REQUIRE": "REQUIRE SSL"}, {"team": ["a", None]}, locked=True)
    decisions = Decisions(Rights(decided.held), frozenset({"REQUIRE"}), frozenset({"team"}), lock=True)
    hosts = {"%": HostRecord(base, "mark", decisions), "10.%": HostRecord(clone_decides=decisions), "x": HostRecord()}
    record = PairRecord("arn:aws:secretsmanager:eu-central-1:123456789012:secret:app", hosts)
    assert PairRecord.from_attribute(record.to_attribute("app"), "app") == record


@pytest.mark.parametrize(
    "changes",
    [
        {"pair": "another"},
        {"secret": None, "hosts": None},
        *(
            {"hosts": text}
            for text in ("", "{", "[]", '{"%": 1}', '{"%": {"held": 1}}', '{"%": {"held": [["x"]]}}', "null", "7")
        ),
    ],
    ids=str,
)
def test_a_damaged_record_is_none(changes: dict[str, object]) -> None:
    """A record that somebody changed by hand is refused, and never taken for one in which nothing is remembered."""
    attribute = {**PairRecord("arn", {}).to_attribute("app"), **changes}
    with pytest.raises(ValueError, match=r"."):
        PairRecord.from_attribute(attribute, "app")


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


@pytest.mark.parametrize("level", ["`shop`.*", "`shop`.`t`"])
def test_the_word_for_all_goes_where_one_of_its_parts_does(level: str) -> None:
    """One side was given the last right that it lacked, so that the server says ALL; from the other one was revoked."""
    every = frozenset(all_privileges(level))
    given, revoked = Right("TRIGGER", level), Right("DROP", level)
    base = Rights(every - {given})
    all_of_it, less = Rights(every | {Right(ALL, level)}), Rights(every - {given, revoked})
    assert merge_rights(base, all_of_it, less) == merge_rights(base, less, all_of_it) == Rights(every - {revoked})
    assert merge_rights(base, all_of_it, base) == all_of_it


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


def test_privileges_of_relatives_are_read() -> None:
    """A privilege ends at a comma, a bracket or ON: Aurora has some with FROM and INTO in them, and may have others."""
    names = (
        "LOAD FROM S3",
        "SELECT INTO S3",
        "INVOKE LAMBDA",
        "INVOKE SAGEMAKER",
        "INVOKE COMPREHEND",
        "GO TO WITH X9",
    )
    found = parse_grants([f"GRANT SELECT, {', '.join(names)} ON *.* TO `app`@`%` WITH GRANT OPTION"])
    assert found.held == {Right(name, GLOBAL) for name in ("SELECT", GRANT_OPTION, *names)}
    (change,) = additions(ACCOUNT, Rights(), found, COUNTERPART)
    assert all(name in str(change.sql) for name in names)
    assert parse_grants([str(change.sql)]) == found


def test_privileges_of_relatives_have_columns_and_partial_revokes() -> None:
    """Brackets end a privilege as well, and what is revoked from a database is read like what is granted."""
    found = parse_grants(
        [
            "GRANT SELECT (`ON`, `from, to`), LOAD FROM S3 (`a``b`) ON `db`.`t (x), y` TO `app`@`%`",
            "GRANT LOAD FROM S3 ON *.* TO `app`@`%`",
            "REVOKE LOAD FROM S3 ON `a FROM b`.* FROM `app`@`%`",
            "GRANT `AWS_LOAD_S3_ACCESS`@`%`,`r ON x`@`10.%` TO `app`@`%`",
        ]
    )
    columns = {("SELECT", "`ON`"), ("SELECT", "`from, to`"), ("LOAD FROM S3", "`a``b`")}
    assert found.held == {
        *(Right(privilege, "`db`.`t (x), y`", column) for privilege, column in columns),
        Right("LOAD FROM S3", GLOBAL),
        Right("`AWS_LOAD_S3_ACCESS`@`%`", ROLE),
        Right("`r ON x`@`10.%`", ROLE),
    }
    assert found.restrictions == {Right("LOAD FROM S3", "`a FROM b`.*")}


@pytest.mark.parametrize(
    "row", ["SELECT x", "GRANT SELECT ON `a` TO `x`@`y`", "GRANT `r`@`h` TO `x`@`y` WITH GRANT OPTION"]
)
def test_unknown_grants_are_an_error(row: str) -> None:
    """A row that is none of the known forms is not guessed at."""
    with pytest.raises(SqlSyntaxError):
        parse_grants([row])
