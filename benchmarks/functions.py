"""Measure the four functions against a floor that makes the same calls and logins.

The exit status is 1 where a target is missed by more than noise explains, unless one round is all that was asked for.
"""

import argparse
import sys
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import botocore

from benchmarks.measure.comparison import Rounds, compare, compare_in, layer_sizes
from benchmarks.measure.machine import new_result
from benchmarks.measure.memory import measure_memory_sizes
from benchmarks.measure.progress import Progress
from benchmarks.measure.quota import QuotaUnavailableError
from benchmarks.networks import DISTANT
from benchmarks.publish.functions import as_text, publish
from benchmarks.result import Compared, MemorySize, Result
from benchmarks.targets import findings
from lab.engines import KITS, Kit
from lab.lambda_environment.code import REPOSITORY
from lab.pairing import PAIRINGS, Pairing, StrategyName
from lab.secretsmanager import LocalSecretsManager
from lab.servers import DatabaseServer

LATEST, JSON = REPOSITORY / ".cache" / "benchmarks", "results.json"
FULL, QUICK = Rounds(rotations=5, cold_starts=11), Rounds(rotations=1, cold_starts=1)
OF_CURVE, CURVE_ROUNDS = Pairing(KITS[0], StrategyName.ALTERNATING_USERS), 3
"""Whose curve of memory sizes is measured, and how often."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument(
        "--functions", nargs="+", choices=PAIRINGS, default=PAIRINGS, metavar="FUNCTION", help="default: all"
    )
    parser.add_argument("--quick", action="store_true", help="one round of everything: to try the benchmark itself")
    parser.add_argument(
        "--output",
        type=Path,
        default=LATEST,
        metavar="FOLDER",
        help=f"of {JSON}; default: {LATEST.relative_to(REPOSITORY)}",
    )
    parser.add_argument("--publish", action="store_true", help="write the results into docs/")


def run(arguments: argparse.Namespace) -> int:
    """Measure, print, and publish where that is asked for.

    Returns:
        The exit status.
    """
    rounds, curve_rounds = (QUICK, 1) if arguments.quick else (FULL, CURVE_ROUNDS)
    result = measure(arguments.functions, rounds, curve_rounds, Progress(sys.stderr))
    result.write(arguments.output / JSON)
    print(as_text(result))
    if arguments.publish:
        publish(result)
    missed = [finding for finding in findings(result) if finding.failed]
    for finding in missed:
        print(f"Missed: {finding.what} is {finding.measured:g}, and {finding.limit:g} is the most.", file=sys.stderr)
    return 1 if missed and not arguments.quick else 0


def measure(functions: Iterable[str], rounds: Rounds, curve_rounds: int, progress: Progress) -> Result:
    """Measure these functions, and the curve of memory sizes where the function that it is of is among them."""
    compared: dict[str, Mapping[str, Compared]] = {}
    networks: dict[str, dict[str, Mapping[str, Compared]]] = {network.name: {} for network in DISTANT}
    memory_sizes: tuple[MemorySize, ...] = ()
    servers: dict[Kit, DatabaseServer] = {}
    with ExitStack() as stack:
        cloud = stack.enter_context(LocalSecretsManager(send_rotation_token=True))
        for pairing in map(PAIRINGS.__getitem__, functions):
            if pairing.kit not in servers:
                servers[pairing.kit] = stack.enter_context(pairing.kit.start())
            with progress.task(f"Measuring {pairing}"):
                compared[pairing.function] = compare(cloud, servers[pairing.kit], pairing, rounds)
            for network in DISTANT:
                with progress.task(f"Measuring {pairing}, {network.name}"):
                    found = compare_in(network, cloud, servers[pairing.kit], pairing, rounds.rotations)
                networks[network.name][pairing.function] = found
            if pairing == OF_CURVE:
                with progress.task(f"Measuring memory sizes of {pairing}"):
                    memory_sizes = _memory_sizes(cloud, servers[pairing.kit], curve_rounds)
    versions = {"botocore": botocore.__version__, **{kit.brand: server.version for kit, server in servers.items()}}
    return replace(
        new_result(versions),
        functions=compared,
        networks=networks,
        layers_mb=layer_sizes(),
        memory_sizes=memory_sizes,
    )


def _memory_sizes(cloud: LocalSecretsManager, server: DatabaseServer, rounds: int) -> tuple[MemorySize, ...]:
    try:
        return measure_memory_sizes(cloud, server, OF_CURVE, rounds)
    except QuotaUnavailableError as error:
        print(f"No curve of memory sizes: {error}", file=sys.stderr)
        return ()
