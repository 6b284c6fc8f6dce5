"""Files that are written whole, or not at all."""

import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from rotationctl.exits import Exit, Failure
from rotationctl.text import printable


def require_writable(path: Path) -> None:
    """See that a file of that name can be written, before AWS is asked for what it shall hold.

    Raises:
        Failure: it cannot.
    """
    folder = path.resolve().parent
    if path.is_dir() or (path.exists() and not path.is_file()):
        raise Failure(f"{printable(str(path))} is no file, so no report can be written there.", Exit.USAGE)
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise Failure(f"Nothing can be written to the folder {printable(str(folder))}. Name another file.", Exit.USAGE)


def write_whole(path: Path, lines: Iterable[str]) -> None:
    """Write a file beside the one of that name, and put it in its place once it is complete.

    A file that was there is replaced, as by other programs that write reports: a schedule writes one again and again.
    Whoever reads sees the former or the new one, and never half of one.

    Raises:
        Failure: it could not be written; what was there still is.
    """
    target = path.resolve()  # of a link, what it names is replaced
    beside = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        with beside.open("x", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.writelines(f"{line}\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    except OSError as error:
        reason = error.strerror or str(error)
        raise Failure(f"{printable(str(path))} was not written: {reason}.", Exit.NOT_FINE) from None
    finally:
        with suppress(OSError):
            beside.unlink()
