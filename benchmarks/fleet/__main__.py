"""``python -m benchmarks.fleet`` measures fleets of secrets, and writes what came of it."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.fleet.bench import Bench, cores
from benchmarks.fleet.check import FleetError
from benchmarks.fleet.plot import plot
from benchmarks.fleet.progress import Progress
from benchmarks.fleet.result import OtherRunError, Result
from benchmarks.fleet.stage import Stage
from benchmarks.fleet.table import table
from lab import console
from lab.lambda_environment.code import REPOSITORY
from lab.world import EngineName

SECRETS = "1,10,100,500"
SWEPT_SECRETS = 100
LEAST_ROTATIONS = 20
DOCS = REPOSITORY / "docs"
JSON, SVG = "fleet.json", "fleet.svg"
DESCRIPTION = """\
Rotate fleets of secrets on one PostgreSQL and one MySQL with each strategy, and measure
what a rotation takes. Afterwards every AWSCURRENT must log in. Ctrl-C ends it.
"""


def main() -> int:
    """Do what the command line says; returns the exit status."""
    arguments = _parser().parse_args()
    console.stay_local()
    engines = [arguments.engine] if arguments.engine else list(EngineName)
    stages = plan(arguments.secrets, arguments.workers, arguments.sweep, arguments.rotations)
    try:
        result = measure(engines, stages, Progress(sys.stderr))
        print(table(result))
        if arguments.again:
            result = result.faster(Result.read(arguments.output / JSON))
    except (FleetError, OtherRunError) as error:
        print(f"fleet: {error}", file=sys.stderr)
        return 1
    _write(result, arguments.output)
    return int(any(row.failures for row in result.rows))


def _write(result: Result, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / JSON).write_text(result.as_json())
    (folder / SVG).write_text(plot(result))


def measure(engines: Sequence[EngineName], stages: Sequence[Stage], progress: Progress) -> Result:
    """Start the lab, run the stages, and stop the lab."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Bench(engines, stages, Path(folder) / "ca.pem", progress) as bench,
    ):
        return bench.run()


def plan(secrets: Sequence[int], workers: int, sweep: Sequence[int], rotations: int) -> list[Stage]:
    """Each size with so many workers, and one size (100, or the largest) with each number of workers of the sweep.

    Each stage has at least so many rotations: a small fleet is rotated again and again.
    """
    swept = min(SWEPT_SECRETS, max(secrets))
    stages = {(size, min(size, workers)) for size in secrets} | {(swept, min(swept, count)) for count in sweep}
    return [Stage(size, at_once, rounds=-(-rotations // size)) for size, at_once in sorted(stages)]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.fleet", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
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
        "--again", action="store_true", help=f"of each stage keep the faster of this run and the one that {JSON} has"
    )
    return parser


def _numbers(text: str) -> list[int]:
    words = text.split(",")
    if not all(word.isascii() and word.isdigit() and int(word) > 0 for word in words):
        raise argparse.ArgumentTypeError(f"{text!r} is no list of numbers from 1 on, such as 1,10,100.")
    return sorted(map(int, words))


if __name__ == "__main__":
    sys.exit(console.run("fleet", main))
