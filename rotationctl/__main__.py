"""Where the program begins, as `rotationctl` and as `python -m rotationctl`."""

import sys

from rotationctl.exits import Exit


def main() -> None:
    """Run the program, and end the process with its exit code."""
    try:
        from rotationctl.app import run  # noqa: PLC0415 - Ctrl-C may come while this is loaded

        code = run()
    except KeyboardInterrupt:
        code = Exit.INTERRUPTED
    sys.exit(code)


if __name__ == "__main__":
    main()
