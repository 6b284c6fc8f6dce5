"""boto3 clients of the local server, and the variables that point other processes at it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import boto3

from lab.secretsmanager.backend import REGION

if TYPE_CHECKING:
    from botocore.config import Config
    from mypy_boto3_rds import RDSClient
    from mypy_boto3_secretsmanager import SecretsManagerClient

OPERATOR_CALLER, FUNCTION_CALLER = "LABOPERATOR", "LABFUNCTION"  # access key ids, which the call log shows
SECRET_KEY = "lab"  # of both: signatures are not checked  # noqa: S105


class Clients:
    """Clients of the server at one URL."""

    def __init__(self, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url
        self._session = boto3.Session(OPERATOR_CALLER, SECRET_KEY, region_name=REGION)

    def secrets_manager(self, config: "Config | None" = None) -> "SecretsManagerClient":
        """A Secrets Manager client, as the operator."""
        return self._session.client("secretsmanager", endpoint_url=self._endpoint_url, config=config)

    def rds(self) -> "RDSClient":
        """An RDS client, as the operator."""
        return self._session.client("rds", endpoint_url=self._endpoint_url)

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables for a rotation function."""
        return {
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": self._endpoint_url,
            "AWS_ENDPOINT_URL_RDS": self._endpoint_url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": FUNCTION_CALLER,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        }
