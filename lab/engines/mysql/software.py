"""MySQL: a local mysqld, or Debian's, unpacked and run in place."""

import hashlib
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from lab.engines.versions import DOCKER, image_versions
from lab.servers.cache import provide
from lab.servers.command import run, run_as_server_user
from lab.servers.debian import unpack
from lab.servers.host import architecture
from lab.servers.model import ProvisionError

SOURCE_VARIABLE = "LAB_MYSQL"
SOURCES = ("debian", "local", DOCKER)
IMAGES = {version: f"mysql:{version}" for version in ("8.0", "8.4", "9.7")}
OLDEST = (8, 0)
LOADERS = {"x86_64": "ld-linux-x86-64.so.2", "aarch64": "ld-linux-aarch64.so.1"}
INITIALISE = [
    "--no-defaults", "--initialize-insecure", "--innodb-redo-log-capacity=8M", "--innodb-flush-method=nosync",
    "--innodb-doublewrite=OFF", "--skip-log-bin",
]  # fmt: skip


@dataclass(frozen=True)
class MySQLSoftware:
    """One mysqld of this machine: how it is called, and what it must be told about where it lies."""

    version: str
    program: tuple[str, ...]
    locations: tuple[str, ...]

    def template(self) -> Path:
        """An initialised data directory, without any account but root@localhost."""
        digest = hashlib.sha256(repr((self.version, self.program, INITIALISE)).encode()).hexdigest()[:12]
        return provide(f"mysql-{architecture()}-data-{digest}", self._initialise) / "data"

    def _initialise(self, folder: Path) -> None:
        # A dump of the buffer pool and key pairs of its own are of no use to a copy.
        run_as_server_user([*self.program, *INITIALISE, *self.locations, f"--datadir={folder / 'data'}"])


def mysql_source() -> str:
    """Return where MySQL comes from: LAB_MYSQL, or Debian's packages.

    Raises:
        ProvisionError: LAB_MYSQL is none of "debian", "local" and "docker", or lists an unknown version.
    """
    if chosen_images():
        return DOCKER
    source = os.environ.get(SOURCE_VARIABLE) or SOURCES[0]
    if source not in SOURCES:
        raise ProvisionError(f"{SOURCE_VARIABLE} is {source!r}: it must be one of {', '.join(SOURCES)}.")
    return source


def chosen_images() -> tuple[str, ...]:
    """The versions that LAB_MYSQL wants from images: "docker", "docker:8.0,8.4"; none where it names another source.

    Raises:
        ProvisionError: it lists one that is not in `IMAGES`.
    """
    return image_versions(SOURCE_VARIABLE, tuple(IMAGES))


def local_mysql() -> MySQLSoftware:
    """The mysqld that is installed on this machine.

    Raises:
        ProvisionError: there is none on PATH, or it is older than 8.0 (or MariaDB).
    """
    path = shutil.which("mysqld")
    if path is None:
        raise ProvisionError(f"There is no mysqld on PATH: install one, or unset {SOURCE_VARIABLE}.")
    return _described((path,), ())


def debian_mysql() -> MySQLSoftware:
    """Return Debian's newest MySQL, downloaded if it is not in the cache.

    Raises:
        ProvisionError: it could not be downloaded.
    """
    if shutil.which("apt-get") is None:
        raise ProvisionError(
            f"There is no apt-get here, which fetches Debian's MySQL. Install MySQL and set {SOURCE_VARIABLE}=local, "
            f"or set {SOURCE_VARIABLE}=docker. PostgreSQL needs neither."
        )
    root = provide(f"mysql-debian-{architecture()}", lambda folder: unpack(["mysql-server-core"], "sid", folder))
    libraries = root / "usr/lib" / f"{architecture()}-linux-gnu"
    # Its C library is newer than the machine's own, so it starts with its own loader.
    program = (libraries / LOADERS[architecture()], "--library-path", libraries, root / "usr/sbin/mysqld")
    places = {
        "basedir": "usr",
        "lc-messages-dir": "usr/share/mysql",
        "character-sets-dir": "usr/share/mysql/charsets",
        "plugin-dir": "usr/lib/mysql/plugin",
    }
    return _described(tuple(map(str, program)), tuple(f"--{name}={root / place}" for name, place in places.items()))


def _described(program: tuple[str, ...], locations: tuple[str, ...]) -> MySQLSoftware:
    text = run([*program, "--no-defaults", "--version"])
    found = re.search(r"Ver (\d+)\.(\d+)\.(\d+)", text)
    if found is None or "MariaDB" in text or (int(found[1]), int(found[2])) < OLDEST:
        raise ProvisionError(f"The lab needs MySQL 8.0 or newer, and this is: {text.strip()}")
    return MySQLSoftware(".".join(found.groups()), program, locations)
