"""Results on disk, one line of JSON each, so that a campaign that was interrupted goes on where it was."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import astuple
from pathlib import Path

from lab.crash.aftermath import Aftermath
from lab.crash.case import Result
from lab.crash.moment import Moment
from lab.crash.scenario import Case, Phase, Scenario, Way
from lab.lambda_environment.code import REPOSITORY
from lab.pairing import StrategyName

FOLDER = REPOSITORY / ".cache" / "crash-table"
SOURCES = ("functions", "layers/secret_rotation", "lab")


def file_for_this_code() -> Path:
    """Where the results of the code as it is now are kept: other code has other results."""
    digest = hashlib.sha256()
    for path in sorted(path for source in SOURCES for path in (REPOSITORY / source).rglob("*.py")):
        digest.update(path.read_bytes())
    return FOLDER / f"{digest.hexdigest()[:16]}.jsonl"


def append(path: Path, results: Iterable[Result]) -> None:
    """Add results to the file, in one write."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write("".join(_dump(result) + "\n" for result in results))


def read(path: Path) -> Iterator[Result]:
    """The results of a file; a last line that was cut off by a kill is left out."""
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    for line in lines:
        if line.endswith("\n"):
            yield _load(line)


def _dump(result: Result) -> str:
    return json.dumps({
        "scenario": astuple(result.case.scenario),
        "position": result.case.position,
        "way": result.case.way,
        "moment": astuple(result.moment),
        "left": astuple(result.left),
        "healing": result.healing,
        "second": result.second and astuple(result.second),
    })  # fmt: skip


def _load(line: str) -> Result:
    row = json.loads(line)
    server, strategy, phase = row["scenario"]
    scenario = Scenario(server, StrategyName(strategy), Phase(phase))
    return Result(
        case=Case(scenario, row["position"], Way(row["way"])),
        moment=Moment(*row["moment"]),
        left=Aftermath(*row["left"]),
        healing=row["healing"],
        second=Moment(*row["second"]) if row["second"] else None,
    )
