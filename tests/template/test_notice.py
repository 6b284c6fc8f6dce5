"""NOTICE names what the dependencies layer holds of others."""

import re
from pathlib import Path

import pytest

from tests.template.conftest import DEPENDENCIES, ROOT

pytestmark = pytest.mark.xdist_group("sam")  # in one worker: what SAM makes is made once

NOTICE = (ROOT / "NOTICE").read_text()
each_layer = pytest.mark.parametrize("layer", DEPENDENCIES.values())


@each_layer
def test_every_package_and_library_is_named(build: Path, layer: str) -> None:
    """No package is in the layer, and no library in the driver's wheel, that NOTICE does not name."""
    folder = build / layer / "python"
    packages = {path.name.partition("-")[0].replace("_", "-") for path in folder.glob("*.dist-info")}
    libraries = {path.name.partition("-")[0] for path in (folder / "psycopg2_binary.libs").iterdir()}
    libraries = {"libpcre2-8" if name == "libpcre2" else name for name in libraries}
    assert packages
    assert libraries
    assert not [name for name in packages | libraries if not re.search(rf"(?<![\w-]){name}(?![\w-])", NOTICE)]


@each_layer
def test_every_package_brings_the_text_of_its_licence(build: Path, layer: str) -> None:
    """What is given on has the licence that it was given with."""
    for package in (build / layer / "python").glob("*.dist-info"):
        assert [path for path in package.rglob("*") if re.match("LICEN[CS]E|COPYING", path.name)], package


@each_layer
def test_every_openssl_is_named_by_its_version(build: Path, layer: str) -> None:
    """Which OpenSSL the driver brings is what its files say, as `OpenSSL 3.5.8 25 Aug 2026`."""
    libraries = (build / layer / "python" / "psycopg2_binary.libs").glob("libcrypto*")
    versions = {re.search(rb"\0OpenSSL (\d[\w.]+) ", path.read_bytes()) for path in libraries}
    assert versions
    for version in versions:
        assert version
        assert f"OpenSSL {version[1].decode()} " in NOTICE
