"""A database in a region whose authorities the layer does not have."""

import socket
from dataclasses import replace
from typing import Any

import pytest

from lab.engines import kit_of
from secret_rotation.errors import DatabaseUnreachableError
from tests.engines.conftest import Subject


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("shop.abc123.us-gov-west-1.rds.amazonaws.com", "us-gov-west-1"),
        ("shop.abc123.rds.cn-north-1.amazonaws.com.cn", "cn-north-1"),
    ],
)
def test_the_error_names_the_region_that_the_bundle_does_not_know(
    subject: Subject, host: str, region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever driver finds the server's certificate untrusted, what is told is what the deployer has to set."""
    resolve = socket.getaddrinfo

    def resolve_here(name: str, *more: Any, **options: Any) -> object:  # noqa: ANN401 - as the original
        return resolve("127.0.0.1" if name == host else name, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve_here)
    shipped = replace(subject, engine=kit_of(subject.server).engine())
    shipped.fails(DatabaseUnreachableError, f"has no authority of {region}", "RDS_CA_BUNDLE", host=host)
