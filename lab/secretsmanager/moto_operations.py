"""The operations that moto answers as AWS does, called without moto's HTTP layer."""

import json
from collections.abc import Mapping
from typing import Any, cast

from moto.core.exceptions import JsonRESTError
from moto.core.utils import camelcase_to_underscores
from moto.secretsmanager.responses import SecretsManagerResponse

from lab.cloud import AwsError
from lab.secretsmanager.backend import StrictBackend
from lab.secretsmanager.errors import from_moto

OPERATIONS = frozenset({
    "BatchGetSecretValue", "CreateSecret", "DeleteResourcePolicy", "DeleteSecret", "GetRandomPassword",
    "GetResourcePolicy", "ListSecrets", "PutResourcePolicy", "RestoreSecret", "TagResource", "UntagResource",
})  # fmt: skip


class _Request(SecretsManagerResponse):
    """moto's reading of one request, over our backend."""

    def __init__(self, backend: StrictBackend, parameters: Mapping[str, Any]) -> None:
        super().__init__()
        self._strict_backend = backend
        self.querystring: dict[str, Any] = {}
        self.body = None
        self.uri_match = dict(parameters)

    @property
    def backend(self) -> StrictBackend:
        return self._strict_backend


def call(backend: StrictBackend, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Answer one of `OPERATIONS`.

    Raises:
        AwsError: what moto raises, with AWS's HTTP status.
    """
    if operation not in OPERATIONS:
        raise AwsError("NotImplementedException", f"The lab's Secrets Manager does not do {operation}.", 501)
    try:
        answer = getattr(_Request(backend, parameters), camelcase_to_underscores(operation))()
    except JsonRESTError as error:
        raise from_moto(error) from error
    return cast("dict[str, Any]", json.loads(answer))
