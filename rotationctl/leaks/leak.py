"""Which version has leaked, and how many rotations it takes until its password is dead."""

import json
from dataclasses import dataclass
from typing import Self

from rotationctl.by_hand import by_hand
from rotationctl.exits import Exit, Failure
from rotationctl.functions import ALTERNATING_USERS
from rotationctl.local.values import NoValueError, Values
from rotationctl.recovery import Condition, Diagnosis
from rotationctl.remedies import Adviser
from rotationctl.secret import Secret
from rotationctl.state import judge
from rotationctl.text import printable
from secret_rotation.pairs import Pair

IN_THE_WAY = (Condition.NO_CURRENT, Condition.OUTDATED)
"""In these conditions a rotation would not help, or would bring an old password back."""


@dataclass(frozen=True, slots=True)
class Leak:
    """A version of a secret whose password others know.

    Attributes:
        rotations: how many it takes.
        why: so many.
    """

    secret: Secret
    version: str
    rotations: int
    why: str

    @classmethod
    def of(
        cls, found: Diagnosis, version: str | None, rotations: int | None, adviser: Adviser, values: Values | None
    ) -> Self:
        """Find out what has leaked, and what it takes.

        Args:
            found: the secret, and the condition that it is in.
            version: which version; AWSCURRENT where that is None.
            rotations: how many a person asks for.
            adviser: knows what to type.
            values: reads the secret's versions; None where nobody may.

        Raises:
            Failure: there is no such version, or nothing can be rotated now.
        """
        secret = found.secret
        leaked = version or secret.current
        if found.condition is Condition.ELSEWHERE:
            raise Failure(_elsewhere(secret, adviser), Exit.NOT_FINE)
        if found.condition in IN_THE_WAY and leaked != secret.pending:
            raise Failure(
                f"{printable(secret.name)} is in no condition to be rotated ({found.condition}). First: "
                f"{adviser.recover(secret)}",
                Exit.NOT_FINE,
            )
        if leaked is None or leaked not in {listed.version_id for listed in found.versions}:
            raise Failure(
                f"There is no version {printable(leaked or 'AWSCURRENT')} of {printable(secret.name)}. Its versions: "
                f"{adviser.recover(secret)}",
                Exit.NOT_FINE,
            )
        if rotations is not None:
            return cls(secret, leaked, rotations, "as asked for")
        return cls(secret, leaked, *_needed(secret, leaked, values))

    @property
    def is_pending(self) -> bool:
        """Whether a rotation that goes on would set this very password."""
        return self.version == self.secret.pending


def _elsewhere(secret: Secret, adviser: Adviser) -> str:
    """Why no function here can end the password, and where to look."""
    state = judge(secret, adviser.now)
    return (
        f"Nobody here rotates {printable(secret.name)} ({state}), so nothing was done. Who rotates it, and how to "
        f"attach a function: {adviser.check(secret)}"
    )


def _needed(secret: Secret, version: str, values: Values | None) -> tuple[int, str]:
    """The table of docs/operations.md, "A password has leaked"."""
    needed, why = _of_current(secret)
    if version == secret.current or needed == 1:
        return needed, why
    alternates = secret.function is not None and secret.function.strategy == ALTERNATING_USERS
    if alternates and values is not None and secret.current and _is_other_user(values, version, secret.current):
        return 1, "it is the other user's, whose turn comes first"
    return needed, f"{why}; a version that is not AWSCURRENT may hold a login that lives as long"


def _of_current(secret: Secret) -> tuple[int, str]:
    """How many rotations end the password of AWSCURRENT."""
    function = secret.function
    if function is None:
        return 2, "nobody knows how long another's function keeps the old one"
    if function.strategy == ALTERNATING_USERS:
        return 2, "the first sets the other user's password, the second this one's"
    if by_hand(function.engine).KEEPS_OLD_PASSWORD:
        return 2, "the first keeps the old password beside the new one, unless OLD_PASSWORD is discard"
    return 1, "a user has one password"


def _is_other_user(values: Values, version: str, current: str) -> bool:
    """Whether a version is known to hold the login of the pair's other user."""
    leaked, mine = (_username(values, one) for one in (version, current))
    return leaked is not None and mine is not None and leaked == Pair.of(mine).other(mine)


def _username(values: Values, version: str) -> str | None:
    """Whose login a version holds; None where it holds none that can be read."""
    try:
        username = json.loads(values.text(version))["username"]
    except (NoValueError, ValueError, TypeError, LookupError, RecursionError):
        return None
    return username if isinstance(username, str) else None
