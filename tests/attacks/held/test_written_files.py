"""What the function writes to files."""

import socket
import tempfile
from pathlib import Path
from typing import Any

import pytest

from secret_rotation import authorities
from tests.fixtures.databases import ApplicationUser
from tests.fixtures.rotation import STRATEGIES, MakeApplication


def test_what_is_written_to_tmp_is_no_secret(
    user: ApplicationUser, make_application: MakeApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the function writes to /tmp are certificates, which nobody else may read."""
    host = "shop.abc123.eu-central-1.rds.amazonaws.com"
    authorities.file_for.cache_clear()  # another test of this process may have had the file made
    resolve = socket.getaddrinfo

    def resolve_here(name: str, *more: Any, **options: Any) -> object:  # noqa: ANN401 - as the original
        return resolve("127.0.0.1" if name == host else name, *more, **options)

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(socket, "getaddrinfo", resolve_here)
    for strategy in STRATEGIES:
        application = make_application(user, strategy, environ={"RDS_CA_BUNDLE": ""}, host=host)
        application.superuser_secret.change(host=host)
        assert application.steps(application.begin(), "createSecret", "setSecret").failed
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if path.stat().st_mode & 0o077]
    assert not [path for path in files if not path.read_text().startswith("-----BEGIN CERTIFICATE-----")]
