"""The three-way merge of two users that are one principal. Pure: no connection in here.

`base` is what both had after the last rotation. What one side has and base has not was added since, so the other gets
it; what base has and one side has not was revoked since, so the other loses it. Without a base (a pair that another
rotation function made) nothing can have been revoked: the merge is the union.
"""

from collections.abc import Mapping
from typing import TypeVar

from secret_rotation.engines.mysql.rights import DEFAULT_ROLE, GLOBAL, ROLE, Right, Rights

Element = TypeVar("Element")
Key = TypeVar("Key")
Value = TypeVar("Value")


def merge_sets(base: frozenset[Element] | None, one: frozenset[Element], two: frozenset[Element]) -> frozenset[Element]:
    """What both have, and what one of them got since. Never what neither has; never without what neither lost."""
    return (one & two) | ((one ^ two) - (base or frozenset()))


def merge_rights(base: Rights | None, one: Rights, two: Rights) -> Rights:
    """The rights that both are to have."""
    held = merge_sets(None if base is None else base.held, one.held, two.held)
    revoked = frozenset(
        right.privilege for right in (one.held | two.held) - held if right.level == ROLE and not right.option
    )
    held -= {Right(role, DEFAULT_ROLE) for role in revoked}
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
    """Settings with one value each: what changed since wins; where both did, or nothing tells, the original wins."""
    merged = {}
    for key in [*original, *(key for key in clone if key not in original)]:
        value = _merged_value(base.get(key), original.get(key), clone.get(key))
        if value is not None:
            merged[key] = value
    return merged


def _merged_value(base: Value | None, original: Value | None, clone: Value | None) -> Value | None:
    return clone if original == base else original
