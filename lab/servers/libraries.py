"""Shared libraries that a minimal Debian lacks, taken from its own archive without installing them."""

import hashlib
import platform
import re
import shutil
import tempfile
from functools import cache
from pathlib import Path

from lab.servers.cache import provide
from lab.servers.command import run_as_server_user
from lab.servers.debian import unpack
from lab.servers.host import architecture
from lab.servers.model import ProvisionError

# What PostgreSQL is linked with, beside the C library; where a package was renamed, apt knows its old name too.
PACKAGES = ["libgssapi-krb5-2", "liblz4-1", "libssl3", "libxml2", "libzstd1"]
NOT_FOUND = re.compile(r"^\s*(\S+) => not found", re.MULTILINE)


@cache
def library_folders(program: Path) -> tuple[Path, ...]:
    """Return folders with the libraries that the program needs and this machine lacks; none on most machines.

    Raises:
        ProvisionError: some are missing, and Debian's archive does not have them.
    """
    missing = _missing(program)
    if not missing:
        return ()
    digest = hashlib.sha256(" ".join(sorted(missing)).encode()).hexdigest()[:12]
    return (provide(f"libraries-{architecture()}-{digest}", lambda folder: _collect(program, folder)),)


def _missing(program: Path, *folders: Path) -> set[str]:
    path = ":".join(map(str, (program.parent.parent / "lib", *folders)))
    return set(NOT_FOUND.findall(run_as_server_user(["ldd", program], environment={"LD_LIBRARY_PATH": path})))


def _collect(program: Path, folder: Path) -> None:
    """Copy the missing libraries only: a second C library beside the machine's own would break its loader."""
    suite = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    with tempfile.TemporaryDirectory(prefix=".packages-", dir=folder) as unpacked:
        unpack(PACKAGES, suite, Path(unpacked))
        while missing := _missing(program, folder):
            for name in missing:
                shutil.copy(_find(name, Path(unpacked)), folder / name)


def _find(name: str, folder: Path) -> Path:
    for found in folder.rglob(name):
        return found.resolve()
    raise ProvisionError(f"This machine lacks {name}, and Debian's packages {', '.join(PACKAGES)} do not have it.")
