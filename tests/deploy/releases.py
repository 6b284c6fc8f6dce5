"""The last release of this repository, built: what an update of a stack begins with."""

import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from lab.lambda_environment.code import BUILD, REPOSITORY
from lab.servers.command import run
from lab.servers.model import ProvisionError
from scripts.release.pages import UNRELEASED, versions


class ReleaseMissingError(Exception):
    """A release that the changelog names is not in this clone."""


def last_release(changelog: str, own_version: str, has_tag: Callable[[str], bool]) -> str | None:
    """The tag of the newest release that the changelog names, or None before the first one.

    A version is named before it has its tag: this one's may be missing, no other.

    Raises:
        ReleaseMissingError: the clone lacks the tag.
    """
    for version in versions(changelog):
        if version == UNRELEASED:
            continue
        if has_tag(f"v{version}"):
            return f"v{version}"
        if version != own_version:
            raise ReleaseMissingError(f"The changelog names {version}, and no tag v{version} is here: git fetch --tags")
    return None


def has_tag(tag: str) -> bool:
    """Whether this clone has a tag."""
    return bool(_git("tag", "--list", tag).strip())


def build_release(tag: str, folder: Path, sam_tool: Callable[..., str]) -> Path:
    """Build a release as it was, for this machine's Python; return its template."""
    archive = folder / "release.tar"
    _git("archive", "--output", str(archive), tag)
    source = folder / "source"
    shutil.unpack_archive(archive, source, filter="data")
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    template, built = source / "template.yaml", folder / "build"
    sam_tool("sam", "build", "--template-file", template, "--build-dir", built, LAYER_PYTHON=python)
    return built / "template.yaml"


def build_with_other_code(folder: Path) -> Path:
    """This very build with a line more in each file of code; return its template."""
    built = folder / "build"
    shutil.copytree(BUILD, built)
    for path in _code(built):
        with path.open("a") as file:
            file.write("# as it was before\n")
    return built / "template.yaml"


def shared_code(template: Path) -> str:
    """The digest of the layer with the code that all functions share, as a template's build has it."""
    layer, digest = template.parent / "SecretRotationLayer", hashlib.sha256()
    for path in sorted(layer.rglob("*.py")):
        digest.update(f"{path.relative_to(layer)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _code(built: Path) -> Iterator[Path]:
    yield from built.glob("*Function/app.py")
    yield built / "SecretRotationLayer" / "python" / "secret_rotation" / "__init__.py"


def _git(*arguments: str) -> str:
    # In a container the clone may belong to another user, whom git trusts only where the environment says so.
    trusted = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": str(REPOSITORY)}
    try:
        return run(["git", *arguments], cwd=REPOSITORY, env={**os.environ, **trusted})
    except ProvisionError as error:
        raise ReleaseMissingError(f"This is no clone of the repository, which has the last release: {error}") from error
