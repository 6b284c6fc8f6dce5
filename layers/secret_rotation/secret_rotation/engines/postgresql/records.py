"""Whose pair it is: the same line in the comments of both roles.

A comment on a role takes CREATEROLE, from PostgreSQL 16 on also ADMIN OPTION on it, so neither of the two can write it.
On both, because whoever creates a role has ADMIN OPTION on it: who may write on one of them may set its password too,
and must not gain the other's. Membership proves nothing: up to PostgreSQL 14 a role may grant itself to whom it likes,
and an administrator may have made two roles members of one another for reasons of his own.
Source: PostgreSQL manual, "COMMENT"; release notes of PostgreSQL 15 and 16.
"""

import json
from dataclasses import asdict, dataclass
from typing import Self

PREFIX = "secret_rotation: "


@dataclass(frozen=True, slots=True)
class PairRecord:
    """The record of a pair.

    Attributes:
        secret: the name of the secret that the pair belongs to.
        original: the oid of the original, which stays with it when it is renamed, and never comes to another role.
        clone: that of the clone.
        is_kept: whether the clone goes on acting as itself, as AWS's own rotation function made it.
    """

    secret: str
    original: int
    clone: int
    is_kept: bool = False

    @classmethod
    def from_comment(cls, comment: str | None) -> Self | None:
        """Read the comment of a role.

        Returns:
            None where no line of it is a record.
        """
        for line in reversed((comment or "").splitlines()):
            if line.startswith(PREFIX):
                return cls._from_line(line)
        return None

    @classmethod
    def _from_line(cls, line: str) -> Self | None:
        try:
            document = json.loads(line.removeprefix(PREFIX))
            return cls(
                str(document["secret"]), int(document["original"]), int(document["clone"]), document["is_kept"] is True
            )
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
            return None

    def in_comment(self, text: str | None) -> str:
        """A comment with this text of the administrators', if there is any, and this record."""
        return "\n".join([*_foreign_lines(text), PREFIX + json.dumps(asdict(self))])


def without_record(comment: str | None) -> str | None:
    """What of a comment is the administrators' own.

    Returns:
        None where nothing is.
    """
    return "\n".join(_foreign_lines(comment)) or None


def _foreign_lines(comment: str | None) -> list[str]:
    return [line for line in (comment or "").splitlines() if not line.startswith(PREFIX)]
