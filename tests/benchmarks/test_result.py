"""What a run has measured: percentiles, cold starts, and the faster of two runs."""

import dataclasses
from pathlib import Path

import pytest

from benchmarks.fleet.bench import cold_start_seconds
from benchmarks.fleet.inputs import MEASURED
from benchmarks.fleet.result import STEPS, OtherRunError, Result, Rotation, percentile


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
    cold = Rotation(0, tuple(zip(STEPS, (0.5, 9.0, 0.5, 0.1), strict=True)), 0)
    warm = Rotation(0, tuple(zip(STEPS, (0.1, 0.1, 0.2, 0.1), strict=True)), 0)
    assert cold_start_seconds([cold], [warm], environments=3) == pytest.approx(0.35)


def test_of_each_stage_the_faster_run_is_kept(result: Result) -> None:
    """A stage comes from one run as a whole: the one whose rotations took less time together."""
    mixed = dataclasses.replace(
        result,
        rows=tuple(
            dataclasses.replace(row, wall_seconds=row.wall_seconds * (2 if row.secrets == 1 else 0.5))
            for row in result.rows
        ),
        cold_start_seconds=dict.fromkeys(result.functions, 0.0),
    )
    kept = result.faster(mixed)
    assert [row for row in kept.rows if row.secrets == 1] == [row for row in result.rows if row.secrets == 1]
    assert [row for row in kept.rows if row.secrets > 1] == [row for row in mixed.rows if row.secrets > 1]
    assert set(kept.cold_start_seconds.values()) == {0.0}
    assert kept.runs == 2 * result.runs


def test_a_failure_is_never_left_out(result: Result) -> None:
    """A stage in which a rotation failed is kept, however slow it was."""
    worst = dataclasses.replace(result.rows[0], failures=1, wall_seconds=1e6)
    failed = dataclasses.replace(result, rows=(worst, *result.rows[1:]))
    assert worst in result.faster(failed).rows
    assert worst in failed.faster(result).rows


def test_runs_of_other_machines_are_not_compared(result: Result) -> None:
    """Another machine, version or plan is refused."""
    for other in (
        dataclasses.replace(result, machine="another"),
        dataclasses.replace(result, versions={}),
        dataclasses.replace(result, rows=result.rows[:4]),
    ):
        with pytest.raises(OtherRunError, match="cannot be compared"):
            result.faster(other)


def test_json_holds_the_whole_run(result: Result, tmp_path: Path) -> None:
    """What is written can be read again, and is the same."""
    (tmp_path / "fleet.json").write_text(result.as_json())
    assert Result.read(tmp_path / "fleet.json") == result
