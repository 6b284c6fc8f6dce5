"""The libraries that the PostgreSQL driver's wheel brings, which no lock names and no scanner of packages sees."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.release.notice import Row, rows
from scripts.release.refused import RefusedError

DRIVER = "psycopg2_binary"
_FILE = re.compile(r"(?P<library>.+)-[0-9a-f]{8}\.so")
"""Its name, and what auditwheel adds. Source: auditwheel, `copylib`."""
PACKAGES = {
    "Cyrus SASL": {"cyrus-sasl-lib"},
    "MIT Kerberos": {"krb5-libs"},
    "OpenSSL": {"openssl-libs"},
    "PCRE": {"pcre", "pcre2"},
    "SELinux": {"libselinux"},
    "e2fsprogs": {"libcom_err"},
    "keyutils": {"keyutils-libs"},
    "libxcrypt": {"libxcrypt"},
}
"""What distributions call a project of NOTICE. What is not here, or is of another version, psycopg builds itself."""


@dataclass(frozen=True)
class Library:
    """A library, or a distribution's package of libraries."""

    name: str
    version: str | None
    purl: str
    licence: str

    @property
    def cpe(self) -> str | None:
        """What databases of vulnerabilities call what was built from a project's own source."""
        if self.version is None or not self.purl.startswith("pkg:generic/"):
            return None
        return f"cpe:2.3:a:{self.name}:{self.name}:{self.version}:*:*:*:*:*:*:*"


def bundled(layer: Path, notice: str) -> list[Library]:
    """The libraries in a layer, each once, by name.

    Args:
        layer: the folder of the layer, as it was built.
        notice: the text of NOTICE, which has the licences, and the versions that the wheel does not state.

    Raises:
        RefusedError: NOTICE does not name a library.
    """
    known = rows(notice)
    packages = list(_packages(layer))
    files = (layer / "python" / f"{DRIVER}.libs").iterdir()
    found = {_library(_row(file, known), packages) for file in files}
    return sorted(found, key=lambda library: library.purl)


def _row(file: Path, known: Iterable[Row]) -> Row:
    """What NOTICE says of a file. Of two versions of a project, the one is meant that the file states."""
    parts = _FILE.match(file.name)
    named = [row for row in known if parts and parts["library"] in row.libraries]
    if not named:
        raise RefusedError(f"NOTICE does not name {file.name}, which {DRIVER} brings")
    content = file.read_bytes()
    stated = [row for row in named if f"{row.project} {row.version} ".encode() in content]
    return (stated or named)[0]


def _library(row: Row, packages: Iterable[tuple[str, str, str]]) -> Library:
    for name, version, purl in packages:
        if name in PACKAGES.get(row.project, ()) and version.startswith(f"{row.version}-" if row.version else ""):
            return Library(name, version, purl, row.licence)
    name = row.project.lower()
    return Library(name, row.version, f"pkg:generic/{name}{f'@{row.version}' if row.version else ''}", row.licence)


def _packages(layer: Path) -> Iterator[tuple[str, str, str]]:
    """The packages of a distribution that the wheel itself names: name, version and URL."""
    for file in layer.glob(f"python/{DRIVER}-*.dist-info/sboms/*.json"):
        for component in json.loads(file.read_text())["components"]:
            if component["purl"].startswith("pkg:rpm/"):
                yield component["name"], component["version"], component["purl"]
