"""boto3 clients of the local server, and the variables that point other processes at it."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3

from lab.cloud import REGION
from lab.cloud.identity import FUNCTION_KEY

if TYPE_CHECKING:
    from botocore.config import Config
    from mypy_boto3_rds import RDSClient
    from mypy_boto3_secretsmanager import SecretsManagerClient

OPERATOR_CALLER, FUNCTION_CALLER = "LABOPERATOR", FUNCTION_KEY  # access key ids, which the call log shows
SECRET_KEY = "lab"  # of both: signatures are not checked  # noqa: S105


class Clients:
    """Clients of the server at one URL."""

    def __init__(self, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url
        self._session = boto3.Session(OPERATOR_CALLER, SECRET_KEY, region_name=REGION)

    def secrets_manager(self, config: "Config | None" = None) -> "SecretsManagerClient":
        """A Secrets Manager client, as the operator: with a configuration of its own, or else one that all share."""
        if config is None:
            return self._shared
        return self._session.client("secretsmanager", endpoint_url=self._endpoint_url, config=config)

    def of(self, service: str) -> Any:  # noqa: ANN401 - boto3 makes the class of a client from the service's name
        """A client of any service, as the operator."""
        return self._session.client(service, endpoint_url=self._endpoint_url)  # type: ignore[call-overload]

    def rds(self) -> "RDSClient":
        return self._session.client("rds", endpoint_url=self._endpoint_url)

    @cached_property
    def _shared(self) -> "SecretsManagerClient":
        return self._session.client("secretsmanager", endpoint_url=self._endpoint_url)

    @property
    def environment(self) -> Mapping[str, str]:
        return {
            "AWS_ENDPOINT_URL": self._endpoint_url,
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": self._endpoint_url,  # for clients in languages that know no other
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": FUNCTION_CALLER,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        }
