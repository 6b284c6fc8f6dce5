"""A release, made twice: in another folder, under another umask, time zone and locale, from files of other days."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

import rotationctl
from tests.template.conftest import DEPENDENCIES, ROOT, SAM_BIN

SOURCES = ("template.yaml", "samconfig.toml", "LICENSE", "NOTICE", "README.md", "CHANGELOG.md")
SOURCE_FOLDERS = ("functions", "layers", "rotationctl", "scripts")
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
"""The Python that compiles, and for which there are drivers: Lambda's own need not be here."""
NOWHERE = "http://127.0.0.1:9"
"""A proxy that is not there."""
LONG_AGO = 1_000_000_000  # a second of September 2001


@dataclass(frozen=True)
class Release:
    """A folder with a release, and the folders from which it was made."""

    folder: Path
    built: Path

    def __getitem__(self, name: str) -> Path:
        return self.folder / name

    def names(self) -> list[str]:
        """What its files are called, in order."""
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The environment in which `make release` makes one, once it is set up: there is no network any more."""
    if not (SAM_BIN / "sam").exists():
        pytest.fail("There is no .venv-sam. Run the tests with `make test`, which makes it.")
    wheels = tmp_path_factory.mktemp("wheels")
    online = {**os.environ, "PATH": f"{SAM_BIN}:{os.environ['PATH']}", "SAM_CLI_TELEMETRY": "0", "LAYER_PYTHON": PYTHON}
    online.pop("PYTHON", None)
    for processor in DEPENDENCIES:
        place = ("--directory", ROOT / "layers/dependencies" / processor, "--file", "../../Makefile")
        command: list[str | Path] = ["make", *place, "wheels", f"WHEELS={wheels}"]
        done = subprocess.run(command, env=online, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "HTTP_PROXY": NOWHERE, "HTTPS_PROXY": NOWHERE}
    return {**online, **offline, "AWS_DEFAULT_REGION": "eu-central-1"}


@pytest.fixture(scope="session")
def releases(environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> tuple[Release, Release]:
    """The two."""
    one, other = (copy_of_sources(tmp_path_factory.mktemp(name)) for name in ("one", "the-other"))
    for path in other.rglob("*"):
        os.utime(path, (LONG_AGO, LONG_AGO))
    first = make_release(one, environment)
    second = make_release(other, {**environment, "TZ": "Asia/Tokyo", "LC_ALL": "C"}, umask=0o077)
    return first, second


@pytest.fixture(scope="session")
def release(releases: tuple[Release, Release]) -> Release:
    """The first of them."""
    return releases[0]


@pytest.fixture
def refusal(environment: Mapping[str, str], tmp_path: Path) -> Callable[..., str]:
    """Run the program where it makes no release, and return what it says."""

    def run(*arguments: str, **variables: str) -> str:
        done = run_program(tmp_path / "checkout", {**environment, **variables}, *arguments)
        assert done.returncode == 1
        assert not (tmp_path / "checkout/dist").exists()
        return done.stderr

    copy_of_sources(tmp_path / "checkout")
    return run


def copy_of_sources(folder: Path) -> Path:
    """A copy of what a release is made from, whose changelog says that the version is released."""
    for name in SOURCE_FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in SOURCES:
        shutil.copy(ROOT / name, folder / name)
    changelog = folder / "CHANGELOG.md"
    text = changelog.read_text().replace("\n## Unreleased\n", f"\n## {rotationctl.__version__} - 2026-12-01\n")
    changelog.write_text(text)
    return folder


def make_release(checkout: Path, environment: Mapping[str, str], umask: int = 0o022) -> Release:
    """Make one as it is published."""
    done = run_program(checkout, environment, "--tag", f"v{rotationctl.__version__}", umask=umask)
    assert done.returncode == 0, done.stderr
    return Release(checkout / "dist", checkout / ".cache/release/build")


def run_program(
    checkout: Path, environment: Mapping[str, str], *arguments: str, umask: int = 0o022
) -> subprocess.CompletedProcess[str]:
    """Run what `make release` runs."""
    return subprocess.run(
        [SAM_BIN / "python", "-m", "scripts.release", *arguments],
        cwd=checkout,
        env={**environment, "PYTHONPATH": "layers/secret_rotation"},
        umask=umask,
        capture_output=True,
        text=True,
        check=False,
    )
