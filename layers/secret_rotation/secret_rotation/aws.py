"""Clients of AWS, to be made once for each Lambda environment.

botocore rather than boto3: the same clients without boto3's resources and transfer manager, whose import is a third of
a cold start (docs/decisions/0003-botocore.md).
"""

from typing import Any

from botocore.config import Config
from botocore.session import Session

_CONFIG = Config(
    connect_timeout=3,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 3},
)
"""Seconds. A call that cannot succeed ends after 24 s, well inside the function's timeout."""


def client(service: str, endpoint_url: str | None = None) -> Any:  # noqa: ANN401 - botocore makes its clients at run time
    """A client of an AWS service, with short timeouts and the SDK's standard retries."""
    return Session().create_client(service, config=_CONFIG, endpoint_url=endpoint_url)
