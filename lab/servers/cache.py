"""Software that is fetched once and used many times, by many processes."""

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.servers.host import CACHE_VARIABLE, cache_folder, remove, server_user
from lab.servers.model import ProvisionError

SEAL = ".complete"


def provide(name: str, build: Callable[[Path], None]) -> Path:
    """The cache entry of that name, building it first where it is missing or damaged.

    `build` fills an empty folder that belongs to the servers' user. However many processes ask at once, one builds and
    the others wait. An entry appears under its name only when it is complete.

    Raises:
        ProvisionError: the build failed; nothing of it stays behind.
    """
    entry = cache_folder() / name
    if _is_intact(entry):
        return entry
    try:
        with _locked(entry.parent / f"{name}.lock"):
            if not _is_intact(entry):
                _build(entry, build)
    except (ProvisionError, OSError) as error:
        raise ProvisionError(
            f"Could not prepare {name} in {entry.parent}: {error}\n"
            f"Check the network and the free space, or set {CACHE_VARIABLE} to another folder; then try again."
        ) from error
    return entry


def _build(entry: Path, build: Callable[[Path], None]) -> None:
    # Whoever was killed while building left its folder behind; the lock says that nobody builds here now.
    for leftover in (entry, *entry.parent.glob(f".{entry.name}.*")):
        remove(leftover)
    partial = Path(tempfile.mkdtemp(prefix=f".{entry.name}.", dir=entry.parent))
    try:
        partial.chmod(0o755)
        server_user().own(partial)
        build(partial)
        (partial / SEAL).write_text(_fingerprint(partial))
        partial.rename(entry)
    finally:
        remove(partial)


def _is_intact(entry: Path) -> bool:
    try:
        return (entry / SEAL).read_text() == _fingerprint(entry)
    except OSError:
        return False


def _fingerprint(entry: Path) -> str:
    """A digest of all names and sizes: quick, and enough to notice files that were removed or cut short."""
    digest = hashlib.sha256()
    for folder, subfolders, files in os.walk(entry):
        subfolders.sort()
        for name in sorted(files):
            if name != SEAL:
                path = Path(folder, name)
                digest.update(f"{path.relative_to(entry)}\0{path.lstat().st_size}\0".encode())
    return digest.hexdigest()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
