"""Which secrets a run rotates, and why it leaves others out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from rotationctl import fleet
from rotationctl.output import moment
from rotationctl.recovery import Condition, is_outdated
from rotationctl.secret import Secret
from rotationctl.state import NOT_OURS, State, judge
from rotationctl.versions import read_versions
from rotationctl.waves.result import Outcome

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A secret that is left out, and why."""

    secret: Secret
    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True)
class Choice:
    """What a run may rotate.

    Attributes:
        names: the secrets that were named; all that there are where there are none.
        tags: that each has to have.
        any_function: whether functions that are not of this product may rotate, too.
        not_since: who has rotated since then is left out; None leaves nobody out.
    """

    names: Sequence[str]
    tags: Mapping[str, str]
    any_function: bool
    not_since: datetime | None

    def read(self, client: "SecretsManagerClient", options: Sequence[str]) -> list[Secret]:
        """The secrets in question, by name.

        Raises:
            Failure: one that was named cannot be read. Nothing has been changed then.
        """
        if not self.names:
            return sorted(fleet.list_secrets(client, self.tags), key=lambda secret: secret.name)
        found = (fleet.describe_secret(client, name, options) for name in dict.fromkeys(self.names))
        return list({secret.arn: secret for secret in found}.values())

    def exclusion(self, secret: Secret, now: datetime) -> Exclusion | None:
        """Why a secret is left out; None where it is not."""
        reason = self._hindrance(secret, judge(secret, now))
        if reason is not None:
            return Exclusion(secret, Outcome.LEFT_OUT, reason)
        last = secret.last_rotated
        if self.not_since is None or last is None or last < self.not_since or secret.pending is not None:
            return None
        return Exclusion(secret, Outcome.BEFORE, f"rotated since {moment(self.not_since)}, see --not-since")

    def _hindrance(self, secret: Secret, state: State) -> str | None:
        if state in NOT_OURS:
            return f"{state}: {state.meaning.rstrip('.')}"
        if secret.current is None:
            return "no version is AWSCURRENT: nothing can rotate it"
        if secret.function is None and not self.any_function:
            return "its function is not of this product; --any-function includes it"
        if not secret.rotation_enabled and not self.names:
            return "rotation is off; RotateSecret would turn it on: name the secret if it shall"
        return None


def outdated(client: "SecretsManagerClient", secret: Secret) -> Exclusion | None:
    """Why RotateSecret would do harm now; None where it would not.

    It goes on with a version that is AWSPENDING, also where that is older than AWSCURRENT.
    """
    if secret.pending is None or not is_outdated(secret, read_versions(client, secret)):
        return None
    return Exclusion(secret, Outcome.LEFT_OUT, f"outdated: {Condition.OUTDATED.meaning.rstrip('.')}")
