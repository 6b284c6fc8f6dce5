"""Measure what the functions take, and compute what follows from it. Start it as ``python -m benchmarks``."""

import argparse
import sys

from benchmarks import capacity, fleet, functions, soak
from lab import console

COMMANDS = {"functions": functions, "fleet": fleet, "soak": soak, "capacity": capacity}


def main() -> int:
    """Do what the command line says.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="|".join(COMMANDS))
    for name, command in COMMANDS.items():
        text = str(command.__doc__)
        own = commands.add_parser(name, help=text.splitlines()[0], description=text)
        command.add_options(own)
        own.set_defaults(run=command.run)
    arguments = parser.parse_args()
    console.stay_local()
    status: int = arguments.run(arguments)
    return status


if __name__ == "__main__":
    sys.exit(console.run("benchmarks", main))
