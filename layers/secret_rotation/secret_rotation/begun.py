"""Which rotations have begun in this Lambda environment: what testSecret tests under their tokens is no dry run."""

from collections import deque
from dataclasses import dataclass, field

from secret_rotation.request import RotationRequest

_MOST = 128
"""How many are remembered. Whoever is forgotten costs one GetSecretValue."""


@dataclass(frozen=True, slots=True)
class BegunRotations:
    """The last rotations of which this environment has run createSecret or setSecret to its end."""

    _known: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=_MOST))

    def add(self, request: RotationRequest) -> None:
        """Remember the rotation that a request belongs to."""
        if request not in self:
            self._known.append((request.secret_arn, request.token))

    def __contains__(self, request: RotationRequest) -> bool:
        return (request.secret_arn, request.token) in self._known
