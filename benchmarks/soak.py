"""Rotate one secret of each function once a day in one warm environment, and watch what that holds on to.

The days pass by the clock of the local Secrets Manager, which keeps 100 versions, and all that are younger than a day.
The exit status is 1 where memory, open files or threads of the function grow.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

from benchmarks.measure.endurance import Held, grown, rotate_again_and_again
from benchmarks.measure.function import Side, measured_function
from benchmarks.measure.progress import Progress
from lab import console
from lab.documents import TextTable
from lab.engines import KITS
from lab.pairing import Pairing, StrategyName
from lab.secretsmanager import LocalSecretsManager

ROTATIONS = 1000
TITLES = ("function", "rotations", "memory MB", "open files", "threads")


class Calendar:
    """A clock that is ahead by a day for each page that was turned."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        """What time it is."""
        return datetime.now(UTC) + self._ahead

    def turn_page(self) -> None:
        """Let a day pass."""
        self._ahead += timedelta(days=1)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    console.add_engine_option(parser, default=None)
    help_text = f"of each function; default: {ROTATIONS}"
    parser.add_argument("--rotations", type=console.rotations, default=ROTATIONS, metavar="N", help=help_text)


def run(arguments: argparse.Namespace) -> int:
    """Rotate, print what was held, and say what has grown.

    Returns:
        The exit status.
    """
    kits, held = [arguments.engine] if arguments.engine else KITS, dict[Pairing, list[Held]]()
    with ExitStack() as stack:
        calendar, progress = Calendar(), Progress(sys.stderr)
        cloud = stack.enter_context(LocalSecretsManager(now=calendar, send_rotation_token=True))
        for kit in kits:
            server = stack.enter_context(kit.start())
            for pairing in (Pairing(kit, strategy) for strategy in StrategyName):
                with (
                    measured_function(cloud, server, Side.SUITE, pairing) as measured,
                    progress.task(f"Rotating a secret of {pairing.function}", arguments.rotations) as done,
                ):
                    held[pairing] = list(
                        rotate_again_and_again(measured, arguments.rotations, (calendar.turn_page, done))
                    )
    print(table(held))
    leaks = {pairing: found for pairing, samples in held.items() if (found := grown(samples))}
    for pairing, found in leaks.items():
        print(f"{pairing.function} holds on to more and more: {', '.join(found)}.", file=sys.stderr)
    return int(bool(leaks))


def table(held: Mapping[Pairing, Sequence[Held]]) -> str:
    """All samples, function by function, for a terminal."""
    return TextTable(TITLES, [_cells(pairing, one) for pairing, samples in held.items() for one in samples]).plain()


def _cells(pairing: Pairing, held: Held) -> Sequence[str]:
    return pairing.function, f"{held.rotations:,}", f"{held.memory_mb:.1f}", str(held.open_files), str(held.threads)
