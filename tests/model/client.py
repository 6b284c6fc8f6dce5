"""What secret_rotation.secret uses of botocore's client, each call an operation of the model."""

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from tests.model.replay import Replay
from tests.model.strict_secrets import StrictSecrets


class ModelClient:
    """A client of the strict Secrets Manager. Reading the superuser's secret, which never changes, is no operation."""

    def __init__(self, replay: Replay, secrets: StrictSecrets) -> None:
        self._replay = replay
        self._secrets = secrets

    def describe_secret(self, **parameters: object) -> dict[str, Any]:
        """DescribeSecret."""
        return self._call("DescribeSecret", parameters)

    def get_secret_value(self, **parameters: object) -> dict[str, Any]:
        """GetSecretValue."""
        if parameters["SecretId"] == self._secrets.superuser_arn:
            return self._secrets.superuser_value()
        return self._call("GetSecretValue", parameters)

    def list_secret_version_ids(self, **parameters: object) -> dict[str, Any]:
        """ListSecretVersionIds."""
        return self._call("ListSecretVersionIds", parameters)

    def put_secret_value(self, **parameters: object) -> dict[str, Any]:
        """PutSecretValue."""
        return self._call("PutSecretValue", parameters)

    def update_secret_version_stage(self, **parameters: object) -> dict[str, Any]:
        """UpdateSecretVersionStage."""
        return self._call("UpdateSecretVersionStage", parameters)

    def _call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        arguments = {key: tuple(value) if isinstance(value, list) else value for key, value in parameters.items()}
        del arguments["SecretId"]
        answer = self._replay.perform(operation, **arguments)
        if answer.error is not None:
            raise ClientError({"Error": {"Code": answer.error, "Message": "as the model has it"}}, operation)
        document: dict[str, Any] = json.loads(str(answer.value))
        return document
