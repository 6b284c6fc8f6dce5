"""What a rotation leaves on the accounts of a clone: the proof that it is one, and what the next merge starts from.

It is the value of one key of the account's attribute, a JSON document as a string, so that it is replaced as a whole.
MySQL 9.7 takes attributes of several megabytes; a right takes about 50 bytes. Nothing in it is secret.
Source: MySQL Reference Manual, "CREATE USER Comment and Attribute Options".
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from secret_rotation.engines.mysql.rights import ALL, Right, Rights, all_privileges

ATTRIBUTE_KEY = "secret_rotation"


@dataclass(frozen=True, slots=True)
class Base:
    """What an account and its counterpart had after the last rotation."""

    rights: Rights = field(default_factory=Rights)
    options: Mapping[str, str] = field(default_factory=dict)
    attribute: Mapping[str, object] = field(default_factory=dict)
    locked: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """`base` is None where the account has no counterpart. `unfinished`: created, and locked until it has all."""

    base: Base | None = None
    unfinished: bool = False

    def to_text(self) -> str:
        """The mark as it is stored; equal marks are equal texts."""
        document: dict[str, object] = {"unfinished": True} if self.unfinished else {}
        if self.base is not None:
            document |= {
                "held": _dump(self.base.rights.held),
                "restrictions": _dump(self.base.rights.restrictions),
                "options": self.base.options,
                "attribute": self.base.attribute,
                "locked": self.base.locked,
            }
        return json.dumps(document, separators=(",", ":"), sort_keys=True)

    @classmethod
    def from_text(cls, text: object) -> "Mark | None":
        """Read a mark; None where there is none. One that was tampered with says no more than that there is one."""
        if text is None:
            return None
        try:
            document = json.loads(str(text))
            return cls(_base(document) if "held" in document else None, document.get("unfinished") is True)
        except (ValueError, TypeError, KeyError, AttributeError):
            return cls()


def _dump(rights: frozenset[Right]) -> list[list[object]]:
    """One short row for each right. What ALL PRIVILEGES stands for is left out."""
    implied = {part for right in rights if right.privilege == ALL for part in all_privileges(right.level)}
    rows: list[list[object]] = []
    for right in sorted(rights - implied):
        details = [right.column, True] if right.option else [right.column] if right.column else []
        rows.append([right.privilege, right.level, *details])
    return rows


def _load(rows: list[tuple[str, str]]) -> frozenset[Right]:
    rights = {Right(*row) for row in rows}
    return frozenset(rights.union(*(all_privileges(right.level) for right in rights if right.privilege == ALL)))


def _base(document: dict[str, object]) -> Base:
    return Base(
        rights=Rights(_load(document["held"]), _load(document["restrictions"])),  # type: ignore[arg-type]
        options=dict(document["options"]),  # type: ignore[call-overload]
        attribute=dict(document["attribute"]),  # type: ignore[call-overload]
        locked=document["locked"] is True,
    )
