"""The four functions as Lambda runs them, each with a secret and a user on a real server."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Protocol

import pytest

from lab.application_user import ApplicationUser
from lab.lambda_environment import FunctionCode, Invocation, LambdaEnvironment
from lab.secretsmanager import LocalSecretsManager
from lab.world import EngineName, StrategyName
from tests.fixtures.cloud import MakeSecret, Secret
from tests.fixtures.databases import MakeUser
from tests.fixtures.servers import chosen_majors, server_called

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")


@dataclass(frozen=True)
class Deployed:
    """A function in its Lambda environment, and an application whose secret it rotates."""

    environment: LambdaEnvironment
    secret: Secret
    user: ApplicationUser

    def step(self, step: str, token: str) -> Invocation:
        """Invoke one step."""
        return self.environment.invoke(self.secret.event(step, token))

    def logs_in(self, label: str = "AWSCURRENT") -> bool:
        """Whether the version of that label logs in."""
        value = self.secret.value(label)
        return self.user.can_log_in(value["username"], value["password"])


class Deploy(Protocol):
    """Deploys functions."""

    def __call__(
        self,
        engine: EngineName,
        strategy: StrategyName,
        *,
        find_code: Callable[[str], FunctionCode] = FunctionCode.from_source,
        timeout_seconds: int = 30,
        variables: Mapping[str, str] | None = None,
        **changes: object,
    ) -> Deployed:
        """A function for a user of its own; `changes` are to the secret's JSON, a key set to None is left out."""


@pytest.fixture
def deploy(
    request: pytest.FixtureRequest, make_user: MakeUser, make_secret: MakeSecret, cloud: LocalSecretsManager
) -> Iterator[Deploy]:
    """Deploy a function: ``deploy(EngineName.MYSQL, StrategyName.SINGLE_USER)``."""
    with ExitStack() as stack:

        def make(
            engine: EngineName,
            strategy: StrategyName,
            *,
            find_code: Callable[[str], FunctionCode] = FunctionCode.from_source,
            timeout_seconds: int = 30,
            variables: Mapping[str, str] | None = None,
            **changes: object,
        ) -> Deployed:
            user = make_user(server_called(request.config, _server_name(engine)))
            superuser_secret = make_secret(user.superuser_secret_value())
            master = {"masterarn": superuser_secret.arn} if strategy is StrategyName.ALTERNATING_USERS else {}
            value = user.secret_value(**{**master, **changes})
            secret = make_secret({key: kept for key, kept in value.items() if kept is not None})
            name = f"{engine}_{strategy}"
            settings = {**cloud.environment, "RDS_CA_BUNDLE": str(user.server.ca_bundle), **(variables or {})}
            environment = stack.enter_context(
                LambdaEnvironment(find_code(name), settings, name=user.username, timeout_seconds=timeout_seconds)
            )
            secret.enable_rotation(environment)
            return Deployed(environment, secret, user)

        yield make


def _server_name(engine: EngineName) -> str:
    return "mysql" if engine is EngineName.MYSQL else f"postgres{max(chosen_majors())}"
