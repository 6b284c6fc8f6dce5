"""The strict local Secrets Manager: everything put together, in this process."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Self

from lab.address import LOOPBACK
from lab.cloud import Cloud, Deployed
from lab.lambda_environment.function import LambdaFunction
from lab.secretsmanager.backend import StrictBackend
from lab.secretsmanager.clients import Clients
from lab.secretsmanager.endpoint import Endpoint, Observer
from lab.secretsmanager.events import EventList, RotationEvent
from lab.secretsmanager.http_server import HttpServer
from lab.secretsmanager.operations import SecretOperations, Variations
from lab.secretsmanager.rds import Databases
from lab.secretsmanager.recorder import Recorder
from lab.secretsmanager.rotation_operations import RotationOperations
from lab.secretsmanager.rotation_service import RetryPolicy, RotationService, Run


class LocalSecretsManager:
    """A Secrets Manager on this machine that keeps AWS's rules and rotates secrets through registered functions.

    Use it as a context manager. Everything else about it is ordinary AWS: point a client, the AWS command line or
    ``AWS_ENDPOINT_URL`` at `endpoint_url`.

    Args:
        port: where to listen; 0 takes a free port.
        address: where to listen, and the only one.
        retry: how often the rotation service attempts a failing rotation.
        send_rotation_token: whether events carry a RotationToken.
        variations: where AWS behaves in either way.
        now: the clock, for schedules and the age of versions.

    Attributes:
        calls: the call log.
        faults: what is to go wrong.
        databases: what DescribeDBInstances and DescribeDBClusters know.
        variations: may be changed while it runs.
        services: the other services of AWS: functions, their logs, CloudTrail's history.
        endpoint_url: where it listens, for all services alike.
        clients: makes boto3 clients of all services, as the operator.
        client: makes a boto3 client of it, as the operator.
        rds_client: makes a boto3 client of its RDS side, as the operator.
        environment: variables that point boto3, or the AWS command line, in another process at it.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        address: str = LOOPBACK,
        retry: RetryPolicy | None = None,
        send_rotation_token: bool = False,
        variations: Variations | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.send_rotation_token = send_rotation_token
        self.variations = variations or Variations()
        self.databases = Databases()
        self._needs_rotation_token: set[str] = set()
        self.services = Cloud(now)
        self._backend = StrictBackend(now)
        recorder = Recorder(self.services.trail, self._backend)
        self._events = EventList(recorder.event)
        self._service = RotationService(self._backend, self._events, retry or RetryPolicy(), self._sends_rotation_token)
        secrets = SecretOperations(self._backend, self._service, self.variations, self._needs_rotation_token)
        self._rotations = RotationOperations(self._backend, self._service)
        endpoint = Endpoint(self._backend, secrets, self._rotations, self.databases, self.services, recorder)
        self.calls, self.faults = endpoint.calls, endpoint.faults
        self._endpoint = endpoint
        self._http = HttpServer(endpoint, port, address)
        self.endpoint_url = self._http.url
        self.clients = clients = Clients(self.endpoint_url)
        self.client, self.rds_client, self.environment = clients.secrets_manager, clients.rds, clients.environment
        self._operator = self.client()

    def __enter__(self) -> Self:
        self._http.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.stop()

    def register(self, arn: str, function: LambdaFunction) -> Deployed:
        """Let RotateSecret accept this ARN as RotationLambdaARN, and invoke the function for it, as Lambda does.

        Returns:
            How the function is deployed, which may be changed.
        """
        deployed = self._service.functions[arn] = self.services.functions.deploy(arn, function)
        return deployed

    def enable_rotation(self, secret_id: str, function_arn: str) -> None:
        """Configure a rotation without a schedule, a first rotation or a test of it; not counted as a call."""
        with self._backend.lock:
            self._rotations.configure(self._backend.find(secret_id), {"RotationLambdaARN": function_arn})

    def watch(self, observer: Observer) -> None:
        """Tell the observer of every request, before and after it takes effect; it may raise ConnectionDroppedError."""
        self._endpoint.observer = observer

    def set_attempts(self, attempts: int) -> None:
        """How often a rotation that fails is attempted from now on."""
        self._service.retry = replace(self._service.retry, attempts=attempts)

    def begin_rotation(self, secret_id: str, token: str) -> str:
        """What RotateSecret does before it invokes anything: an empty AWSPENDING version; returns the token.

        For tests that invoke the steps themselves. The rotation must be enabled.
        """
        with self._backend.lock:
            self._rotations.begin(self._backend.find(secret_id), token)
        return token

    def rotate_on_schedule(self, secret_id: str) -> Run:
        """What Secrets Manager does by itself when a rotation is due; waits for its end."""
        secret, token = self._backend.find(secret_id), str(uuid.uuid4())
        with self._backend.lock:
            self._rotations.begin(secret, token)
            self._service.start(secret, token)
        return self.wait_for_rotation(secret_id)

    def rotation_event(self, secret_id: str, step: str, token: str) -> dict[str, object]:
        return self._service.event(self._backend.find(secret_id).arn, step, token)

    def reset(self) -> None:
        """Forget all but the secrets: calls, faults, databases, chosen variations, functions, and other services.

        Rotations that are under way are not tried again: they would be heard of among those that come.
        """
        self._service.stop()
        self.calls.clear()
        self.faults.clear()
        self.databases.clear()
        self.variations.clear()
        self._service.functions.clear()  # each keeps a client of this server, and so a connection, open
        self.services.reset()

    def require_rotation_token(self, secret_id: str) -> None:
        """Refuse the rotation's PutSecretValue without the RotationToken, as in a rotation across accounts."""
        self._needs_rotation_token.add(self._backend.find(secret_id).arn)

    def labels(self, secret_id: str) -> dict[str, set[str]]:
        """The staging labels of every labelled version, by version id; not counted as a call."""
        with self._backend.lock:
            return self._backend.labels(self._backend.find(secret_id))

    def version_with(self, secret_id: str, label: str) -> str | None:
        """The id of the version that carries the label; not counted as a call."""
        return next((version_id for version_id, labels in self.labels(secret_id).items() if label in labels), None)

    def value(self, secret_id: str, version_id: str) -> str | None:
        """The SecretString of a version, with or without a label, or None where it has none; not counted as a call."""
        with self._backend.lock:
            version = self._backend.versions(self._backend.find(secret_id)).get(version_id)
            return version.get("secret_string") if version else None

    def events(self, secret_id: str) -> list[RotationEvent]:
        """What Secrets Manager would have written to CloudTrail about the secret's rotations."""
        return self._events.of(self._backend.find(secret_id).arn)

    def rotate(self, secret_id: str, *, timeout_seconds: float = 300.0, **parameters: Any) -> Run:  # noqa: ANN401 - boto3's parameters
        """RotateSecret, then wait for the end; parameters are those of RotateSecret."""
        self._operator.rotate_secret(SecretId=secret_id, **parameters)
        return self.wait_for_rotation(secret_id, timeout_seconds)

    def wait_for_rotation(self, secret_id: str, timeout_seconds: float = 300.0) -> Run:
        """Wait until the secret's newest rotation has ended, with all its attempts.

        Raises:
            TimeoutError: it has not.
            LookupError: it was never begun.
        """
        return self._service.wait(self._backend.find(secret_id).arn, timeout_seconds)

    def _sends_rotation_token(self, secret_arn: str) -> bool:
        return self.send_rotation_token or secret_arn in self._needs_rotation_token
