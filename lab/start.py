"""How a command line of the lab starts, so that Ctrl-C prints no traceback while its modules are still imported."""

import importlib
import signal
import sys
from pathlib import Path
from typing import NoReturn

INTERRUPTED = 128 + signal.SIGINT
"""The exit status after Ctrl-C, as a shell would report it."""

LAYER = Path(__file__).parents[1] / "layers" / "secret_rotation"
"""Where the layer's code is imported from. `make` says so too, but not everybody types `make`."""


def start(module: str) -> NoReturn:
    """Import a module, which may take a second, and exit with the status that its `main` returns."""
    sys.path.append(str(LAYER))
    try:
        status: int = importlib.import_module(module).main()
    except KeyboardInterrupt:
        status = INTERRUPTED
    sys.exit(status)
