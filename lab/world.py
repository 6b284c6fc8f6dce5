"""A world of real parts: a local AWS, database servers, functions as Lambda runs them, and applications."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from moto.secretsmanager.utils import SecretsManagerSecretIdentifier
from moto.utilities.id_generator import moto_id_manager

from lab.address import LOOPBACK
from lab.application import Application, Secret, Value, create_application, create_secret
from lab.application_user import create_application_user
from lab.cloud import ACCOUNT, REGION
from lab.engines import Kit
from lab.lambda_environment import FunctionCode, LambdaEnvironment, LambdaFunction
from lab.observation import ObservedFunction, Report
from lab.pairing import Pairing, StrategyName
from lab.relay import Relay
from lab.secretsmanager import LocalSecretsManager
from lab.servers import LOCAL_NAMES, DatabaseServer, default_authority

ARN_SUFFIX = "a1b2c3"  # Secrets Manager draws one at random; here it is fixed, so that files can name the ARN

SUPERUSER_SECRETS = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:*superuser-{ARN_SUFFIX}"
"""What the functions may find in masterarn, as their deployer would list it."""
DOCTOR = "rotation_doctor"
"""The function that examines secrets."""


class World:
    """Use it as a context manager: it starts the local AWS, and in the end stops all that was started in it.

    Args:
        report: told of each step that a function has run.
        find_code: where a function's code lies, by its name.
        ca_bundle: where to write the file of the certificate authority that the servers' certificates are from.
        port: of the local AWS; 0 takes a free one.
        address: of this machine, where functions find the local AWS and the databases; in a container they cannot
            reach 127.0.0.1.
        settings: further variables of the functions.
    """

    def __init__(
        self,
        report: Report,
        *,
        ca_bundle: Path,
        find_code: Callable[[str], FunctionCode] = FunctionCode.from_source,
        port: int = 0,
        address: str = LOOPBACK,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.cloud = LocalSecretsManager(port=port, address=address, send_rotation_token=True)
        self.servers: list[DatabaseServer] = []
        self.applications: dict[str, Application[LambdaFunction]] = {}
        self.functions: dict[str, LambdaEnvironment] = {}
        self._observed: dict[str, ObservedFunction] = {}
        self._arns: dict[str, str] = {}
        self._address = address
        self._host = None if address in LOCAL_NAMES else address  # what clients verify
        self._ca_bundle = ca_bundle
        self._report = report
        self._find_code = find_code
        self._settings = settings or {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._stack.enter_context(self.cloud)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def start_servers(self, kits: Iterable[Kit]) -> list[DatabaseServer]:
        """Start the newest server of each engine, all at once.

        Raises:
            ServerError: one of them could not be prepared or started.
        """
        with ThreadPoolExecutor() as executor:
            starts = [executor.submit(kit.start) for kit in kits]
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

    def function(self, pairing: Pairing, settings: Mapping[str, str] | None = None) -> LambdaFunction:
        """The function of a pairing, which Secrets Manager may invoke; it is started when it is first asked for.

        With `settings`, which are variables of its own, it is another one.

        Raises:
            EmulatorMissingError, EmulatorStartError, FunctionCodeMissingError: it cannot run.
        """
        name = _name(pairing, settings)
        if name not in self._observed:
            self.functions[name] = self.start_environment(pairing, settings)
            self._observed[name] = ObservedFunction(self.functions[name], self.cloud, self.applications, self._report)
            self._arns[name] = self.register(self.functions[name].name, self._observed[name])
        return self._observed[name]

    def start_environment(self, pairing: Pairing, settings: Mapping[str, str] | None = None) -> LambdaEnvironment:
        """Start one more environment of a function, which nobody invokes yet.

        Raises:
            EmulatorMissingError, EmulatorStartError, FunctionCodeMissingError: it cannot run.
        """
        variables = {"SUPERUSER_SECRET_ARNS": SUPERUSER_SECRETS, **self._settings, **(settings or {})}
        return self._start(self._find_code(pairing.function), _name(pairing, settings), variables)

    def start_doctor(self) -> LambdaEnvironment:
        """Start the doctor of the functions that have been asked for.

        Raises:
            EmulatorMissingError, EmulatorStartError, FunctionCodeMissingError: it cannot run.
        """
        variables = {
            f"{strategy.upper()}_FUNCTION_ARNS": ",".join(arn for name, arn in self._arns.items() if strategy in name)
            for strategy in StrategyName
        }
        return self._start(self._find_code(DOCTOR), DOCTOR, {**self._settings, **variables})

    def _start(self, code: FunctionCode, name: str, variables: Mapping[str, str]) -> LambdaEnvironment:
        ours = {"RDS_CA_BUNDLE": str(self._ca_bundle), "POWERTOOLS_SERVICE_NAME": name}
        environment = LambdaEnvironment(code, {**self.cloud.environment, **ours, **variables}, name=_in_aws(name))
        return self._stack.enter_context(environment)

    def register(self, name: str, function: LambdaFunction) -> str:
        """Let Secrets Manager invoke a function under this name; returns the function's ARN."""
        arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
        self.cloud.register(arn, function)
        return arn

    def add_application(
        self,
        pairing: Pairing,
        server: DatabaseServer,
        username: str,
        secret_name: str,
        superuser_secret: str,
        settings: Mapping[str, str] | None = None,
    ) -> Application[LambdaFunction]:
        """Create a user on the server, and its secret, which the pairing's function rotates when it is asked to.

        The superuser's secret is called `superuser_secret`, where the pairing needs one.
        """
        function, host = self.function(pairing, settings), self._host or server.host
        relay = self._stack.enter_context(Relay(server.port, self._address))
        user = create_application_user(server, relay, username)
        names = (secret_name, superuser_secret)
        application = create_application(user, pairing, function, self.add_secret, names, host=host)
        self.applications[application.secret.arn] = application
        self.cloud.enable_rotation(application.secret.arn, self._arns[_name(pairing, settings)])
        return application

    def add_secret(self, name: str, value: Value) -> Secret:
        """Create a secret, whose ARN is the same in every world."""
        moto_id_manager.set_custom_id(SecretsManagerSecretIdentifier(ACCOUNT, REGION, name), ARN_SUFFIX)
        return create_secret(self.cloud, name, value)


def _name(pairing: Pairing, settings: Mapping[str, str] | None) -> str:
    return "_".join((pairing.function, *(name.lower() for name in settings or ())))


def _in_aws(name: str) -> str:
    return name.replace("_", "-")
