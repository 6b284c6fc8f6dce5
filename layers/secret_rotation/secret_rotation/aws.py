"""Clients of AWS, to be made once for each Lambda environment.

botocore rather than boto3: the same clients without boto3's resources and transfer manager, whose import is a third of
a cold start (docs/decisions/0003-botocore.md).
"""

from typing import Any

from botocore.config import Config
from botocore.loaders import Loader
from botocore.session import Session

_CONFIG = Config(
    connect_timeout=3,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 3},
)
"""Seconds. A call that cannot succeed ends after 24 s, well inside the function's timeout."""

_SERVICES = ["rds", "secretsmanager"]
_ENDPOINTS = "endpoints"


class _FrugalLoader(Loader):
    """Loads the data files of the services that are called, and nothing about the hundreds of others.

    botocore lists the folders of all services, and parses a table of all their endpoints, to make one client. The table
    is what older services need: these two have rules of their own (endpoint-rule-set-1), which overrule it.
    """

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - the same for all
        return _SERVICES

    def load_data_with_path(self, name: str) -> tuple[Any, str]:
        if name == _ENDPOINTS:
            return {"partitions": []}, self.BUILTIN_DATA_PATH
        return super().load_data_with_path(name)


def client(service: str, endpoint_url: str | None = None) -> Any:  # noqa: ANN401 - botocore makes its clients at run time
    """A client of an AWS service, with short timeouts and the SDK's standard retries."""
    session = Session()
    session.register_component("data_loader", _FrugalLoader())
    return session.create_client(service, config=_CONFIG, endpoint_url=endpoint_url)
