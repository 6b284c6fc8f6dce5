"""What can be told of a secret by its value alone, before anybody connects to anything."""

from collections.abc import Iterator
from dataclasses import dataclass

from secret_rotation.credentials import Credentials, refuse_proxy
from secret_rotation.doctor.findings import Finding, Result
from secret_rotation.errors import RotationError, SecretStoreError
from secret_rotation.examination.network import service
from secret_rotation.examination.parts import Parts
from secret_rotation.examiner import Examiner, Subject
from secret_rotation.labels import AWSCURRENT
from secret_rotation.pairs import Pair
from secret_rotation.store import StoredVersion
from secret_rotation.strategy import Strategy, next_username

_UNATTACHED = (
    "The doctor's function reads only secrets that a function of its own stack rotates: attach it first, or let your "
    "own machine look, where it reaches the database: rotationctl check --local."
)
UNKNOWN_FUNCTION = "No function of this stack rotates it, so whether two users alternate is not known."
_DENIED = ("AccessDenied", "AccessDeniedException")


@dataclass(frozen=True, slots=True)
class Chart:
    """A secret as it was read.

    Attributes:
        strategy: of its function; None where nobody knows it.
    """

    stored: StoredVersion
    examiner: Examiner
    user: Credentials
    strategy: Strategy | None

    @property
    def subject(self) -> Subject:
        """Whose login is examined."""
        alternates = self.strategy is not None and self.strategy.superuser_required
        return Subject(self.stored.arn, Pair.of(self.user.username) if alternates else None)

    @property
    def usernames(self) -> list[str]:
        """The names of the secret's own users."""
        pair = self.subject.pair
        return [pair.original, pair.clone] if pair else [self.user.username]


def read(parts: Parts, secret_arn: str, strategy: str | None) -> Chart | Finding:
    """AWSCURRENT, with all that its examination needs, or why it cannot be read.

    Args:
        parts: what reads it.
        secret_arn: its ARN or name.
        strategy: of the function that is to rotate it; None where its function says that.
    """
    try:
        description = parts.store.describe(secret_arn)
        stored = parts.store.read(secret_arn, stage=AWSCURRENT)
        examiner, user = parts.read(stored, AWSCURRENT)
    except SecretStoreError as error:
        return _unread(parts, error)
    except RotationError as error:
        return Finding("secret.value", Result.FAILED, str(error))
    kind = parts.strategies[strategy] if strategy else parts.strategy_of(description.function_arn)
    return Chart(stored, examiner, user, kind)


def by_value(parts: Parts, chart: Chart) -> Iterator[Finding]:
    """What the value says."""
    user = chart.user
    text = f"It is JSON, for {user.username} on {chart.examiner.engine.name} at {user.host}:{user.port}."
    yield Finding("secret.value", Result.OK, text)
    yield _username(parts, chart)
    try:
        refuse_proxy(user)
    except RotationError as error:
        yield Finding("secret.host", Result.FAILED, str(error))
    else:
        yield Finding("secret.host", Result.OK, f"{user.certified_name} is no RDS Proxy.")


def _username(parts: Parts, chart: Chart) -> Finding:
    name = "secret.username"
    if chart.strategy is None:
        return Finding(name, Result.SKIPPED, UNKNOWN_FUNCTION)
    try:
        following = next_username(chart.strategy, chart.examiner.engine, parts.settings.username_limit, chart.user)
    except RotationError as error:
        return Finding(name, Result.FAILED, str(error))
    return Finding(name, Result.OK, f"The next version's user would be {following}.")


def _unread(parts: Parts, error: SecretStoreError) -> Finding:
    if error.code in _DENIED:
        return Finding("secret.value", Result.FAILED, str(error), _UNATTACHED if parts.functions else None)
    if error.passes:
        seen = service("network.secretsmanager", parts.secrets_manager_url, needed=True)
        if seen.result is Result.FAILED:
            return seen
    return Finding("secret.value", Result.FAILED, str(error))
