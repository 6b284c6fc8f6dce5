"""The three-way merge of two accounts that are one principal. Pure: no connection in here.

`base` is what both had after the last rotation. What one side has and base has not was added since, so the other gets
it; what base has and one side has not was revoked since, so the other loses it. Without a base (a pair that another
rotation function made) nothing can have been revoked: the merge is the union.

MySQL commits each statement by itself. A rotation that dies after it has copied a right from one user to the other, and
before it has recorded that both have it, leaves a right that looks as if an operator had given it to the copy. If the
operator now revokes it from the one who had it first, the next rotation would give it back. So for whatever differs
between the two, the record first says which of them decides; until the record has the outcome, that one's present state
is what both are to have.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from secret_rotation.engines.mysql.accounts import Account
from secret_rotation.engines.mysql.records import Base, Decisions, HostRecord
from secret_rotation.engines.mysql.rights import (
    ALL,
    DEFAULT_ROLE,
    GLOBAL,
    GRANT_OPTION,
    ROLE,
    Right,
    Rights,
    all_privileges,
)

Element = TypeVar("Element")
Key = TypeVar("Key")
Value = TypeVar("Value")


def merge_sets(base: frozenset[Element] | None, one: frozenset[Element], two: frozenset[Element]) -> frozenset[Element]:
    """What both have, and what one of them got since: never what neither has, and all that neither has lost."""
    return (one & two) | ((one ^ two) - (base or frozenset()))


def merge_rights(base: Rights | None, one: Rights, two: Rights) -> Rights:
    """The rights that both are to have."""
    held = merge_sets(None if base is None else base.held, one.held, two.held)
    revoked = frozenset(
        right.privilege for right in (one.held | two.held) - held if right.level == ROLE and not right.option
    )
    held -= {Right(role, DEFAULT_ROLE) for role in revoked}
    # The word brings all of its parts with it, so it goes where one of them does.
    held -= {right for right in held if right.privilege == ALL and not held.issuperset(all_privileges(right.level))}
    candidates = one.restrictions | two.restrictions
    return Rights(held, frozenset(r for r in candidates if _stays_restricted(r, held, base, (one, two))))


def _stays_restricted(
    restriction: Right, held: frozenset[Right], base: Rights | None, sides: tuple[Rights, Rights]
) -> bool:
    """Whether a partial revoke stays: a restriction takes away, so here the union of rights is the fewer of them."""
    everywhere = Right(restriction.privilege, GLOBAL)
    if everywhere not in held or restriction in held:
        return False
    holders = [side for side in sides if everywhere in side.held]
    if all(restriction in side.restrictions for side in holders):
        return True
    # One side is out of the database, the other is not: revoked from the one since, or given back to the other?
    return base is not None and everywhere in base.held and restriction not in base.restrictions


def merge_values(
    base: Mapping[Key, Value], original: Mapping[Key, Value], clone: Mapping[Key, Value]
) -> dict[Key, Value]:
    """Settings with one value each: what changed since wins. Where both did, or nothing tells, the original wins."""
    merged = {}
    for key in [*original, *(key for key in clone if key not in original)]:
        value = _merged_value(base.get(key), original.get(key), clone.get(key))
        if value is not None:
            merged[key] = value
    return merged


def _merged_value(base: Value | None, original: Value | None, clone: Value | None) -> Value | None:
    return clone if original == base else original


def decide(record: HostRecord, changing: Account, in_use: Account, wanted: Base, *, is_clones_turn: bool) -> HostRecord:
    """The record of a host with what is about to change: the side that is already as wanted decides.

    `changing` is the account whose password is being set; only its lock changes.
    """
    by_changing = _deciding(changing, in_use, wanted)
    is_lock_copied = changing.locked != wanted.locked == in_use.locked
    by_in_use = replace(_deciding(in_use, changing, wanted), lock=is_lock_copied)
    original, clone = (by_in_use, by_changing) if is_clones_turn else (by_changing, by_in_use)
    return replace(record, original_decides=original, clone_decides=clone)


def base_of(record: HostRecord, original: Account, clone: Account) -> Base | None:
    """What the merge starts from: the recorded base, turned so that who is to decide does.

    The merge takes what base has not for added and what base has for revoked, so base lacks what the deciding side has,
    and has what it lacks; of settings, base has the other side's value.
    """
    base = record.base
    for decisions, one, two in ((record.original_decides, original, clone), (record.clone_decides, clone, original)):
        if decisions != Decisions():
            base = _turned(base or Base(), decisions, one, two)
    return base


def _deciding(one: Account, two: Account, wanted: Base) -> Decisions:
    return Decisions(
        rights=Rights(
            _with_what_goes_along(_settled(one.rights.held, two.rights.held, wanted.rights.held), one.rights.held),
            _settled(one.rights.restrictions, two.rights.restrictions, wanted.rights.restrictions),
        ),
        options=_settled_keys(one.options, two.options, wanted.options),
        attribute=_settled_keys(one.attribute, two.attribute, wanted.attribute),
    )


def _settled(one: frozenset[Right], two: frozenset[Right], wanted: frozenset[Right]) -> frozenset[Right]:
    """What only one of the two has, or only the other, and this one as wanted."""
    return (one ^ two) - (one ^ wanted)


def _with_what_goes_along(settled: frozenset[Right], held: frozenset[Right]) -> frozenset[Right]:
    """The same, and what an account is without for a moment where only an option is taken from it.

    MySQL has no statement for that: the right goes with its option, and is granted again (see `changes`).
    """
    ended = {right for right in settled - held if right.option}
    along = {replace(right, option=False) for right in ended}
    along |= {Right(right.privilege, DEFAULT_ROLE) for right in ended if right.level == ROLE}
    if Right(GRANT_OPTION, GLOBAL) in settled - held:
        along |= {right for right in held if right.is_dynamic and right.option}
    return settled | (along & held)


def _settled_keys(one: Mapping[str, object], two: Mapping[str, object], wanted: Mapping[str, object]) -> frozenset[str]:
    keys = one.keys() | two.keys()
    return frozenset(key for key in keys if one.get(key) != two.get(key) and one.get(key) == wanted.get(key))


def _turned(base: Base, decisions: Decisions, one: Account, two: Account) -> Base:
    shared = frozenset(
        everywhere
        for restriction in decisions.rights.restrictions
        if (everywhere := Right(restriction.privilege, GLOBAL)) in one.rights.held & two.rights.held
    )
    return replace(
        base,
        rights=Rights(
            _without(base.rights.held, decisions.rights.held, one.rights.held) | shared,
            _without(base.rights.restrictions, decisions.rights.restrictions, one.rights.restrictions),
        ),
        options={**base.options, **{key: two.options[key] for key in decisions.options if key in two.options}},
        attribute=_with_values(base.attribute, decisions.attribute, two.attribute),
    )


def _without(base: frozenset[Right], decided: frozenset[Right], held: frozenset[Right]) -> frozenset[Right]:
    return (base - (decided & held)) | (decided - held)


def _with_values(base: Mapping[str, object], keys: frozenset[str], values: Mapping[str, object]) -> dict[str, object]:
    others = {key: value for key, value in base.items() if key not in keys}
    return {**others, **{key: values[key] for key in keys if key in values}}
