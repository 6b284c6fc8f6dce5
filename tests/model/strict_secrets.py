"""The lab's strict Secrets Manager as a function from one state and an operation to the next state and an answer.

Nothing of AWS's rules stands here: they are the lab's, run in this process on a state that is put in and taken out.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn

from lab.lambda_environment import InProcessFunction
from lab.secretsmanager.backend import StrictBackend
from lab.secretsmanager.errors import AwsError, invalid_request
from lab.secretsmanager.events import EventList
from lab.secretsmanager.operations import SecretOperations, Variations
from lab.secretsmanager.rotation_operations import RotationOperations
from lab.secretsmanager.rotation_service import RetryPolicy, RotationService
from lab.secretsmanager.versions import Version
from tests.model.world import Answer, Operation, Secret, StoredVersion

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
        self._known: dict[tuple[Secret, Operation], tuple[Secret, Answer]] = {}

    def superuser_value(self) -> dict[str, Any]:
        """GetSecretValue of the superuser's secret."""
        return self._operations.get_secret_value({"SecretId": self.superuser_arn})

    def apply(self, secret: Secret, operation: Operation) -> tuple[Secret, Answer]:
        """Run one operation; the answer is JSON, or an error code of AWS."""
        key = (secret, operation)
        if key not in self._known:
            self._known[key] = self._run(secret, operation)
        return self._known[key]

    def _run(self, secret: Secret, operation: Operation) -> tuple[Secret, Answer]:
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

    def _put_in(self, secret: Secret) -> None:
        self._versions_made = len(secret.versions)
        self._secret.versions = {version.version_id: dict(_thawed(version)) for version in secret.versions}
        self._rotation.pending_token, self._rotation.enabled = secret.rotating, secret.enabled

    def _take_out(self) -> Secret:
        versions = self._backend.versions(self._secret)
        return Secret(tuple(map(_frozen, versions.values())), self._rotation.pending_token, self._rotation.enabled)


def _never(event: object, _: object) -> NoReturn:
    """Steps are delivered by the model, not by the service."""
    raise AssertionError(event)


def _parameters(operation: Operation) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in operation.arguments}


def _thawed(version: StoredVersion) -> Version:
    thawed = Version(version_id=version.version_id, createdate=version.created, version_stages=list(version.labels))
    return thawed if version.text is None else Version(**thawed, secret_string=version.text)


def _frozen(version: Version) -> StoredVersion:
    labels = tuple(sorted(version["version_stages"]))
    return StoredVersion(version["version_id"], version["createdate"], labels, version.get("secret_string"))
