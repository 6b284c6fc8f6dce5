"""How AWS is reached: the options that every command shares with the AWS command line."""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Any, Literal, overload

import click

import rotationctl
from rotationctl.answers import require_an_answer
from rotationctl.endpoint import checked_url
from rotationctl.failures import explain
from secret_rotation.commands import shell_line

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_rds import RDSClient
    from mypy_boto3_secretsmanager import SecretsManagerClient

CONNECT_SECONDS, READ_SECONDS = 5, 20
_MAKING = threading.Lock()
"""Held while a client is made: boto3's sessions are not made for threads, the clients are."""


@dataclass(frozen=True, slots=True)
class Connection:
    """What --profile, --region and --endpoint-url say; None where boto3 shall find out as it always does."""

    profile: str | None = None
    region: str | None = None
    endpoint_url: str | None = None
    _sessions: list[Any] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def options(self) -> list[str]:
        """The same options again, for a command that is printed."""
        given = {"--profile": self.profile, "--region": self.region, "--endpoint-url": self.endpoint_url}
        return [word for name, value in given.items() if value for word in _option(name, value)]

    def complete(self, command: str, *words: str) -> str:
        """A command of the AWS command line, with more words for it and the options that reach the same AWS."""
        return f"{command} {shell_line([*words, *self.options])}".rstrip()

    def secrets_manager(self) -> "SecretsManagerClient":
        """A client of Secrets Manager; see `client`."""
        return self.client("secretsmanager")

    @overload
    def client(self, service: Literal["secretsmanager"]) -> "SecretsManagerClient": ...
    @overload
    def client(self, service: Literal["lambda"]) -> "LambdaClient": ...
    @overload
    def client(self, service: Literal["rds"]) -> "RDSClient": ...
    @overload
    def client(self, service: str) -> Any: ...  # noqa: ANN401 - boto3 makes its class from the service's name
    def client(self, service: str) -> Any:
        """A client of a service. It repeats what was throttled or lost, and gives up within a minute or two."""
        return self._client(service, read_timeout=READ_SECONDS, retries={"mode": "standard"})

    def patient_lambda(self, seconds: int) -> "LambdaClient":
        """A client that waits for a function for so long, and invokes it once: what it does would be done again."""
        client: LambdaClient = self._client("lambda", read_timeout=seconds, retries={"total_max_attempts": 1})
        return client

    def _client(self, service: str, **settings: Any) -> Any:  # noqa: ANN401 - as above, and botocore's settings
        from botocore.config import Config  # noqa: PLC0415 - it and boto3 take longer to load than --help may last

        config = Config(
            connect_timeout=CONNECT_SECONDS,
            user_agent_extra=f"rotationctl/{rotationctl.__version__}",
            **settings,
        )
        with _MAKING:
            if not self._sessions:  # one for all clients: what a session reads from files, it reads once
                self._sessions.append(self._session())
            client: Any = self._sessions[0].client(service, endpoint_url=self.endpoint_url, config=config)
        client.meta.events.register("before-parse", require_an_answer)
        return client

    def _session(self) -> Any:  # noqa: ANN401 - boto3 is not loaded before it is needed
        import boto3  # noqa: PLC0415 - as above
        from botocore.exceptions import NoRegionError  # noqa: PLC0415
        from botocore.session import Session  # noqa: PLC0415

        core = Session(profile=self.profile)
        # boto3 knows AWS_DEFAULT_REGION only, also where it is empty; the AWS command line prefers AWS_REGION.
        named = self.region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        region = named or core.get_scoped_config().get("region")
        if not region:
            raise NoRegionError
        return boto3.Session(region_name=region, botocore_session=core)


def _option(name: str, value: str) -> list[str]:
    return [f"{name}={value}"] if value.startswith("-") else [name, value]


_OPTIONS = (
    click.option("--profile", metavar="NAME", help="Profile of the AWS configuration to use."),
    click.option("--region", metavar="REGION", help="AWS region, if not the profile's."),
    click.option(
        "--endpoint-url", metavar="URL", callback=checked_url, help="Where to call AWS, if not at the region's own."
    ),
)


def takes_connection(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the three options; it takes them as one `connection`.

    Raises:
        Failure: in place of what boto3 raises.
    """

    @wraps(command)
    def call(*, profile: str | None, region: str | None, endpoint_url: str | None, **others: object) -> object:
        connection = Connection(profile or None, region or None, endpoint_url or None)
        try:
            return command(connection=connection, **others)
        except Exception as error:
            failure = explain(error, connection.options)
            if failure is None:
                raise
            raise failure from None

    for option in reversed(_OPTIONS):
        call = option(call)
    return call
