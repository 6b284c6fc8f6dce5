"""A run as a table for a terminal."""

from benchmarks.fleet.cpu import Part
from benchmarks.fleet.result import Result, Row

HEADING = (
    f"{'':28}{'':8}{'at':>6}{'time of a rotation, ms':>25}{'CPU of a rotation, ms':>29}{'':7}{'connec-':>9}\n"
    f"{'function':28}{'secrets':>8}{'once':>6}{'median':>9}{'p95':>8}{'max':>8}{'function':>11}{'database':>11}"
    f"{'lab':>7}{'calls':>7}{'tions':>9}{'failed':>8}{'wall s':>8}"
)


def table(result: Result) -> str:
    """All rows, function by function, and below them what they were measured on."""
    lines = [HEADING]
    for function in result.functions:
        lines += [_line(row) for row in result.rows if row.function == function]
    versions = ", ".join(f"{name} {version}" for name, version in result.versions.items())
    return "\n".join([*lines, f"{result.date}, {result.cores} processors: {result.machine}. {versions}."])


def _line(row: Row) -> str:
    times = (row.median_seconds, row.p95_seconds, row.max_seconds)
    cpu = (row.cpu_seconds[part] for part in Part)
    return (
        f"{row.function:28}{row.secrets:>8}{row.at_once:>6}"
        + "".join(f"{seconds * 1000:>{width}.0f}" for seconds, width in zip(times, (9, 8, 8), strict=True))
        + "".join(f"{seconds * 1000:>{width}.0f}" for seconds, width in zip(cpu, (11, 11, 7), strict=True))
        + f"{row.calls:>7.1f}{row.peak_connections:>9}{row.failures:>8}{row.wall_seconds:>8.1f}"
    )
