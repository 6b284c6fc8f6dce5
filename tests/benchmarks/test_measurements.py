"""The benchmark itself, one round of everything: what is measured is a rotation, and all rows are there."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.cold_start import ColdStartError, measure_cold_start
from benchmarks.contenders import Contender
from benchmarks.measurements import HAS_GAP, Measured, Rounds, measure
from benchmarks.memory import measure_curve
from benchmarks.quota import QuotaUnavailableError, quota_of, run_in
from benchmarks.subject import STEPS, RotationFailedError, subject
from benchmarks.targets import LARGEST_PEAK_MEMORY_MB
from lab.secretsmanager import LocalSecretsManager
from lab.servers import DatabaseServer
from tests.fixtures.servers import chosen_majors, server_called

FUNCTIONS = ("postgresql_single_user", "postgresql_alternating_users", "mysql_single_user", "mysql_alternating_users")
SPIN = "import time\nwhile time.process_time() < 0.3: pass"
ServerOf = Callable[[str], DatabaseServer]


@pytest.fixture(scope="module")
def local_aws() -> Iterator[LocalSecretsManager]:
    """A Secrets Manager that sends the rotation token, as the benchmark's does."""
    with LocalSecretsManager(send_rotation_token=True) as manager:
        yield manager


@pytest.fixture
def server_of(request: pytest.FixtureRequest) -> ServerOf:
    """The server that a function is for."""
    return lambda function: server_called(
        request.config, "mysql" if function.startswith("mysql") else f"postgres{max(chosen_majors())}"
    )


@pytest.mark.parametrize("contender", Contender)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_is_timed_is_a_rotation(
    local_aws: LocalSecretsManager, server_of: ServerOf, function: str, contender: Contender
) -> None:
    """Suite and floor both leave a new AWSCURRENT that logs in, first and repeated, and tell the time of each step."""
    with subject(local_aws, server_of(function), contender, function) as one:
        passwords = [one.user.password]
        for _ in range(3):
            assert list(one.rotate()) == list(STEPS)
            value = one.value()
            assert value["password"] not in passwords
            assert one.user.can_work(value["username"], value["password"])
            passwords.append(value["password"])


@pytest.mark.parametrize("function", FUNCTIONS)
def test_targets_that_no_machine_changes(local_aws: LocalSecretsManager, server_of: ServerOf, function: str) -> None:
    """As many calls and connections as the floor, no rejected login, and less memory than the target."""
    rows = measure(local_aws, server_of(function), function, Rounds(rotations=1, cold_starts=1)).medians()
    alternating = function.endswith("alternating_users")
    assert (rows["calls"]["suite"], rows["connections"]["suite"]) == ((9, 3) if alternating else (8, 2))
    for row in ("calls", "connections", "rejected logins"):
        assert rows[row]["suite"] == rows[row]["floor"]
    assert rows["rejected logins"]["suite"] == 0
    assert 0 < rows["peak memory (MB)"]["suite"] < LARGEST_PEAK_MEMORY_MB
    assert ("gap of a client (ms)" in rows) == (function == HAS_GAP)


def test_a_failed_rotation_is_not_timed(local_aws: LocalSecretsManager, server_of: ServerOf) -> None:
    """A step that fails ends the measurement: the time of a failure would look like speed."""
    with subject(local_aws, server_of(HAS_GAP), Contender.SUITE, HAS_GAP) as one:
        one.user.set_password("changed behind its back")
        with pytest.raises(RotationFailedError, match="setSecret"):
            one.rotate()


def test_a_function_that_does_not_start_is_no_cold_start(tmp_path: Path) -> None:
    """What ends in its init, and so never asks for an event, is an error."""
    (tmp_path / "app.py").write_text("raise SystemExit\n")
    with pytest.raises(ColdStartError):
        measure_cold_start(tmp_path, "app.lambda_handler", {"PYTHONPATH": str(tmp_path)})


def test_a_quota_slows_a_process_down() -> None:
    """With the share of 177 MB, a tenth of a core, 0.3 s of CPU time take about 3 s."""
    try:
        with quota_of(177) as processes:
            started = time.perf_counter()
            subprocess.run([*run_in(processes), sys.executable, "-c", SPIN], check=True)
            assert time.perf_counter() - started > 2
    except QuotaUnavailableError:
        pytest.skip("this machine lets nobody limit CPU time")


def test_a_curve_has_a_point_for_each_size(local_aws: LocalSecretsManager, server_of: ServerOf) -> None:
    """More memory is never slower to start, within noise, and each point has its cost."""
    try:
        small, large = measure_curve(local_aws, server_of(HAS_GAP), HAS_GAP, 1, sizes=(256, 1769))
    except QuotaUnavailableError:
        pytest.skip("this machine lets nobody limit CPU time")
    assert (small.memory_mb, large.memory_mb) == (256, 1769)
    assert small.cold_start_seconds > large.cold_start_seconds
    assert small.dollars_per_rotation > 0


def test_medians_and_ratio() -> None:
    """A row holds the medians of both, and the suite's as a ratio to the floor's."""
    measured = Measured()
    for suite, floor in ((10, 20), (30, 20), (11, 8)):
        measured.add(Contender.SUITE, "row", suite)
        measured.add(Contender.FLOOR, "row", floor)
    assert measured.medians()["row"] == {"suite": 11, "floor": 20, "ratio": 0.55, "samples": 3}
