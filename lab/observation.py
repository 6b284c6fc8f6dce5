"""What a rotation step did, seen from outside: labels, calls, connections, time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lab.application import Application
from lab.lambda_environment import Invocation, LambdaFunction
from lab.secretsmanager import FUNCTION_CALLER, LocalSecretsManager

Labels = Mapping[str, set[str]]
"""The staging labels by version id."""


@dataclass(frozen=True)
class StepReport:
    """One step of a rotation.

    Attributes:
        calls: the operations that the function called, in order.
        connections: that the function opened to the database; None where the secret is not one of the lab's own.
    """

    secret_arn: str
    step: str
    token: str
    invocation: Invocation
    labels_before: Labels
    labels_after: Labels
    calls: tuple[str, ...]
    connections: int | None


Report = Callable[[StepReport], None]


@dataclass(frozen=True)
class ObservedFunction:
    """A `LambdaFunction` that reports each of its steps.

    Only what concerns the step's own secret, superuser and database is counted, so that rotations of other secrets may
    run meanwhile.
    """

    function: LambdaFunction
    cloud: LocalSecretsManager
    applications: Mapping[str, Application[LambdaFunction]]
    report: Report

    def invoke(self, event: Mapping[str, object]) -> Invocation:
        if not event.keys() >= {"SecretId", "Step", "ClientRequestToken"}:  # it is invoked by hand, and refuses it
            return self.function.invoke(event)
        arn = str(event["SecretId"])
        labels, connections = self.cloud.labels(arn), self._connections(arn)
        with self.cloud.calls.recorded() as calls:
            invocation = self.function.invoke(event)
        arns = self._arns(arn)
        opened = self._connections(arn)
        self.report(
            StepReport(
                secret_arn=arn,
                step=str(event["Step"]),
                token=str(event["ClientRequestToken"]),
                invocation=invocation,
                labels_before=labels,
                labels_after=self.cloud.labels(arn),
                calls=tuple(c.operation for c in calls if c.caller == FUNCTION_CALLER and c.secret_arn in arns),
                connections=None if connections is None or opened is None else opened - connections,
            )
        )
        return invocation

    def _arns(self, arn: str) -> set[str]:
        application = self.applications.get(arn)
        superuser = application.superuser_secret if application else None
        return {arn, superuser.arn} if superuser else {arn}

    def _connections(self, arn: str) -> int | None:
        application = self.applications.get(arn)
        return application.user.relay.connections if application else None
