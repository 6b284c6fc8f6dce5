"""The doctor's round: the secrets of this stack whose turn it is, and a count of how all of them stand."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from secret_rotation.deadline import Deadline
from secret_rotation.errors import RotationError
from secret_rotation.examination.memory import Memory
from secret_rotation.examination.parts import Parts
from secret_rotation.examination.turns import is_due, turn_before
from secret_rotation.examination.verification import Outcome, Verification
from secret_rotation.examination.verifier import SECONDS, Verifier
from secret_rotation.labels import AWSCURRENT
from secret_rotation.lateness import is_overdue, is_stuck
from secret_rotation.store import Listed

AWS_SECONDS = 30.0
"""For the calls of one secret, which take milliseconds where AWS answers."""
HOLDS_FOR = timedelta(days=3)
"""A verification older than that says nothing any more."""
METRICS: Mapping[Outcome, str] = {
    Outcome.HEALTHY: "SecretsVerified",
    Outcome.OUT_OF_SYNC: "SecretsOutOfSync",
    Outcome.UNREACHABLE: "SecretsUnreachable",
    Outcome.UNCHECKED: "SecretsUnchecked",
}
"""The metrics that share all secrets of the stack among them."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one round has found.

    Attributes:
        counts: by the names of metrics. Where the memory cannot be read, how secrets stood is not known, and not said.
        verified: what was verified in this round.
        left: the number of secrets that the next round has to go on with.
        fault: why nothing was verified; None where it was.
    """

    counts: Mapping[str, int]
    verified: list[Verification]
    left: int
    fault: str | None = None


def go_round(parts: Parts, memory: Memory, now: Callable[[], datetime], deadline: Deadline) -> Round:
    """Verify the secrets whose turn it is, as far as the time allows, and count all.

    Raises:
        SecretStoreError: the secrets cannot be listed.
    """
    started = now()
    attached = [secret for secret in parts.store.all_secrets() if parts.strategy_of(secret.function_arn) is not None]
    late = {
        "SecretsOverdue": sum(is_overdue(secret.next_rotation, started) for secret in attached),
        "SecretsStuck": sum(_is_stuck(secret, started) for secret in attached),
    }
    try:
        last = memory.read(started, deadline)
    except RotationError as error:
        unchecked = {METRICS[Outcome.UNCHECKED]: len(attached)}
        return Round({**late, **unchecked}, [], 0, f"Nothing logs in without its memory, this function's log. {error}")
    due = [secret for secret in attached if is_due(secret.arn, last.get(secret.arn), started)]
    # What came to nothing last time comes last: hosts that do not answer, each of which takes its minute, might take
    # the whole round, hour by hour and day by day.
    due.sort(key=lambda secret: (_came_to_nothing(last.get(secret.arn)), turn_before(secret.arn, started)))
    verifier = Verifier(parts, now, deadline.remaining_seconds, _rejected(attached, last))
    verified = _verify(due, last, verifier, memory, deadline)
    last |= {verification.secret: verification for verification in verified}
    standing = Counter(_standing(secret, last.get(secret.arn), started) for secret in attached)
    counts = {metric: standing[outcome] for outcome, metric in METRICS.items()}
    return Round({**late, **counts}, verified, len(due) - len(verified))


def _verify(
    due: Iterable[Listed], last: Mapping[str, Verification], verifier: Verifier, memory: Memory, deadline: Deadline
) -> list[Verification]:
    verified = []
    for secret in due:
        if not deadline.allows(SECONDS + AWS_SECONDS):
            break
        verification = verifier.verify(secret, last.get(secret.arn))
        memory.write(verification)
        verified.append(verification)
    return verified


def _rejected(attached: Iterable[Listed], last: Mapping[str, Verification]) -> dict[str, str]:
    """The accounts of whom AWSCURRENT of some secret is known to be rejected, each with that secret."""
    known = ((secret.labels.holder(AWSCURRENT), last.get(secret.arn)) for secret in attached)
    return {
        one.account: one.secret
        for current, one in known
        if one is not None and one.account is not None and one.rejected is not None and one.rejected == current
    }


def _came_to_nothing(last: Verification | None) -> bool:
    return last is not None and not last.is_settled


def _is_stuck(secret: Listed, now: datetime) -> bool:
    unfinished = secret.labels.unfinished is not None
    return is_stuck(secret.last_changed, now, unfinished=unfinished, enabled=secret.rotation_enabled)


def _standing(secret: Listed, last: Verification | None, now: datetime) -> Outcome:
    """The word for a secret between its turns, for as long as it holds."""
    if last is None or now - last.at > HOLDS_FOR:
        return Outcome.UNCHECKED
    return last.standing(secret.labels.holder(AWSCURRENT))
