"""Clients of AWS: made cheaply, they call what the SDK's own would call."""

from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.session import Session

from secret_rotation import aws

SDK = Session()
OPERATIONS = {"secretsmanager": "ListSecrets", "rds": "DescribeDBInstances"}
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


class _Answer:
    """A body as urllib3 has it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: object) -> list[bytes]:
        """The body in one piece."""
        return [self._body]


def sent(client: Any) -> tuple[str, str]:  # noqa: ANN401 - botocore makes its clients at run time
    """Where a call goes, and the scope (region and service) that it is signed for."""
    requests: list[AWSPreparedRequest] = []

    def answer(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        requests.append(request)
        return AWSResponse(request.url, 200, {}, _Answer(RDS_ANSWER if "rds" in request.url else b"{}"))  # type: ignore[arg-type]

    client.meta.events.register("before-send", answer)
    client._make_api_call(OPERATIONS[client.meta.service_model.service_name], {})  # noqa: SLF001
    [request] = requests
    return str(request.url), str(request.headers["Authorization"]).split(", ")[0].partition("/")[2]


@pytest.mark.parametrize("service", OPERATIONS)
@pytest.mark.parametrize("partition", SDK.get_available_partitions())
def test_a_client_calls_what_the_sdk_would_call(monkeypatch: pytest.MonkeyPatch, partition: str, service: str) -> None:
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


def test_a_client_takes_the_endpoint_that_it_is_given() -> None:
    """An endpoint of the deployer's own is called, whatever the region's would be."""
    url, _ = sent(aws.client("secretsmanager", "https://vpce-1.example.com"))
    assert url == "https://vpce-1.example.com/"


def test_a_client_retries_and_pages_as_the_sdk_does() -> None:
    """Error classes, paginators and retries come from the same data files as those of the SDK's own client."""
    client, own = aws.client("rds"), SDK.create_client("rds", "us-east-1")
    assert client.can_paginate("describe_db_clusters")
    assert dir(client.exceptions) == dir(own.exceptions)
    assert client.meta.config.retries["mode"] == "standard"
