"""A function with a user and a secret of its own, and one rotation of that secret."""

import json
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.contenders import Contender
from lab.application_user import ApplicationUser, create_application_user
from lab.lambda_environment import LambdaEnvironment
from lab.relay import Relay
from lab.secretsmanager import LocalSecretsManager
from lab.servers import DatabaseServer
from lab.world import StrategyName

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
NO_EVENT: dict[str, object] = {}


class RotationFailedError(Exception):
    """A step failed, so that its time means nothing."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is measured: one contender's function in its Lambda environment.

    Attributes:
        relay: counts the connections of whoever connects through it; the secret of a timed rotation does not.
    """

    cloud: LocalSecretsManager
    client: "SecretsManagerClient"
    server: DatabaseServer
    environment: LambdaEnvironment
    user: ApplicationUser
    relay: Relay
    arn: str

    def restart(self) -> int:
        """Start the function's process anew, and wait for the end of its init; the new process's id.

        It refuses an event without keys. The first one after a kill tells the emulator of it, only the next one starts.
        """
        self.environment.kill()
        self.environment.invoke(NO_EVENT)
        while not self.environment.process_ids:
            self.environment.invoke(NO_EVENT)
        [process_id] = self.environment.process_ids
        return process_id

    def rotate(self) -> dict[str, float]:
        """Rotate once; milliseconds by step, as the caller of the function saw them.

        Raises:
            RotationFailedError: a step failed.
        """
        token = self.cloud.begin_rotation(self.arn, str(uuid.uuid4()))
        return {step: self._run(step, token) for step in STEPS}

    def connect_through_relay(self) -> None:
        """From now on every login goes through the relay."""
        for arn in filter(None, (self.arn, self.value().get("masterarn"))):
            value = json.loads(self.client.get_secret_value(SecretId=arn)["SecretString"])
            self.client.put_secret_value(SecretId=arn, SecretString=json.dumps({**value, "port": self.relay.port}))

    def value(self) -> dict[str, Any]:
        """What AWSCURRENT holds."""
        value: dict[str, Any] = json.loads(self.client.get_secret_value(SecretId=self.arn)["SecretString"])
        return value

    def _run(self, step: str, token: str) -> float:
        invocation = self.environment.invoke(self.cloud.rotation_event(self.arn, step, token))
        if invocation.failed:
            raise RotationFailedError(f"{self.environment.name}, {step}: {invocation.error_message}\n{invocation.log}")
        return invocation.duration_ms


@contextmanager
def subject(
    cloud: LocalSecretsManager, server: DatabaseServer, contender: Contender, function: str
) -> Iterator[Subject]:
    """Set everything up for one contender, and take it down in the end."""
    with ExitStack() as stack:
        relay = stack.enter_context(Relay(server.port))
        user = create_application_user(server, relay, f"bench_{uuid.uuid4().hex[:8]}")
        changes: dict[str, object] = {"port": server.port}
        if function.endswith(StrategyName.ALTERNATING_USERS):
            changes["masterarn"] = _add_secret(cloud, user.superuser_secret_value(port=server.port))
        arn = _add_secret(cloud, user.secret_value(**changes))
        variables = {**cloud.environment, "RDS_CA_BUNDLE": str(server.ca_bundle), "POWERTOOLS_TRACE_DISABLED": "true"}
        environment = LambdaEnvironment(contender.code(function), variables, name=f"{function}-{contender}")
        function_arn = f"arn:aws:lambda:us-east-1:123456789012:function:{uuid.uuid4().hex}"
        cloud.register(function_arn, stack.enter_context(environment))
        cloud.enable_rotation(arn, function_arn)
        yield Subject(cloud, cloud.client(), server, environment, user, relay, arn)


def _add_secret(cloud: LocalSecretsManager, value: dict[str, object]) -> str:
    return cloud.client().create_secret(Name=f"bench/{uuid.uuid4().hex}", SecretString=json.dumps(value))["ARN"]
