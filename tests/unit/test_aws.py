"""Clients of AWS: made cheaply, they call what the SDK's own would call."""

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any, Literal

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ReadTimeoutError
from botocore.session import Session

from secret_rotation import aws
from secret_rotation.deadline import Deadline, NoTimeToCallError, calls_end_by

Service = Literal["secretsmanager", "rds", "events", "logs"]

SDK = Session()
OPERATIONS: dict[Service, str] = {
    "secretsmanager": "ListSecrets",
    "rds": "DescribeDBInstances",
    "events": "ListEventBuses",
    "logs": "DescribeLogGroups",
}
RDS_ANSWER = (
    b"<DescribeDBInstancesResponse><DescribeDBInstancesResult/><ResponseMetadata/></DescribeDBInstancesResponse>"
)


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that nobody checks, and no endpoint of the lab."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    for name in ("AWS_ENDPOINT_URL_SECRETS_MANAGER", "AWS_ENDPOINT_URL_RDS"):
        monkeypatch.delenv(name, raising=False)


def sent(client: Any) -> tuple[str, str]:  # noqa: ANN401 - botocore makes its clients at run time
    """Where a call goes, and the scope (region and service) that it is signed for."""
    requests: list[AWSPreparedRequest] = []

    def answer(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        requests.append(request)
        raw = SimpleNamespace(stream=lambda **_: [RDS_ANSWER if "rds" in request.url else b"{}"])
        return AWSResponse(request.url, 200, {}, raw)  # type: ignore[arg-type]

    client.meta.events.register("before-send", answer)
    client._make_api_call(OPERATIONS[client.meta.service_model.service_name], {})  # noqa: SLF001
    [request] = requests
    return str(request.url), str(request.headers["Authorization"]).split(", ")[0].partition("/")[2]


@pytest.mark.parametrize("service", OPERATIONS)
@pytest.mark.parametrize("partition", SDK.get_available_partitions())
def test_a_client_calls_what_the_sdk_would_call(
    monkeypatch: pytest.MonkeyPatch, partition: str, service: Service
) -> None:
    """In each partition, a call goes to the URL and is signed for the scope of the SDK's own client."""
    region = SDK.get_available_regions(service, partition)[-1]
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    assert sent(aws.client(service)) == sent(SDK.create_client(service, region))


def test_a_client_heeds_that_fips_endpoints_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The endpoint with validated cryptography is called where the environment asks for it."""
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    url, _ = sent(aws.client("secretsmanager"))
    assert url == "https://secretsmanager-fips.us-east-1.amazonaws.com/"


@pytest.mark.parametrize(
    ("service", "url"),
    [
        ("rds", "https://rds.eu-central-1.api.aws/"),
        ("secretsmanager", "https://secretsmanager.eu-central-1.amazonaws.com/"),  # one name for both
    ],
)
def test_a_client_heeds_that_endpoints_with_ipv6_are_asked_for(
    monkeypatch: pytest.MonkeyPatch, service: Service, url: str
) -> None:
    """The endpoint that has IPv6 addresses, too, is called where the environment asks for it."""
    monkeypatch.setenv("AWS_USE_DUALSTACK_ENDPOINT", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    assert sent(aws.client(service))[0] == url


@pytest.mark.parametrize("name", ["AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"])
def test_an_endpoint_of_ones_own_wins_over_those_of_aws(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Where both are set, the call goes to the endpoint that was named."""
    monkeypatch.setenv(name, "true")
    url, _ = sent(aws.client("secretsmanager", endpoint_url="https://vpce-1.example.com"))
    assert url == "https://vpce-1.example.com/"


def test_a_client_takes_the_endpoint_that_it_is_given() -> None:
    """An endpoint of the deployer's own is called, whatever the region's would be."""
    url, _ = sent(aws.client("secretsmanager", endpoint_url="https://vpce-1.example.com"))
    assert url == "https://vpce-1.example.com/"


def test_a_client_retries_and_pages_as_the_sdk_does() -> None:
    """Error classes, paginators and retries come from the same data files as those of the SDK's own client."""
    client: Any = aws.client("rds")
    own = SDK.create_client("rds", "us-east-1")
    assert client.can_paginate("describe_db_clusters")
    assert dir(client.exceptions) == dir(own.exceptions)
    assert client.meta.config.retries["mode"] == "standard"


@pytest.mark.parametrize(("left", "limit"), [(60.0, 5.0), (7.0, 4.0), (None, None)])
def test_an_attempt_waits_no_longer_than_the_invocation_lasts(left: float | None, limit: float | None) -> None:
    """The SDK is told the limit of an attempt, which has its usual one where nobody has said when calls must end."""
    client = aws.client("secretsmanager")
    request = SimpleNamespace(context={})  # as of botocore's AWSPreparedRequest
    with calls_end_by(Deadline(lambda: left)) if left is not None else nullcontext():
        client.meta.events.emit("before-send.secrets-manager.ListSecrets", request=request)
    assert request.context.get("read_timeout") == limit


@pytest.mark.parametrize(("left", "is_sent"), [(8.5, True), (7.5, False)])
def test_an_older_sdk_sends_what_ends_in_time_as_it_is(left: float, *, is_sent: bool) -> None:
    """It knows no limit of an attempt, so that one is sent only where its usual five seconds fit in."""
    client, expected = aws.client("secretsmanager"), nullcontext() if is_sent else pytest.raises(NoTimeToCallError)
    with calls_end_by(Deadline(lambda: left)), expected:
        client.meta.events.emit("before-send.secrets-manager.ListSecrets", request=SimpleNamespace())


def test_no_attempt_is_made_once_the_time_is_used_up() -> None:
    """What the SDK would try again is left, and the error says so instead of what went wrong before."""
    client, left = aws.client("secretsmanager"), iter((60.0, 3.0))
    attempts: list[object] = []

    def fail(**_: object) -> None:
        attempts.append(None)
        raise ReadTimeoutError(endpoint_url="https://aws")

    client.meta.events.register_last("before-send", fail)
    with calls_end_by(Deadline(lambda: next(left))), pytest.raises(NoTimeToCallError):
        client.list_secrets()
    assert len(attempts) == 1
