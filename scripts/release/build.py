"""The folders that are zipped, as `sam build` makes them."""

import subprocess
from pathlib import Path

from scripts.release.refused import RefusedError


def build(root: Path, folder: Path) -> None:
    """Build all functions and layers, each into a folder called by its logical id.

    Raises:
        RefusedError: `sam build` failed; the message is what it printed.
    """
    command = ("sam", "build", "--build-dir", str(folder))
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RefusedError(f"sam build failed\n{done.stdout}{done.stderr}")


def has_bytecode(folder: Path) -> bool:
    """Whether the Python of the runtime was there to compile what was built."""
    return any(folder.rglob("*.pyc"))
