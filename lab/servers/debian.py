"""Debian packages, downloaded and unpacked into a folder: nothing is installed, and no privilege is needed."""

import tempfile
from pathlib import Path

from lab.servers.command import run
from lab.servers.model import ProvisionError

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def unpack(packages: list[str], suite: str, folder: Path) -> None:
    """Download packages of a suite with all that they depend on, and unpack them into a folder.

    The machine's own mirror is used, with apt's own state left alone; apt checks the archive's signature.

    Raises:
        ProvisionError: there is no Debian mirror here, or a download failed.
    """
    with tempfile.TemporaryDirectory(prefix=".apt-", dir=folder) as name:
        options = _private_state(Path(name), suite)
        run(["apt-get", *options, "update", "--quiet=2"])
        run(["apt-get", *options, "install", "--download-only", "--yes", "--quiet=2", *packages])
        for archive in sorted(Path(name).glob("archives/*.deb")):
            run(["dpkg-deb", "--extract", archive, folder])


def _private_state(folder: Path, suite: str) -> list[str]:
    """Return options that keep all of apt's state in a folder: with an empty status, it fetches every dependency."""
    for part in ("lists/partial", "archives/partial"):
        (folder / part).mkdir(parents=True)
    (folder / "status").touch()
    (folder / "sources.list").write_text(f"deb [signed-by={KEYRING}] {_mirror()} {suite} main\n")
    settings = {
        "Dir::Etc::SourceList": folder / "sources.list",
        "Dir::Etc::SourceParts": "-",
        "Dir::State::Lists": folder / "lists",
        "Dir::State::Status": folder / "status",
        "Dir::Cache": folder,
        "APT::Install-Recommends": "false",
        "APT::Sandbox::User": "root",  # the folder is closed to _apt
        "Acquire::Languages": "none",
    }
    return [argument for key, value in settings.items() for argument in ("--option", f"{key}={value}")]


def _mirror() -> str:
    addresses = run(["apt-get", "indextargets", "--format", "$(REPO_URI)"]).split()
    for address in addresses:
        if address.rstrip("/").endswith("/debian"):
            return address
    raise ProvisionError("No Debian mirror in apt's sources: this source of MySQL needs Debian.")
