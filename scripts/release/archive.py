"""Zips that are the same bytes, whenever and wherever they are made, by the same zlib."""

from pathlib import Path
from stat import S_IFREG, S_IXUSR
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The first moment that a zip can state, for files whose own time means nothing."""
UNIX = 3
"""Whose modes an entry has. Source: PKWARE's APPNOTE.TXT, "version made by"."""


def pack(folder: Path, file: Path) -> None:
    """Zip the files below a folder: sorted, of one time, readable for all, whatever file system and umask say."""
    with ZipFile(file, "w") as archive:
        for name, path in sorted((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*")):
            if path.is_file():
                archive.writestr(_entry(name, path), path.read_bytes(), ZIP_DEFLATED, 9)


def _entry(name: str, path: Path) -> ZipInfo:
    entry = ZipInfo(name, EARLIEST)
    entry.create_system = UNIX
    mode = 0o755 if path.stat().st_mode & S_IXUSR else 0o644
    entry.external_attr = (S_IFREG | mode) << 16
    return entry
