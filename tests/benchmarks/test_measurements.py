"""The benchmark itself, one round of everything: what is measured is a rotation, and all rows are there."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median

import pytest

from benchmarks.measure.cold_start import ColdStartError, measure_cold_start
from benchmarks.measure.comparison import Rounds, Samples, compare, compare_in
from benchmarks.measure.counts import count
from benchmarks.measure.function import RotationFailedError, Side, measured_function
from benchmarks.measure.memory import measure_memory_sizes
from benchmarks.measure.quota import QuotaUnavailableError, quota_of, run_in
from benchmarks.networks import DISTANT, FAR
from benchmarks.result import Compared, MemorySize, Result
from benchmarks.targets import LARGEST_PEAK_MEMORY_MB
from lab.lambda_environment import FunctionCode
from lab.pairing import PAIRINGS, Pairing, StrategyName
from lab.secretsmanager import LocalSecretsManager
from lab.servers import DatabaseServer
from secret_rotation.request import Step
from tests.fixtures.servers import newest_database_name, server_called
from tests.lab.commands import run

SPIN = "import time\nwhile time.process_time() < 0.3: pass"
ATTEMPTS = 3
ServerOf = Callable[[Pairing], DatabaseServer]
HAS_GAP = next(pairing for pairing in PAIRINGS.values() if pairing.has_gap)

each_pairing = pytest.mark.parametrize("pairing", PAIRINGS.values(), ids=str)


@pytest.fixture(scope="module")
def local_aws() -> Iterator[LocalSecretsManager]:
    """A Secrets Manager that sends the rotation token, as the benchmark's does."""
    with LocalSecretsManager(send_rotation_token=True) as manager:
        yield manager


@pytest.fixture
def server_of(request: pytest.FixtureRequest) -> ServerOf:
    """The server that a function is for."""
    return lambda pairing: server_called(request.config, newest_database_name(pairing.kit))


@pytest.mark.parametrize("side", Side)
@each_pairing
def test_what_is_timed_is_a_rotation(
    local_aws: LocalSecretsManager, server_of: ServerOf, pairing: Pairing, side: Side
) -> None:
    """Suite and floor both leave a new AWSCURRENT that logs in, first and repeated, and tell the time of each step."""
    with measured_function(local_aws, server_of(pairing), side, pairing) as measured:
        passwords = [measured.application.user.password]
        for _ in range(3):
            assert list(measured.rotate()) == list(Step)
            value = measured.application.secret.value()
            assert value["password"] not in passwords
            assert measured.application.user.can_work(value["username"], value["password"])
            passwords.append(value["password"])


@each_pairing
def test_targets_that_no_machine_changes(local_aws: LocalSecretsManager, server_of: ServerOf, pairing: Pairing) -> None:
    """As many calls and connections as the floor, no rejected login, and less memory than the target."""
    rows = compare(local_aws, server_of(pairing), pairing, Rounds(rotations=1, cold_starts=1))
    alternating = pairing.strategy is StrategyName.ALTERNATING_USERS
    assert (rows["calls"].suite, rows["connections"].suite) == ((9, 3) if alternating else (8, 2))
    for row in ("calls", "connections", "rejected logins"):
        assert rows[row].suite == rows[row].floor
    assert rows["calls one after another"].floor == rows["calls"].floor
    assert 0 < rows["calls one after another"].suite <= rows["calls"].suite
    for row in ("statements", "round trips to the database"):
        assert 0 < rows[row].floor < rows[row].suite
    assert rows["round trips to the database"].floor > 4 * rows["connections"].floor
    assert rows["rejected logins"].suite == 0
    assert 0 < rows["peak memory (MB)"].suite < LARGEST_PEAK_MEMORY_MB
    for row in ("gap of a client (ms)", "gap with PROMOTE_EARLY (ms)"):
        assert (row in rows) == pairing.has_gap


def test_a_network_takes_its_time(local_aws: LocalSecretsManager, server_of: ServerOf) -> None:
    """The floor waits for each call and each round trip in turn; so does a client through the gap."""
    server = server_of(HAS_GAP)
    with measured_function(local_aws, server, Side.FLOOR, HAS_GAP) as measured:
        counted = count(server, measured)
    rounds = (compare_in(FAR, local_aws, server, HAS_GAP, 1) for _ in range(ATTEMPTS))
    within = next(filter(_has_short_gap, rounds), None)  # one round may be held up by whatever else runs
    assert within is not None
    waits = counted["calls"] * FAR.call_ms + counted["round trips to the database"] * FAR.database_ms
    assert within["warm rotation (ms)"].floor >= waits
    assert within["gap of a client (ms)"].floor > waits / 2
    assert local_aws.faults.strike("GetSecretValue", None).faults == ()


def _has_short_gap(rows: Mapping[str, Compared]) -> bool:
    early = rows["gap with PROMOTE_EARLY (ms)"]
    return early.suite < early.floor / 2


def test_a_failed_rotation_is_not_timed(local_aws: LocalSecretsManager, server_of: ServerOf) -> None:
    """A step that fails ends the measurement: the time of a failure would look like speed."""
    with measured_function(local_aws, server_of(HAS_GAP), Side.SUITE, HAS_GAP) as measured:
        measured.application.user.set_password("changed behind its back")
        with pytest.raises(RotationFailedError, match="setSecret"):
            measured.rotate()


def test_a_function_that_does_not_start_is_no_cold_start(tmp_path: Path) -> None:
    """What ends in its init, and so never asks for an event, is an error."""
    (tmp_path / "app.py").write_text("raise SystemExit\n")
    with pytest.raises(ColdStartError):
        measure_cold_start(FunctionCode(tmp_path, ()), {"PYTHONPATH": str(tmp_path)})


def test_a_quota_slows_a_process_down() -> None:
    """With a tenth of a core, 0.3 s of CPU time take about 3 s."""
    try:
        with quota_of(0.1) as processes:
            started = time.perf_counter()
            subprocess.run([*run_in(processes), sys.executable, "-c", SPIN], check=True)
            assert time.perf_counter() - started > 2
    except QuotaUnavailableError:
        pytest.skip("this machine lets nobody limit CPU time")


def test_a_curve_has_a_point_for_each_size(local_aws: LocalSecretsManager, server_of: ServerOf) -> None:
    """More memory is never slower to start, within noise, and each point has its cost."""

    def measure() -> tuple[MemorySize, ...]:
        return measure_memory_sizes(local_aws, server_of(HAS_GAP), HAS_GAP, 1, sizes=(256, 1769))

    try:
        small, large = measure()
    except QuotaUnavailableError:
        pytest.skip("this machine lets nobody limit CPU time")
    assert (small.memory_mb, large.memory_mb) == (256, 1769)
    assert small.dollars_per_million > 0
    if small.cold_start_seconds <= large.cold_start_seconds:  # one of them may have been held up
        curves = [(small, large), measure(), measure()]
        assert _cold_start(curves, 0) > _cold_start(curves, 1)


def _cold_start(curves: Sequence[Sequence[MemorySize]], size: int) -> float:
    return median(curve[size].cold_start_seconds for curve in curves)


def test_medians_and_ratio() -> None:
    """A row holds the medians of both, and the suite's as a ratio to the floor's."""
    samples = Samples()
    for suite, floor in ((10, 20), (30, 20), (11, 8)):
        samples.add(Side.SUITE, "row", suite)
        samples.add(Side.FLOOR, "row", floor)
    assert samples.medians()["row"] == Compared(suite=11, floor=20, samples=3, ratio=0.55)


def test_the_command_measures_prints_and_writes(tmp_path: Path) -> None:
    """One round of one function: its table is printed, and its result can be read, with the sizes of the layers."""
    function = next(reversed(PAIRINGS))
    done = run("benchmarks", "functions", "--quick", "--functions", function, "--output", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == function
    result = Result.read(tmp_path / "results.json")
    assert list(result.functions) == [function]
    assert "warm rotation (ms)" in result.functions[function]
    assert list(result.networks) == [network.name for network in DISTANT]
    assert all("warm rotation (ms)" in found[function] for found in result.networks.values())
    assert all(0 < megabytes < 25 for megabytes in result.layers_mb.values())
