"""``make demo``: its command line."""

import argparse
import sys
import tempfile
from pathlib import Path

from lab import console
from lab.console import Printer
from lab.demo.demo import Demo
from lab.demo.step_printer import StepPrinter
from lab.engines import KITS, Kit
from lab.world import World

DESCRIPTION = """\
Rotate the passwords of a real database with each strategy, while a client keeps
logging in with AWSCURRENT. Everything runs on this machine: no Docker, no AWS.
"""


def main() -> int:
    """Run the command line, and return its exit status."""
    return console.run("demo", _work)


def _work() -> int:
    parser = argparse.ArgumentParser(
        "make demo", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    console.add_engine_option(parser, default=KITS[0])
    kit: Kit = parser.parse_args().engine
    console.stay_local()
    printer = Printer(sys.stdout)
    step_printer = StepPrinter(printer)
    with (
        tempfile.TemporaryDirectory(prefix="lab-demo-") as folder,
        World(step_printer.report, ca_bundle=Path(folder, "ca.pem")) as world,
    ):
        return 0 if Demo(world, step_printer, printer).run(kit) else 1
