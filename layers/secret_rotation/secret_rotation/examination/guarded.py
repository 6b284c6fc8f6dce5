"""Checks that a server, or a service, may stop."""

from collections.abc import Callable

from secret_rotation.defects import foreseen
from secret_rotation.doctor.findings import Finding, Result
from secret_rotation.errors import RotationError, StatementFailedError, UnsafeRotationError

_INFORMATIVE = frozenset({
    "login.sessions", "grants.old_password", "grants.verifier", "grants.expiry", "grants.accounts", "pair.users",
    "pair.record",
})  # fmt: skip
"""Checks whose statements a server may refuse without any rotation being the worse for it."""


def guarded(name: str, check: Callable[[], Finding]) -> Finding:
    """What a check finds; what stops it is a failure that it found."""
    try:
        with foreseen():
            return check()
    except (StatementFailedError, UnsafeRotationError) as error:
        return Finding(name, Result.SKIPPED if name in _INFORMATIVE else Result.FAILED, str(error))
    except RotationError as error:
        return Finding(name, Result.FAILED, str(error))
