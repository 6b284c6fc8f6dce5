"""A function of the suite or of the floor with an application of its own, and one rotation of its secret."""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path

from lab.application import Application, create_application, create_secret
from lab.application_user import create_application_user
from lab.lambda_environment import FunctionCode, LambdaEnvironment
from lab.lambda_environment.code import BUILD, LAYERS
from lab.pairing import Pairing
from lab.relay import Relay
from lab.secretsmanager import LocalSecretsManager
from lab.servers import DatabaseServer
from secret_rotation.request import Step

FLOOR = Path(__file__).parents[1] / "floor"
NO_EVENT: dict[str, object] = {}


class RotationFailedError(Exception):
    """A step failed, so that its time means nothing."""


class Side(StrEnum):
    """Whose function rotates: the suite's, as `sam build` made it, or the floor's."""

    SUITE = "suite"
    FLOOR = "floor"

    def code(self, function: str) -> FunctionCode:
        """Where its function of that name lies. The floor takes its driver from the same layer."""
        if self is Side.SUITE:
            return FunctionCode.from_build(function)
        return FunctionCode(FLOOR, (BUILD / LAYERS[0] / "python",), handler=f"{function}.lambda_handler")


@dataclass(frozen=True, slots=True)
class MeasuredFunction:
    """One side's function in its Lambda environment, and the application whose secret it rotates."""

    application: Application[LambdaEnvironment]

    @property
    def environment(self) -> LambdaEnvironment:
        """What the function runs in."""
        return self.application.function

    def restart(self) -> int:
        """Start the function's process anew, and wait for the end of its init.

        It refuses an event without keys. The first one after a kill tells the emulator of it, only the next one starts.

        Returns:
            The new process's id.
        """
        self.environment.kill()
        self.environment.invoke(NO_EVENT)
        while not self.environment.process_ids:
            self.environment.invoke(NO_EVENT)
        [process_id] = self.environment.process_ids
        return process_id

    def rotate(self) -> dict[str, float]:
        """Rotate once.

        Returns:
            Milliseconds by step, as the caller of the function saw them.

        Raises:
            RotationFailedError: a step failed.
        """
        token = self.application.begin()
        return {step: self._run(step, token) for step in Step}

    def connect_to(self, port: int) -> None:
        """From now on every login goes to this port."""
        for secret in filter(None, (self.application.secret, self.application.superuser_secret)):
            secret.change(port=port)

    def _run(self, step: str, token: str) -> float:
        invocation = self.application.step(step, token)
        if invocation.failed:
            raise RotationFailedError(f"{self.environment.name}, {step}: {invocation.error_message}\n{invocation.log}")
        return invocation.duration_ms


@contextmanager
def measured_function(
    cloud: LocalSecretsManager,
    server: DatabaseServer,
    side: Side,
    pairing: Pairing,
    settings: Mapping[str, str] | None = None,
) -> Iterator[MeasuredFunction]:
    """Set everything up for one side, and take it down in the end. `settings` are further variables of the function."""
    constant = {"RDS_CA_BUNDLE": str(server.ca_bundle), "POWERTOOLS_TRACE_DISABLED": "true"}
    variables = {**cloud.environment, **constant, **(settings or {})}
    code, name = side.code(pairing.function), f"bench_{uuid.uuid4().hex[:8]}"
    with Relay(server.port) as relay, LambdaEnvironment(code, variables, name=f"{pairing}-{side}") as environment:
        user, names = create_application_user(server, relay, name), (name, f"{name}/superuser")
        add_secret = partial(create_secret, cloud)
        application = create_application(user, pairing, environment, add_secret, names, port=server.port)
        application.secret.enable_rotation(environment)
        yield MeasuredFunction(application)
