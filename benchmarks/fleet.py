"""Rotate fleets of secrets on one server of each engine, with each strategy, and measure what a rotation takes.

Afterwards every AWSCURRENT must log in. Ctrl-C ends it.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure.check import FleetError
from benchmarks.measure.fleet_run import FleetRun
from benchmarks.measure.machine import cores
from benchmarks.measure.progress import Progress
from benchmarks.measure.workload import Workload
from benchmarks.publish.fleet import curves, table
from benchmarks.result import OtherRunError, Result
from lab import console
from lab.engines import KITS, Kit
from lab.lambda_environment.code import REPOSITORY

SECRETS = "1,10,100,500,1000"
SWEPT_SECRETS = 100
LEAST_ROTATIONS = 20
DOCS = REPOSITORY / "docs"
JSON, SVG = "fleet.json", "fleet.svg"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    console.add_engine_option(parser, default=None)
    default = cores()
    parser.add_argument(
        "--secrets", type=_numbers, default=SECRETS, metavar="N,N", help=f"of each function; default: {SECRETS}"
    )
    parser.add_argument(
        "--workers",
        type=int,
        default=default,
        metavar="N",
        help=f"rotations at once; default: the {default} processors",
    )
    parser.add_argument(
        "--rotations",
        type=int,
        default=LEAST_ROTATIONS,
        metavar="N",
        help=f"of a fleet at least, however small; default: {LEAST_ROTATIONS}",
    )
    sweep = f"1,{default},{2 * default},{4 * default}"
    parser.add_argument(
        "--sweep",
        type=_numbers,
        default=sweep,
        metavar="N,N",
        help=f"rotations at once, tried with {SWEPT_SECRETS} secrets; default: {sweep}",
    )
    parser.add_argument(
        "--output", type=Path, default=DOCS, metavar="FOLDER", help=f"of {JSON} and {SVG}; default: {DOCS.name}"
    )
    parser.add_argument(
        "--again", action="store_true", help=f"of each workload keep the faster of this run and the one that {JSON} has"
    )


def run(arguments: argparse.Namespace) -> int:
    """Measure, print, and write the result and its curves.

    Returns:
        The exit status: 1 where a rotation failed or a secret was lost.
    """
    engines = [arguments.engine] if arguments.engine else KITS
    workloads = plan(arguments.secrets, arguments.workers, arguments.sweep, arguments.rotations)
    try:
        result = measure(engines, workloads, Progress(sys.stderr))
        print(table(result))
        if arguments.again:
            result = result.faster(Result.read(arguments.output / JSON))
    except (FleetError, OtherRunError) as error:
        print(f"fleet: {error}", file=sys.stderr)
        return 1
    result.write(arguments.output / JSON)
    (arguments.output / SVG).write_text(curves(result))
    return int(any(fleet.failures for fleet in result.fleets))


def measure(engines: Sequence[Kit], workloads: Sequence[Workload], progress: Progress) -> Result:
    """Start the lab, rotate the fleets, and stop the lab."""
    with (
        tempfile.TemporaryDirectory() as folder,
        FleetRun(engines, workloads, Path(folder) / "ca.pem", progress) as fleet_run,
    ):
        return fleet_run.run()


def plan(secrets: Sequence[int], workers: int, sweep: Sequence[int], rotations: int) -> list[Workload]:
    """Each size with so many workers, and one size (100, or the largest) with each number of workers of the sweep.

    Each workload has at least so many rotations: a small fleet is rotated again and again.
    """
    swept = min(SWEPT_SECRETS, max(secrets))
    pairs = {(size, min(size, workers)) for size in secrets} | {(swept, min(swept, count)) for count in sweep}
    return [Workload(size, at_once, rounds=-(-rotations // size)) for size, at_once in sorted(pairs)]


def _numbers(text: str) -> list[int]:
    words = text.split(",")
    if not all(word.isascii() and word.isdigit() and int(word) > 0 for word in words):
        raise argparse.ArgumentTypeError(f"{text!r} is no list of numbers from 1 on, such as 1,10,100.")
    return sorted(map(int, words))
