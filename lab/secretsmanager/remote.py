"""The local Secrets Manager in a process of its own, so that it shares no interpreter lock with what is measured."""

import http.client
import json
import subprocess
import sys
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from lab.lambda_environment.code import REPOSITORY
from lab.secretsmanager.calls import Call
from lab.secretsmanager.clients import Clients
from lab.secretsmanager.control import Control

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

TIMEOUT_SECONDS = 30


class SecretsManagerProcess:
    """`LocalSecretsManager` in a child process that ends with this one; use it as a context manager.

    Its methods are those of `LocalSecretsManager`. Functions are registered by the URL of their runtime interface
    emulator, `LambdaEnvironment.url`.
    """

    def __enter__(self) -> Self:
        # The child ends when its standard input does, which no kind of death of this process can prevent.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "lab.secretsmanager"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=REPOSITORY,
        )
        self.endpoint_url = self._process.stdout.readline().strip()  # type: ignore[union-attr] # it is a pipe
        if not self.endpoint_url:
            raise RuntimeError(f"The local Secrets Manager ended at its start with status {self._process.wait()}.")
        self._clients = Clients(self.endpoint_url)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate(timeout=TIMEOUT_SECONDS)

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables that point boto3 in another process at the server."""
        return self._clients.environment

    def client(self) -> "SecretsManagerClient":
        """A boto3 client of the server, as the operator."""
        return self._clients.secrets_manager()

    def calls(self) -> list[Call]:
        """The call log."""
        return [Call(**call) for call in self._post("calls")]

    def labels(self, secret_id: str) -> dict[str, set[str]]:
        """The staging labels of every labelled version, by version id."""
        answer = self._post("labels", secret_id=secret_id)
        return {version_id: set(labels) for version_id, labels in answer.items()}

    def register(self, arn: str, url: str) -> None:
        """Let RotateSecret accept this ARN as RotationLambdaARN, and invoke the function at the URL for it."""
        self._post("register", arn=arn, url=url)

    def enable_rotation(self, secret_id: str, function_arn: str) -> None:
        """Configure a rotation without a schedule, a first rotation or a test of it."""
        self._post("enable_rotation", secret_id=secret_id, function_arn=function_arn)

    def begin_rotation(self, secret_id: str, token: str) -> str:
        """Make the empty AWSPENDING version that a rotation starts from; returns the token."""
        return str(self._post("begin_rotation", secret_id=secret_id, token=token))

    def rotation_event(self, secret_id: str, step: str, token: str) -> dict[str, object]:
        """The event with which the rotation service invokes this step."""
        event: dict[str, object] = self._post("rotation_event", secret_id=secret_id, step=step, token=token)
        return event

    def fault(self, kind: str, operation: str, **arguments: object) -> None:
        """Put a fault in force: `kind` is error, drop, delay or lag; the arguments are those of `faults.<kind>`."""
        self._post("fault", kind=kind, operation=operation, **arguments)

    def reset(self) -> None:
        """Forget the call log, the faults and the databases; the secrets stay."""
        self._post("reset")

    def _post(self, method: str, **arguments: object) -> Any:  # noqa: ANN401 - the method's own JSON
        connection = http.client.HTTPConnection(self.endpoint_url.removeprefix("http://"), timeout=TIMEOUT_SECONDS)
        try:
            connection.request("POST", Control.PREFIX + method, json.dumps(arguments).encode())
            answer = connection.getresponse()
            content = json.loads(answer.read())
        finally:
            connection.close()
        if answer.status != http.client.OK:
            raise ValueError(f"{method}: {content['error']}")
        return content
