"""A quick fleet: what is measured of it, how it ends, and that it notices what is lost."""

import json
import signal
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from benchmarks.estimate.inputs import demand_of
from benchmarks.fleet import plan
from benchmarks.measure.check import are_legal, problem_of
from benchmarks.measure.fleet import Fleet
from benchmarks.measure.workload import Workload
from benchmarks.result import FleetRotated, Part, Result
from lab.engines import kit_of
from lab.lambda_environment import InProcessFunction
from lab.pairing import PAIRINGS, Pairing, StrategyName
from lab.relay import Relay
from lab.servers import DatabaseServer
from lab.world import World
from secret_rotation.patience import PATIENCE
from secret_rotation.request import Step
from tests.lab.commands import assert_ends_cleanly, read_until, run, running

BENCHMARKS = "benchmarks"
QUICK = ("fleet", "--secrets", "6", "--workers", "2", "--sweep", "2", "--rotations", "1")
pytestmark = pytest.mark.xdist_group("fleet")


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that a run writes to."""
    return tmp_path_factory.mktemp("fleet")


@pytest.fixture(scope="module")
def done(output: Path) -> CompletedProcess[str]:
    """A run with six secrets of each function."""
    return run(BENCHMARKS, *QUICK, "--output", str(output))


@pytest.fixture(scope="module")
def rows(done: CompletedProcess[str], output: Path) -> list[FleetRotated]:
    """The rows of the run."""
    assert done.returncode == 0, done.stderr
    return list(Result.read(output / "fleet.json").fleets)


def test_every_rotation_of_every_function_succeeds(rows: list[FleetRotated]) -> None:
    """Six secrets of each function are rotated, none fails, and the calls are those of the budget.

    Where another environment runs testSecret than began the rotation, that reads AWSCURRENT, too. A setSecret that
    takes a second to come to its change reads the labels again, which is two calls more.
    """
    assert [row.function for row in rows] == list(PAIRINGS)
    for row in rows:
        assert (row.secrets, row.at_once, row.rotations, row.failures) == (6, 2, 6, 0)
        budget = demand_of(row.function).calls
        may_read_again = row.max_seconds >= PATIENCE.fresh_seconds
        assert budget <= row.calls <= budget + 1 + 2 * may_read_again


def test_what_is_measured_is_there(rows: list[FleetRotated]) -> None:
    """Times are in order, each part has used processor time, and the database has seen connections."""
    for row in rows:
        assert 0 < row.median_seconds <= row.p95_seconds <= row.max_seconds <= row.wall_seconds
        assert row.step_seconds.keys() == set(Step)
        assert sum(row.step_seconds.values()) < row.max_seconds * 2
        assert row.cpu_seconds[Part.FUNCTION] > 0.005
        assert all(row.cpu_seconds[part] > 0 for part in Part)
        assert row.peak_connections >= 1
        assert row.log_bytes > 400


def test_a_run_can_be_read_and_watched(done: CompletedProcess[str], rows: list[FleetRotated], output: Path) -> None:
    """The table and the curves name each function, and progress is on standard error."""
    curves = (output / "fleet.svg").read_text()
    for row in rows:
        assert row.function in done.stdout
        assert PAIRINGS[row.function].words in curves
    assert "Rotating 6 secrets, 2 at once: " in done.stderr
    assert json.loads((output / "fleet.json").read_text())["cold_start_seconds"].keys() == set(PAIRINGS)


def test_it_ends_cleanly(tmp_path: Path) -> None:
    """Ctrl-C in the middle leaves no traceback, no process and no file."""
    with running(BENCHMARKS, *QUICK, "--engine", "postgresql", "--output", str(tmp_path)) as process:
        read_until(process, "Adding secrets")
        assert_ends_cleanly(process, signal.SIGINT)
    assert not list(tmp_path.iterdir())


def test_what_is_lost_is_noticed(either_engine: DatabaseServer, tmp_path: Path) -> None:
    """A secret whose AWSCURRENT does not log in, or whose labels are not those of a complete rotation, is a problem."""
    pairing = Pairing(kit_of(either_engine), StrategyName.SINGLE_USER)
    with World(lambda _: None, ca_bundle=tmp_path / "ca.pem") as world, Relay(either_engine.port) as relay:
        fleet = Fleet(world, pairing, either_engine, relay, InProcessFunction(lambda *_: None))
        (member,) = fleet.grow(1)
        assert "labels" in str(problem_of(member))
        for password, problem in ((member.user.password, None), ("wrong", "AWSCURRENT does not log in")):
            member.secret.change(password=password)
            assert problem_of(member) == problem


@pytest.mark.parametrize(
    ("labels", "legal"),
    [
        pytest.param([{"AWSCURRENT"}, {"AWSPREVIOUS"}], True, id="complete"),
        pytest.param([{"AWSCURRENT", "AWSPENDING"}, {"AWSPREVIOUS"}], True, id="pending-is-current"),
        pytest.param([{"AWSCURRENT"}, {"AWSPREVIOUS"}, {"AWSPENDING"}], False, id="pending"),
        pytest.param([{"AWSCURRENT", "AWSPREVIOUS"}], False, id="one-version"),
        pytest.param([{"AWSPREVIOUS"}], False, id="no-current"),
    ],
)
def test_labels_of_a_complete_rotation(labels: list[set[str]], legal: bool) -> None:
    """AWSCURRENT and AWSPREVIOUS are on two versions, and AWSPENDING is on none or with AWSCURRENT."""
    assert are_legal({str(number): carried for number, carried in enumerate(labels)}) == legal


def test_the_plan() -> None:
    """Fleets only grow, small ones are rotated more than once, and one size is tried with several workers."""
    assert plan([1, 100, 500], 2, [1, 4], 20) == [
        Workload(1, 1, rounds=20),
        Workload(100, 1),
        Workload(100, 2),
        Workload(100, 4),
        Workload(500, 2),
    ]
