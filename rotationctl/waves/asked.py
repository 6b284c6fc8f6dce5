"""What the command line asks a run for."""

from collections.abc import Sequence
from dataclasses import dataclass

from rotationctl.waves.choice import Choice
from rotationctl.waves.run import Limits


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for.

    Attributes:
        words: its options, as they are typed to go on; without those that this module adds.
        state_machine: what rotates them, by its name or ARN; None where this program does.
    """

    choice: Choice
    limits: Limits
    group_by: str | None
    at_once: int
    per_database: int
    words: Sequence[str]
    state_machine: str | None = None
