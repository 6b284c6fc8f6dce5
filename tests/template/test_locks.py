"""The locked versions: one of each package, each with its hash."""

import re
from importlib.metadata import metadata

import pytest

from tests.docs.markdown import code, document
from tests.template.conftest import ROOT

LAYER = "layers/dependencies/requirements"
LOCKS = (
    LAYER,
    "requirements/demo",
    "requirements/dev",
    "requirements/sam",
    "requirements/ministack",
    "requirements/security",
)


def locked(name: str) -> dict[str, str]:
    """The version of each package in a lock file."""
    found = re.findall(r"^([\w.-]+)==(\S+)", (ROOT / f"{name}.txt").read_text(), re.MULTILINE)
    return {package.lower(): version for package, version in found}


@pytest.mark.parametrize("name", ["requirements/demo", "requirements/dev"])
def test_tests_run_on_the_versions_that_are_deployed(name: str) -> None:
    """Whatever the layer ships has the same version in the lab and in the tests."""
    assert locked(LAYER).items() <= locked(name).items()


def test_the_tests_run_on_the_demos_versions() -> None:
    """The tests add packages to those of the demo, and change none."""
    assert locked("requirements/demo").items() <= locked("requirements/dev").items()


@pytest.mark.parametrize("name", LOCKS)
def test_locks_are_complete(name: str) -> None:
    """A lock holds every package that its source asks for, a hash for each, and no address to take it from."""
    text = (ROOT / f"{name}.txt").read_text()
    asked = re.findall(r"^([\w-]+)", (ROOT / f"{name}.in").read_text(), re.MULTILINE)
    assert {package for package in asked if not package.startswith("-")} <= set(locked(name))
    pinned = re.findall(r"^[\w.-]+==.*", text, re.MULTILINE)
    hashed = re.findall(r"^[\w.-]+==.* \\\n +--hash=sha256:", text, re.MULTILINE)
    assert len(pinned) == len(hashed)
    assert "://" not in text


def test_all_that_is_deployed_is_told() -> None:
    """The document for auditors names each package of the layer, and the licence that the package states itself."""
    rows = document("docs/security.md").table("Package | Licence")
    told = {code(row["Package"])[0]: row["Licence"].partition(",")[0] for row in rows}
    assert told.keys() == locked(LAYER).keys()
    for package, licence in told.items():
        about = metadata(package).json
        assert licence in f"{about.get('license_expression')} {about.get('license')}", package
