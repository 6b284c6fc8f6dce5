"""What is measured of each function: suite and floor in turn, so that what disturbs one disturbs the other."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median

from benchmarks.cold_start import measure_cold_start
from benchmarks.contenders import Contender
from benchmarks.gap import measure_gap
from benchmarks.processes import cpu_seconds, peak_memory_mb
from benchmarks.subject import Subject, subject
from lab.secretsmanager import FUNCTION_CALLER, LocalSecretsManager
from lab.servers import DatabaseServer

HAS_GAP = "postgresql_single_user"
WARM_ROTATIONS = 6
"""After each first one: enough to see both users of a pair several times."""
GAPS = 4
"""In each round."""

Samples = dict[Contender, list[float]]


@dataclass(frozen=True, slots=True)
class Rounds:
    """How often to measure: rounds of rotations, and of cold starts, each of suite and floor."""

    rotations: int
    cold_starts: int


@dataclass
class Measured:
    """The samples of one function by row, such as "warm rotation (ms)"."""

    rows: dict[str, Samples] = field(default_factory=lambda: defaultdict(lambda: {c: [] for c in Contender}))

    def add(self, contender: Contender, row: str, value: float) -> None:
        """Note one sample."""
        self.rows[row][contender].append(value)

    def medians(self) -> dict[str, dict[str, float]]:
        """The median of each row for each contender, and the suite's as a ratio of the floor's."""
        return {row: _summary(samples) for row, samples in self.rows.items()}


def measure(cloud: LocalSecretsManager, server: DatabaseServer, function: str, rounds: Rounds) -> Measured:
    """Measure one function of the suite against the floor's."""
    measured = Measured()
    with ExitStack() as stack:
        subjects = {c: stack.enter_context(subject(cloud, server, c, function)) for c in Contender}
        _cold_starts(measured, subjects, rounds.cold_starts)
        _rotations(measured, subjects, rounds.rotations)
        if function == HAS_GAP:
            _gaps(measured, subjects, rounds.rotations)
        for contender, one in subjects.items():
            _count(measured, contender, one)
    return measured


def _cold_starts(measured: Measured, subjects: Mapping[Contender, Subject], rounds: int) -> None:
    for contender, one in _alternating(subjects, rounds):
        code = one.environment.code
        found = measure_cold_start(code.task_root, code.handler, one.environment.process_environment)
        measured.add(contender, "cold start, CPU (ms)", found.cpu_seconds * 1000)
        measured.add(contender, "cold start, wall (ms)", found.wall_seconds * 1000)


def _rotations(measured: Measured, subjects: Mapping[Contender, Subject], rounds: int) -> None:
    for _ in range(rounds):
        processes = {contender: one.restart() for contender, one in subjects.items()}
        for contender, one in subjects.items():
            measured.add(contender, "first rotation (ms)", sum(one.rotate().values()))
        before = {contender: cpu_seconds(process_id) for contender, process_id in processes.items()}
        for contender, one in _alternating(subjects, WARM_ROTATIONS):
            _warm_rotation(measured, contender, one)
        for contender, process_id in processes.items():
            cpu = (cpu_seconds(process_id) - before[contender]) / WARM_ROTATIONS
            measured.add(contender, "warm rotation, CPU (ms)", cpu * 1000)
            measured.add(contender, "peak memory (MB)", peak_memory_mb(process_id))


def _warm_rotation(measured: Measured, contender: Contender, one: Subject) -> None:
    steps = one.rotate()
    measured.add(contender, "warm rotation (ms)", sum(steps.values()))
    for step, milliseconds in steps.items():
        measured.add(contender, f"{step} (ms)", milliseconds)


def _gaps(measured: Measured, subjects: Mapping[Contender, Subject], rounds: int) -> None:
    for contender, one in _alternating(subjects, rounds * GAPS):
        measured.add(contender, "gap of a client (ms)", measure_gap(one))


def _count(measured: Measured, contender: Contender, one: Subject) -> None:
    """One rotation more, through the relay that counts connections."""
    one.connect_through_relay()
    connections, rejected = one.relay.connections, one.user.rejected_logins()
    with one.cloud.calls.recorded() as calls:
        one.rotate()
    measured.add(contender, "calls", sum(call.caller == FUNCTION_CALLER for call in calls))
    measured.add(contender, "connections", one.relay.connections - connections)
    measured.add(contender, "rejected logins", one.user.rejected_logins() - rejected)


def _alternating(subjects: Mapping[Contender, Subject], rounds: int) -> Iterator[tuple[Contender, Subject]]:
    for _ in range(rounds):
        yield from subjects.items()


def _summary(samples: Samples) -> dict[str, float]:
    suite, floor = median(samples[Contender.SUITE]), median(samples[Contender.FLOOR])
    ratio = {"ratio": round(suite / floor, 3)} if floor else {}
    return {"suite": round(suite, 1), "floor": round(floor, 1), **ratio, "samples": len(samples[Contender.SUITE])}
