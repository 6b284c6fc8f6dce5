"""An example, run as it is, that gives up later: on a slow machine a gap lasts longer than the example waits."""

import runpy
import sys
from pathlib import Path

sys.path.append(str(Path(sys.argv[1]).parent))

import rotating_secret

FURTHER_WAITS_SECONDS = (8.0, 8.0, 8.0)


def main() -> None:
    """Serve."""
    rotating_secret.WAITS_SECONDS += FURTHER_WAITS_SECONDS  # type: ignore[assignment] # it is longer
    runpy.run_path(sys.argv[1], run_name="__main__")


if __name__ == "__main__":
    main()
