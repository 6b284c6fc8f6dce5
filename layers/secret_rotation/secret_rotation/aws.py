"""Clients of AWS, to be made once for each Lambda environment.

botocore rather than boto3: the same clients without boto3's resources and transfer manager, whose import is a third of
a cold start (docs/decisions/0003-botocore.md).
"""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Protocol, overload

from botocore.awsrequest import AWSPreparedRequest
from botocore.config import Config
from botocore.loaders import Loader
from botocore.session import Session

from secret_rotation.deadline import deadline_of_calls
from secret_rotation.patience import PATIENCE, Patience

if TYPE_CHECKING:
    from mypy_boto3_rds import RDSClient
    from mypy_boto3_secretsmanager import SecretsManagerClient

_SERVICES = ["events", "logs", "rds", "secretsmanager"]
_ENDPOINTS = "endpoints"


class EventBridge(Protocol):
    """What is used of a client of EventBridge."""

    def put_events(self, *, Entries: list[dict[str, Any]]) -> Mapping[str, Any]:  # noqa: N803 - botocore's name
        """Send events to their buses; the answer says for each one whether its bus took it."""


class LogsClient(Protocol):
    """What is used of a client of CloudWatch Logs."""

    def filter_log_events(self, **parameters: Any) -> Mapping[str, Any]:  # noqa: ANN401 - botocore's parameters
        """A page of the events of a log group that match a pattern."""


class _FrugalLoader(Loader):
    """Loads the data files of the services that are called, and nothing about the hundreds of others.

    botocore lists the folders of all services, and parses a table of all their endpoints, to make one client. The table
    is what older services need: these have rules of their own (endpoint-rule-set-1), which overrule it.
    """

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - the same for all
        return _SERVICES

    def load_data_with_path(self, name: str) -> tuple[Any, str]:
        if name == _ENDPOINTS:
            return {"partitions": []}, self.BUILTIN_DATA_PATH
        return super().load_data_with_path(name)


@overload
def client(
    service: Literal["secretsmanager"], patience: Patience = PATIENCE, endpoint_url: str | None = None
) -> "SecretsManagerClient": ...
@overload
def client(service: Literal["rds"], patience: Patience = PATIENCE, endpoint_url: str | None = None) -> "RDSClient": ...
@overload
def client(
    service: Literal["events"], patience: Patience = PATIENCE, endpoint_url: str | None = None
) -> EventBridge: ...
@overload
def client(
    service: Literal["logs"], patience: Patience = PATIENCE, endpoint_url: str | None = None
) -> "LogsClient": ...
def client(
    service: Literal["events", "logs", "rds", "secretsmanager"],
    patience: Patience = PATIENCE,
    endpoint_url: str | None = None,
) -> object:
    """A client of an AWS service, with short timeouts and the SDK's standard retries.

    Its calls, retries included, end within the time that `deadline.calls_end_by` gives them.
    """
    session = Session()
    session.register_component("data_loader", _FrugalLoader())
    config = Config(
        connect_timeout=patience.aws_connect_seconds,
        read_timeout=patience.aws_answer_seconds,
        retries={"mode": "standard", "total_max_attempts": patience.aws_attempts},
    )
    made = session.create_client(service, config=config, endpoint_url=endpoint_url)
    made.meta.events.register("before-send", partial(_end_in_time, patience))
    return made


def _end_in_time(patience: Patience, request: AWSPreparedRequest, **_: object) -> None:
    """Limit an attempt that is about to be sent to what the invocation has left, or do not send it.

    botocore from 1.43.66 on reads the limit from the request's context. With an older one, which Lambda's runtime may
    bring, an attempt is sent only where its usual limit fits in.
    Source: botocore/httpsession.py, `_get_request_timeout`; aiobotocore's release notes 3.9.1 name that version.

    Raises:
        NoTimeToCallError: too little is left. botocore retries its own errors, and lets this one through.
    """
    deadline = deadline_of_calls()
    if deadline is None:
        return
    usual: float = patience.aws_answer_seconds
    context: dict[str, Any] | None = getattr(request, "context", None)
    if context is None:
        deadline.to_answer(usual, least_seconds=usual)
    else:
        context["read_timeout"] = deadline.to_answer(usual)
