"""The machine that the servers run on: as which user, and in which folders."""

import os
import platform
import pwd
import shutil
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lab.servers.model import ProvisionError

CACHE_VARIABLE = "LAB_CACHE"
CACHE_NAME = "secret-rotation-lab"
ARCHITECTURES = ("x86_64", "aarch64")


@dataclass(frozen=True)
class ServerUser:
    """The user that servers run as. Database servers refuse root, so root lends them `nobody`."""

    uid: int
    gid: int

    @property
    def identity(self) -> dict[str, int | list[int]]:
        """Return what subprocess takes to become this user: nothing, unless this process is root."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if os.geteuid() == 0 else {}

    def own(self, path: Path) -> None:
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid)

    def can_reach(self, folder: Path) -> bool:
        """Whether this user may go through the folder and everything above it."""
        return all(self._can_traverse(part) for part in (folder, *folder.parents) if part.exists())

    def _can_traverse(self, folder: Path) -> bool:
        status = folder.stat()
        if status.st_uid == self.uid:
            return bool(status.st_mode & 0o100)
        return bool(status.st_mode & (0o010 if status.st_gid == self.gid else 0o001))


@cache
def server_user() -> ServerUser:
    """The user that servers run as on this machine."""
    if os.geteuid() != 0:
        return ServerUser(os.geteuid(), os.getegid())
    nobody = pwd.getpwnam("nobody")
    return ServerUser(nobody.pw_uid, nobody.pw_gid)


def architecture() -> str:
    """The machine's architecture as the kernel says it.

    Raises:
        ProvisionError: there are no servers for this machine.
    """
    machine = platform.machine()
    if platform.system() != "Linux" or machine not in ARCHITECTURES:
        raise ProvisionError(
            f"The lab's servers run on Linux on {' or '.join(ARCHITECTURES)}, not on {platform.system()} on {machine}."
        )
    return machine


def cache_folder() -> Path:
    """The folder that keeps downloaded software, made if need be.

    LAB_CACHE names it; otherwise it is the user's cache (XDG), and for root, whose home is closed to the servers'
    user, /var/cache.

    Raises:
        ProvisionError: the folder cannot be made, or the servers' user cannot reach it.
    """
    folder = Path(os.environ.get(CACHE_VARIABLE) or _default_cache()).expanduser().absolute()
    try:
        _make_open(folder)
    except OSError as error:
        raise ProvisionError(f"Cannot make the cache {folder} ({error}). Set {CACHE_VARIABLE} to another.") from error
    if not server_user().can_reach(folder):
        raise ProvisionError(
            f"Servers run as uid {server_user().uid}, which cannot reach the cache {folder}: "
            f"set {CACHE_VARIABLE} to a folder that it may traverse, such as one in /var/cache."
        )
    return folder


def new_run_folder(prefix: str) -> Path:
    """Make a folder of the servers' user for one server's data, certificates and log."""
    folder = Path(tempfile.mkdtemp(prefix=f"lab-{prefix}-", dir=run_folders()))
    server_user().own(folder)
    return folder


def run_folders() -> Path:
    """The folder in which the servers' folders are made."""
    temporary = Path(tempfile.gettempdir())
    return temporary if server_user().can_reach(temporary) else Path("/var/tmp")  # noqa: S108 - mkdtemp makes it safe


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only the servers' user (and root) can read."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    server_user().own(path)


def remove(folder: Path) -> None:
    """Remove a folder; what is gone already does not matter."""
    shutil.rmtree(folder, ignore_errors=True)


def _make_open(folder: Path) -> None:
    """Make a folder that others may enter, whatever the umask."""
    missing = [part for part in (folder, *folder.parents) if not part.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for part in missing:
        part.chmod(0o755)


def _default_cache() -> Path:
    if os.geteuid() == 0:
        return Path("/var/cache") / CACHE_NAME
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / CACHE_NAME
