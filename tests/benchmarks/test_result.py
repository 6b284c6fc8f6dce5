"""What a run has measured: percentiles, cold starts, and the faster of two runs."""

from dataclasses import fields, replace
from pathlib import Path

import pytest

from benchmarks.estimate.inputs import MEASURED
from benchmarks.measure.fleet import TimedRotation
from benchmarks.measure.fleet_run import cold_start_seconds
from benchmarks.measure.workload import percentile
from benchmarks.publish.functions import RESULTS
from benchmarks.result import Compared, FleetRotated, MemorySize, OtherRunError, Result
from secret_rotation.request import Step
from tests.docs.markdown import code, document


@pytest.fixture
def result() -> Result:
    """The committed run."""
    return Result.read(MEASURED)


def test_percentile() -> None:
    """A percentile is one of the values: the smallest that so many do not exceed."""
    values = [float(number) for number in range(20, 0, -1)]
    assert (percentile(values, 0.95), percentile(values, 0.5), percentile([3.0], 0.95)) == (19.0, 10.0, 3.0)


def test_a_cold_start_is_what_the_first_invocation_takes_longer() -> None:
    """Only as many invocations as there are environments are cold, and setSecret, which makes clones, is left out."""
    cold = TimedRotation(0, tuple(zip(Step, (0.5, 9.0, 0.5, 0.1), strict=True)), 0)
    warm = TimedRotation(0, tuple(zip(Step, (0.1, 0.1, 0.2, 0.1), strict=True)), 0)
    assert cold_start_seconds([cold], [warm], environments=3) == pytest.approx(0.35)


def test_of_each_workload_the_faster_run_is_kept(result: Result) -> None:
    """A workload comes from one run as a whole: the one whose rotations took less time together."""
    mixed = replace(
        result,
        fleets=tuple(
            replace(row, wall_seconds=row.wall_seconds * (2 if row.secrets == 1 else 0.5)) for row in result.fleets
        ),
        cold_start_seconds=dict.fromkeys(result.fleet_functions, 0.0),
    )
    kept = result.faster(mixed)
    assert [row for row in kept.fleets if row.secrets == 1] == [row for row in result.fleets if row.secrets == 1]
    assert [row for row in kept.fleets if row.secrets > 1] == [row for row in mixed.fleets if row.secrets > 1]
    assert set(kept.cold_start_seconds.values()) == {0.0}
    assert kept.runs == 2 * result.runs


def test_a_failure_is_never_left_out(result: Result) -> None:
    """A workload in which a rotation failed is kept, however slow it was."""
    worst = replace(result.fleets[0], failures=1, wall_seconds=1e6)
    failed = replace(result, fleets=(worst, *result.fleets[1:]))
    assert worst in result.faster(failed).fleets
    assert worst in failed.faster(result).fleets


def test_runs_of_other_machines_are_not_compared(result: Result) -> None:
    """Another machine, version or plan is refused."""
    for other in (
        replace(result, machine="another"),
        replace(result, versions={}),
        replace(result, fleets=result.fleets[:4]),
    ):
        with pytest.raises(OtherRunError, match="cannot be compared"):
            result.faster(other)


@pytest.mark.parametrize("published", [MEASURED, RESULTS], ids=lambda path: path.name)
def test_json_holds_the_whole_run(published: Path, tmp_path: Path) -> None:
    """What is written can be read again, and is the same."""
    result = Result.read(published)
    result.write(tmp_path / "result.json")
    assert Result.read(tmp_path / "result.json") == result


def test_the_json_is_documented() -> None:
    """The page of the benchmarks explains each key of the JSON, and no other."""
    rows = document("docs/benchmarks.md").table("Key | What it holds")
    holders = (("functions", Compared), ("memory_sizes", MemorySize), ("fleets", FleetRotated))
    keys = [key for row in rows for key in code(row["Key"])]
    assert sorted(keys) == sorted(field.name for field in fields(Result))
    for key, holder in holders:
        (told,) = (code(row["What it holds"]) for row in rows if key in code(row["Key"]))
        assert {field.name for field in fields(holder)} <= set(told)
