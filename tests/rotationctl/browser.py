"""Chromium without a screen, asked from its command line."""

import shutil
import subprocess
from pathlib import Path

from tests.rotationctl.shell import TIMEOUT_SECONDS

OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--allow-file-access-from-files",
)  # fmt: skip
LIGHT, DARK = "--blink-settings=preferredColorScheme=1", "--blink-settings=preferredColorScheme=0"


class Browser:
    """A Chromium with a profile of its own for each call."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self._folder = folder
        self._calls = 0

    def show(self, page: Path, *options: str) -> str:
        """Open a page; returns what the options have it print."""
        self._calls += 1
        profile = self._folder / f"profile-{self._calls}"
        command = [self._program, *OPTIONS, f"--user-data-dir={profile}", *options, page.as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=TIMEOUT_SECONDS)
        return done.stdout


def find_browser() -> str | None:
    """The program, where there is one."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
