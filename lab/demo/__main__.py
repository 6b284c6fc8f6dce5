"""``python -m lab.demo``."""

import argparse
import sys
import tempfile
from pathlib import Path

from lab import console
from lab.console import Printer
from lab.demo.narrator import Narrator
from lab.demo.show import Show
from lab.world import EngineName, World

DESCRIPTION = """\
Rotate the passwords of a real database with each strategy, while a client keeps
logging in with AWSCURRENT. Everything runs on this machine: no Docker, no AWS.
"""


def main() -> int:
    """Give the demo; returns the exit status."""
    parser = argparse.ArgumentParser(
        "make demo", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    console.add_engine_option(parser, default=EngineName.POSTGRESQL)
    engine: EngineName = parser.parse_args().engine
    console.stay_local()
    printer = Printer(sys.stdout)
    narrator = Narrator(printer)
    with (
        tempfile.TemporaryDirectory(prefix="lab-demo-") as folder,
        World(narrator.report, ca_bundle=Path(folder, "ca.pem")) as world,
    ):
        return 0 if Show(world, narrator, printer).give(engine) else 1


if __name__ == "__main__":
    sys.exit(console.run("demo", main))
