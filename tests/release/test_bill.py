"""The bills of materials name all that is deployed, and what the PostgreSQL driver brings."""

import json
import re
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

import rotationctl
from scripts.release import sums
from tests.release.conftest import Release
from tests.template.conftest import DEPENDENCIES
from tests.template.test_locks import LAYER, locked

pytestmark = pytest.mark.xdist_group("release")  # in one worker, so that the two are made once

each_processor = pytest.mark.parametrize("processor", DEPENDENCIES)
WITHOUT_VERSION = {"arm64": set(), "x86_64": {"libxcrypt"}}
"""A library of the image that wheels are built in, of which neither the image nor the file itself says the version."""


def bill(release: Release, processor: str) -> dict[str, Any]:
    """The bill for one processor."""
    loaded: dict[str, Any] = json.loads(release[f"sbom-{processor}.cdx.json"].read_text())
    return loaded


def of_kind(bill: dict[str, Any], purl: str) -> dict[str, dict[str, Any]]:
    """The components with such a package URL, by name."""
    return {each["name"]: each for each in bill["components"] if each.get("purl", "").startswith(purl)}


@each_processor
def test_it_is_a_bill(release: Release, processor: str) -> None:
    """CycloneDX's own schema takes it, and it is of this version."""
    text = release[f"sbom-{processor}.cdx.json"].read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert json.loads(text)["metadata"]["component"]["version"] == rotationctl.__version__


@each_processor
def test_all_files_are_named_with_their_sums(release: Release, processor: str) -> None:
    """It has each zip that is deployed on its processor, by its sum."""
    others = {f"{layer}.zip" for other, layer in DEPENDENCIES.items() if other != processor}
    files = {each["name"]: each["hashes"] for each in bill(release, processor)["components"] if each["type"] == "file"}
    deployed = {file.name: file for file in release.folder.glob("*.zip") if file.name not in others}
    assert files == {name: [{"alg": "SHA-256", "content": sums.of(file)}] for name, file in deployed.items()}


@each_processor
def test_all_packages_are_named_with_their_versions(release: Release, processor: str) -> None:
    """Its packages of Python are those of the lock, each with a licence."""
    packages = of_kind(bill(release, processor), "pkg:pypi/")
    assert {name: package["version"] for name, package in packages.items()} == locked(LAYER)
    assert all(package["licenses"] for package in packages.values())


@each_processor
def test_what_the_driver_brings_is_named(release: Release, processor: str) -> None:
    """Each library has a version, but those that have none to be found, and hangs on the driver."""
    bought = bill(release, processor)
    libraries = of_kind(bought, "pkg:generic/") | of_kind(bought, "pkg:rpm/")
    assert {"postgresql", "openssl", "openldap", "krb5-libs"} <= libraries.keys()
    assert {name for name, each in libraries.items() if "version" not in each} == WITHOUT_VERSION[processor]
    depends = {each["ref"].partition("@")[0]: each["dependsOn"] for each in bought["dependencies"]}
    assert sorted(depends["pkg:pypi/psycopg2-binary"]) == sorted(each["bom-ref"] for each in libraries.values())


@each_processor
def test_what_psycopg_builds_itself_can_be_looked_up(release: Release, processor: str) -> None:
    """Databases of vulnerabilities know these by a name of their own, with the version that NOTICE has."""
    built = of_kind(bill(release, processor), "pkg:generic/")
    names = {each["cpe"] for each in built.values() if "version" in each}
    assert len(names) == 3
    assert all(re.fullmatch(r"cpe:2\.3:a:(\w+):\1:[\d.]+(:\*){7}", name) for name in names)
