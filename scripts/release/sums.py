"""SHA256SUMS, as sha256sum writes and reads it."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from scripts.release.refused import RefusedError

NAME = "SHA256SUMS"


def write(folder: Path) -> None:
    """Write the sums of all files of a folder beside them."""
    files = sorted(folder.iterdir())
    (folder / NAME).write_text("".join(f"{of(file)}  {file.name}\n" for file in files))


def of(file: Path) -> str:
    """The SHA-256 of a file, as text."""
    return sha256(file.read_bytes()).hexdigest()


def read(file: Path) -> Mapping[str, str]:
    """The sum of each file in a list, by the file's name.

    Raises:
        RefusedError: it is no such list, or cannot be read.
    """
    try:
        lines = (line.split("  ", 1) for line in file.read_text().splitlines())
        return {name: digest for digest, name in lines}
    except (OSError, ValueError):
        raise RefusedError(f"{file} is no list of sums that can be read") from None


def compare(folder: Path, others: Mapping[str, str]) -> None:
    """Hold the sums of a folder to those of another build.

    Raises:
        RefusedError: they differ; the message names each file.
    """
    ours = read(folder / NAME)
    different = sorted(name for name in {*ours, *others} if ours.get(name) != others.get(name))
    if different:
        raise RefusedError(f"not the same as the other build: {', '.join(different)}")
