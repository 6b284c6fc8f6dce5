"""boto3 clients of the local server, and the variables that point other processes at it."""

import threading
from collections.abc import Mapping
from functools import cache, cached_property
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
_MAKING = threading.Lock()
"""Held while a client is made: boto3's sessions are not made for threads, the clients are."""


@cache
def _session() -> boto3.Session:
    """The operator's, for the servers of all URLs: what a session reads from files takes a tenth of a second."""
    return boto3.Session(OPERATOR_CALLER, SECRET_KEY, region_name=REGION)


class Clients:
    """Clients of the server at one URL."""

    def __init__(self, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url

    def secrets_manager(self, config: "Config | None" = None) -> "SecretsManagerClient":
        """A Secrets Manager client, as the operator: with a configuration of its own, or else one that all share."""
        if config is None:
            return self._shared
        client: SecretsManagerClient = self._make("secretsmanager", config)
        return client

    def of(self, service: str) -> Any:  # noqa: ANN401 - boto3 makes the class of a client from the service's name
        """A client of any service, as the operator."""
        return self._make(service)

    def rds(self) -> "RDSClient":
        client: RDSClient = self._make("rds")
        return client

    @cached_property
    def _shared(self) -> "SecretsManagerClient":
        client: SecretsManagerClient = self._make("secretsmanager")
        return client

    def _make(self, service: str, config: "Config | None" = None) -> Any:  # noqa: ANN401 - as above
        with _MAKING:
            client: Any = _session().client(service, endpoint_url=self._endpoint_url, config=config)  # type: ignore[call-overload]
        return client

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
