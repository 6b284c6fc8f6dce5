"""Measure everything, print it, and fail where a target is missed by more than noise explains: `make bench`."""

import argparse
import platform
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import asdict
from typing import Any

import botocore

from benchmarks.measurements import Rounds, measure
from benchmarks.memory import SIZES_MB, measure_curve
from benchmarks.publication import publish, save
from benchmarks.quota import QuotaUnavailableError
from benchmarks.report import as_text
from benchmarks.sizes import layer_sizes
from benchmarks.targets import findings
from lab.secretsmanager import LocalSecretsManager
from lab.servers import DatabaseServer, start_mysql, start_postgres, supported_majors
from lab.world import EngineName, StrategyName

FUNCTIONS = tuple(f"{engine}_{strategy}" for engine in EngineName for strategy in StrategyName)
FULL, QUICK = Rounds(rotations=5, cold_starts=11), Rounds(rotations=1, cold_starts=1)
CURVE_FUNCTION, CURVE_ROUNDS = "postgresql_alternating_users", 3


def run(functions: Iterable[str], rounds: Rounds, sizes: Iterable[int]) -> dict[str, Any]:
    """Measure these functions, and the curve of these memory sizes; everything as plain data."""
    results: dict[str, Any] = {"machine": _machine(), "servers": {}, "functions": {}, "memory": {}}
    with ExitStack() as stack:
        cloud = stack.enter_context(LocalSecretsManager(send_rotation_token=True))
        for function in functions:
            server = _server(function, results["servers"], stack)
            results["functions"][function] = measure(cloud, server, function, rounds).medians()
            if function == CURVE_FUNCTION and sizes:
                results["memory"] = _memory(cloud, server, sizes, 1 if rounds is QUICK else CURVE_ROUNDS)
    results["servers"] = {engine: server.version for engine, server in results["servers"].items()}
    return {**results, "layers": layer_sizes()}


def _server(function: str, running: dict[str, DatabaseServer], stack: ExitStack) -> DatabaseServer:
    engine = function.partition("_")[0]
    if engine not in running:
        running[engine] = stack.enter_context(_start(engine))
    return running[engine]


def _start(engine: str) -> DatabaseServer:
    return start_mysql() if engine == EngineName.MYSQL else start_postgres(max(supported_majors()))


def _memory(cloud: LocalSecretsManager, server: DatabaseServer, sizes: Iterable[int], rounds: int) -> dict[str, Any]:
    try:
        points = measure_curve(cloud, server, CURVE_FUNCTION, rounds, sizes)
    except QuotaUnavailableError as error:
        print(f"No curve of memory sizes: {error}", file=sys.stderr)
        return {}
    return {"function": CURVE_FUNCTION, "points": [asdict(point) for point in points]}


def _machine() -> dict[str, str]:
    return {
        "processor": platform.machine(),
        "python": platform.python_version(),
        "botocore": botocore.__version__,
    }


def main() -> int:
    """The command line; the exit status is 1 where a target is missed, unless one round is all that was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--functions", nargs="+", choices=FUNCTIONS, default=FUNCTIONS, metavar="FUNCTION")
    parser.add_argument("--quick", action="store_true", help="one round of everything: to try the benchmark itself")
    parser.add_argument("--publish", action="store_true", help="write the results into docs/ and benchmarks/")
    arguments = parser.parse_args()
    results = run(arguments.functions, QUICK if arguments.quick else FULL, SIZES_MB)
    save(results)
    print(as_text(results))
    if arguments.publish:
        publish(results)
    missed = [finding for finding in findings(results["functions"], results["layers"]) if finding.failed]
    for finding in missed:
        print(f"Missed: {finding.what} is {finding.measured:g}, and {finding.limit:g} is the most.", file=sys.stderr)
    return 1 if missed and not arguments.quick else 0


if __name__ == "__main__":
    sys.exit(main())
