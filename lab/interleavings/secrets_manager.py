"""The lab's strict Secrets Manager as a function from one state and an operation to the next state and an answer.

Nothing of AWS's rules stands here: they are the lab's, run in this process on a state that is put in and taken out. The
layer's code reaches it by a client whose calls are operations.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partialmethod
from typing import Any, NoReturn

from botocore.exceptions import ClientError

from lab.cloud import AwsError
from lab.interleavings.replay import Replay
from lab.interleavings.state import Answer, Operation, SecretState, SecretVersion
from lab.lambda_environment import InProcessFunction
from lab.secretsmanager.backend import StrictBackend
from lab.secretsmanager.errors import invalid_request
from lab.secretsmanager.events import EventList
from lab.secretsmanager.operations import SecretOperations, Variations
from lab.secretsmanager.rotation_operations import RotationOperations
from lab.secretsmanager.rotation_service import RetryPolicy, RotationService
from lab.secretsmanager.versions import Version

FUNCTION_ARN = "arn:aws:lambda:us-east-1:123456789012:function:model"


class StrictSecrets:
    """One secret, called `arn`, and the secret of the superuser, called `superuser_arn`, which nobody changes."""

    def __init__(self, superuser: Mapping[str, object], *, pending_leaves_with_current: bool) -> None:
        self._versions_made = 0
        self._backend = StrictBackend(lambda: datetime.fromtimestamp(self._versions_made, UTC))
        service = RotationService(self._backend, EventList(), RetryPolicy(), lambda _: False)
        variations = Variations(pending_leaves_with_current=pending_leaves_with_current)
        self._operations = SecretOperations(self._backend, service, variations, set())
        self._rotations = RotationOperations(self._backend, service)
        self.arn, self.superuser_arn = self._create("app", "{}"), self._create("superuser", json.dumps(superuser))
        self._secret = self._backend.find(self.arn)
        service.functions[FUNCTION_ARN] = InProcessFunction(_never)
        self._rotation = self._rotations.configure(self._secret, {"RotationLambdaARN": FUNCTION_ARN})
        self._known: dict[tuple[SecretState, Operation], tuple[SecretState, Answer]] = {}

    @property
    def name(self) -> str:
        """The secret's name as rotations record it."""
        return self.arn[: -len("-AbCdEf")]

    def superuser_value(self) -> dict[str, Any]:
        return self._operations.get_secret_value({"SecretId": self.superuser_arn})

    def apply(self, secret: SecretState, operation: Operation) -> tuple[SecretState, Answer]:
        """Run one operation; the answer is JSON, or an error code of AWS."""
        key = (secret, operation)
        if key not in self._known:
            self._known[key] = self._run(secret, operation)
        return self._known[key]

    def _run(self, secret: SecretState, operation: Operation) -> tuple[SecretState, Answer]:
        self._put_in(secret)
        try:
            answer = self._method(operation.name)({"SecretId": self.arn, **_parameters(operation)})
        except AwsError as error:
            return secret, Answer(error=error.code)
        return self._take_out(), Answer(json.dumps(answer, default=float))

    def _method(self, operation: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
        return {
            "DescribeSecret": self._operations.describe_secret,
            "GetSecretValue": self._operations.get_secret_value,
            "ListSecretVersionIds": self._operations.list_secret_version_ids,
            "PutSecretValue": self._operations.put_secret_value,
            "UpdateSecretVersionStage": self._operations.update_secret_version_stage,
            "RotateSecret": self._rotate,
            "CancelRotateSecret": self._rotations.cancel_rotate_secret,
        }[operation]

    def _rotate(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """What RotateSecret does before it invokes anything."""
        if self._take_out().unfinished is not None:
            raise invalid_request("A previous rotation isn't complete. That rotation will be reattempted.")
        self._rotation.enabled = True
        self._rotations.begin(self._secret, parameters["ClientRequestToken"])
        return {}

    def _create(self, name: str, text: str) -> str:
        return str(self._operations.create_secret({"Name": name, "SecretString": text})["ARN"])

    def _put_in(self, secret: SecretState) -> None:
        self._versions_made = len(secret.versions)
        self._secret.versions = {version.version_id: dict(_thawed(version)) for version in secret.versions}
        self._rotation.pending_token, self._rotation.enabled = secret.rotating, secret.enabled

    def _take_out(self) -> SecretState:
        versions = self._backend.versions(self._secret)
        return SecretState(tuple(map(_frozen, versions.values())), self._rotation.pending_token, self._rotation.enabled)


class ModelClient:
    """What secret_rotation.store uses of botocore's client: each call is an operation.

    Reading the superuser's secret, which never changes, is none.
    """

    def __init__(self, replay: Replay, secrets: StrictSecrets) -> None:
        self._replay = replay
        self._secrets = secrets

    def _call(self, operation: str, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401 - boto3's parameters
        arguments = {key: tuple(value) if isinstance(value, list) else value for key, value in parameters.items()}
        del arguments["SecretId"]
        answer = self._replay.perform(operation, **arguments)
        if answer.error is not None:
            raise ClientError({"Error": {"Code": answer.error, "Message": "as the model has it"}}, operation)
        document: dict[str, Any] = json.loads(str(answer.value))
        return document

    describe_secret = partialmethod(_call, "DescribeSecret")
    list_secret_version_ids = partialmethod(_call, "ListSecretVersionIds")
    put_secret_value = partialmethod(_call, "PutSecretValue")
    update_secret_version_stage = partialmethod(_call, "UpdateSecretVersionStage")

    def get_secret_value(self, **parameters: object) -> dict[str, Any]:
        if parameters["SecretId"] == self._secrets.superuser_arn:
            return self._secrets.superuser_value()
        return self._call("GetSecretValue", **parameters)


def _never(event: object, _: object) -> NoReturn:
    """Steps are delivered by the model, not by the service."""
    raise AssertionError(event)


def _parameters(operation: Operation) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in operation.arguments}


def _thawed(version: SecretVersion) -> Version:
    thawed = Version(version_id=version.version_id, createdate=version.created, version_stages=list(version.labels))
    return thawed if version.text is None else Version(**thawed, secret_string=version.text)


def _frozen(version: Version) -> SecretVersion:
    labels = tuple(sorted(version["version_stages"]))
    return SecretVersion(version["version_id"], version["createdate"], labels, version.get("secret_string"))
