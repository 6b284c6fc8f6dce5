"""What is to be attached to what: found out before anything is changed."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotationctl import fleet
from rotationctl.causes import Cause
from rotationctl.enabling.configuration import SUGGESTED, Configuration, rules_of
from rotationctl.enabling.result import Outcome, Result
from rotationctl.enabling.target import Targets
from rotationctl.exits import Failure
from rotationctl.output import moment
from rotationctl.remedies import Adviser
from rotationctl.secret import Secret
from rotationctl.state import State, judge

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

_NEVER = (State.DELETED, State.MANAGED, State.REPLICA)


@dataclass(frozen=True, slots=True)
class Planner:
    """Plans the attachment of one secret after the other.

    Attributes:
        schedule: what was asked for; None leaves the schedule that a secret has.
        window: in the same way.
    """

    client: "SecretsManagerClient"
    adviser: Adviser
    targets: Targets
    schedule: str | None
    window: str | None

    def plan(self, name: str) -> Result:
        """How a secret is to be attached, or why it cannot be.

        Raises:
            Failure: it cannot be read.
        """
        secret = fleet.describe_secret(self.client, name, self.adviser.connection.options)
        former = Configuration.of(secret)
        state = judge(secret, self.adviser.now)
        if state in _NEVER:
            return _left_out(secret, former, f"{state}: {state.meaning}")
        if secret.current is None:
            return _left_out(secret, former, "It has no value yet: no version is AWSCURRENT.")
        if secret.pending is not None:
            command = self.adviser.recover(secret)
            return _left_out(secret, former, "A rotation of it is not complete. End that first.", command)
        return self._wanted(secret, former)

    def _wanted(self, secret: Secret, former: Configuration) -> Result:
        rules = rules_of(self.schedule, self.window, former)
        if rules is None:
            return _left_out(secret, former, f"It has no schedule yet: add --schedule '{SUGGESTED}'.")
        try:
            wanted = Configuration(self.targets.find(secret), rules, is_on=True)
        except Failure as failure:
            return _left_out(secret, former, str(failure))
        return Result(secret, Outcome.PLANNED, former, wanted)


def warning(result: Result) -> str | None:
    """What may rotate a secret although nothing here does; None where nothing may.

    With a schedule in days or a rate(), "the previously scheduled rotation might still occur".
    Source: Secrets Manager API Reference, RotateSecret, RotateImmediately.
    """
    former, wanted = result.former, result.wanted
    is_changed = wanted is not None and (wanted.function_arn, wanted.rules) != (former.function_arn, former.rules)
    if not result.secret.may_fire or not is_changed:
        return None
    by = f" by {moment(result.secret.next_rotation)}" if result.secret.next_rotation else ""
    return (
        f"{result.secret.name}: its schedule is {former.schedule}, so a rotation that is planned{by} may still come, "
        f"and then the new function runs it. Where it must not, set --schedule '{SUGGESTED}' or the like first, and "
        "attach the function once the next date is far off."
    )


def _left_out(secret: Secret, former: Configuration, why: str, next_command: str | None = None) -> Result:
    return Result(secret, Outcome.LEFT_OUT, former, cause=Cause("", why), next_command=next_command)
