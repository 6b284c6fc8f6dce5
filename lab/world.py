"""A world of real parts: a local AWS, database servers, functions as Lambda runs them, and applications."""

import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self

from moto.secretsmanager.utils import SecretsManagerSecretIdentifier
from moto.utilities.id_generator import moto_id_manager

from lab.address import LOOPBACK
from lab.application_user import ApplicationUser, create_application_user
from lab.lambda_environment import FunctionCode, LambdaEnvironment, LambdaFunction
from lab.observation import ObservedFunction, Report
from lab.relay import Relay
from lab.secretsmanager import LocalSecretsManager
from lab.secretsmanager.backend import ACCOUNT, REGION
from lab.servers import (
    LOCAL_NAMES,
    DatabaseServer,
    default_authority,
    start_mysql,
    start_postgres,
    supported_majors,
)

ARN_SUFFIX = "a1b2c3"  # Secrets Manager draws one at random; here it is fixed, so that files can name the ARN


class EngineName(StrEnum):
    """The engines, as the functions are named after them."""

    POSTGRESQL = "postgresql"
    MYSQL = "mysql"

    @property
    def brand(self) -> str:
        """The name that people know."""
        return {"postgresql": "PostgreSQL", "mysql": "MySQL"}[self]


class StrategyName(StrEnum):
    """The strategies, as the functions are named after them."""

    SINGLE_USER = "single_user"
    ALTERNATING_USERS = "alternating_users"


@dataclass(frozen=True)
class Application:
    """An application whose secret rotates.

    Attributes:
        arns: its secret's ARN, then the one of the superuser's secret where the strategy needs it.
    """

    secret_name: str
    user: ApplicationUser
    arns: tuple[str, ...]

    @property
    def secret_arn(self) -> str:
        """The ARN of its secret."""
        return self.arns[0]


class World:
    """Use it as a context manager: it starts the local AWS, and in the end stops all that was started in it.

    Args:
        report: told of each step that a function has run.
        find_code: where a function's code lies, by its name.
        ca_bundle: where to write the file of the certificate authority that the servers' certificates are from.
        port: of the local AWS; 0 takes a free one.
        address: of this machine, where functions find the local AWS and the databases; in a container they cannot
            reach 127.0.0.1.
    """

    def __init__(
        self,
        report: Report,
        *,
        ca_bundle: Path,
        find_code: Callable[[str], FunctionCode] = FunctionCode.from_source,
        port: int = 0,
        address: str = LOOPBACK,
    ) -> None:
        self.cloud = LocalSecretsManager(port=port, address=address, send_rotation_token=True)
        self._client = self.cloud.client()
        self.servers: list[DatabaseServer] = []
        self.applications: dict[str, Application] = {}
        self.functions: dict[str, LambdaEnvironment] = {}
        self._address = address
        self._host = None if address in LOCAL_NAMES else address  # what clients verify
        self._ca_bundle = ca_bundle
        self._report = report
        self._find_code = find_code
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._stack.enter_context(self.cloud)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def start_servers(self, engines: Iterable[EngineName]) -> list[DatabaseServer]:
        """Start a server of each engine, PostgreSQL in its newest version, all at once.

        Raises:
            ServerError: one of them could not be prepared or started.
        """
        with ThreadPoolExecutor() as executor:
            starts = [executor.submit(_start_server, engine) for engine in engines]
            try:
                wait(starts)
            finally:
                wait(starts)  # again after Ctrl-C, or what is just starting would be left behind
                self.servers += [self._stack.enter_context(start.result()) for start in starts if not start.exception()]
        servers = [start.result() for start in starts]
        if self._host:
            for server in servers:
                server.use_certificate(default_authority().issue((*LOCAL_NAMES, self._host)))
        self._ca_bundle.write_bytes(servers[0].ca_bundle.read_bytes())
        return servers

    def add_function(self, engine: EngineName, strategy: StrategyName) -> str:
        """Start a function's environment, and let Secrets Manager invoke it; returns the function's ARN.

        Raises:
            EmulatorMissingError, EmulatorStartError, FunctionCodeMissingError: it cannot run.
        """
        environment = self.start_environment(engine, strategy)
        self.functions[f"{engine}_{strategy}"] = environment
        return self.register(
            environment.name, ObservedFunction(environment, self.cloud, self.applications, self._report)
        )

    def start_environment(self, engine: EngineName, strategy: StrategyName) -> LambdaEnvironment:
        """Start one environment of a function, which nobody invokes yet.

        Raises:
            EmulatorMissingError, EmulatorStartError, FunctionCodeMissingError: it cannot run.
        """
        name = f"{engine}_{strategy}"
        variables = {**self.cloud.environment, "RDS_CA_BUNDLE": str(self._ca_bundle), "POWERTOOLS_SERVICE_NAME": name}
        environment = LambdaEnvironment(self._find_code(name), variables, name=name.replace("_", "-"))
        return self._stack.enter_context(environment)

    def register(self, name: str, function: LambdaFunction) -> str:
        """Let Secrets Manager invoke a function under this name; returns the function's ARN."""
        arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
        self.cloud.register(arn, function)
        return arn

    def add_application(
        self, server: DatabaseServer, username: str, secret_name: str, superuser_secret: str | None = None
    ) -> Application:
        """Create a user on the server, and its secret; with a superuser's secret for alternating users."""
        relay = self._stack.enter_context(Relay(server.port, self._address))
        user = create_application_user(server, relay, username)
        value, arns = user.secret_value(host=self._host or server.host), []
        if superuser_secret is not None:
            arns.append(self.add_secret(superuser_secret, user.superuser_secret_value(host=value["host"])))
            value["masterarn"] = arns[0]
        application = Application(secret_name, user, (self.add_secret(secret_name, value), *arns))
        self.applications[application.secret_arn] = application
        return application

    def add_secret(self, name: str, value: dict[str, object]) -> str:
        """Create a secret, whose ARN is the same in every world; returns the ARN."""
        moto_id_manager.set_custom_id(SecretsManagerSecretIdentifier(ACCOUNT, REGION, name), ARN_SUFFIX)
        return self._client.create_secret(Name=name, SecretString=json.dumps(value))["ARN"]

    def value(self, application: Application, label: str) -> dict[str, str]:
        """The value of the version of the application's secret that carries the label."""
        answer = self._client.get_secret_value(SecretId=application.secret_arn, VersionStage=label)
        value: dict[str, str] = json.loads(answer["SecretString"])
        return value


def _start_server(engine: EngineName) -> DatabaseServer:
    return start_mysql() if engine is EngineName.MYSQL else start_postgres(max(supported_majors()))
