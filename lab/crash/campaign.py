"""Many cases at once, over all cores; what is done already is not done again."""

import atexit
import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed

from lab.crash.aftermath import PromiseBrokenError
from lab.crash.case import Result, run
from lab.crash.scenario import Case, Scenario
from lab.crash.workshop import Workshop
from lab.engines.pool import PoolListener, ServerPool, ask, shared

BATCH = 12
"""Cases that one process runs in a row, on one target where that is possible."""

Outcome = Result | str
"""What became of a case; where the promise was broken, how."""

_workshop: Workshop


def campaign(
    scenarios: Sequence[Scenario], choose: Callable[[Scenario, int], list[Case]], done: set[Case], workers: int
) -> Iterator[tuple[int, list[Outcome]]]:
    """Run all cases that are chosen of each scenario and are not done, and yield how many are left, with outcomes.

    `choose` is given a scenario and the number of its moments.
    """
    pool = ServerPool()
    listener = PoolListener(pool)
    try:
        with _executor(workers, listener) as executor:
            moments = dict(zip(scenarios, executor.map(_moments, scenarios), strict=True))
            cases = [case for scenario in scenarios for case in choose(scenario, moments[scenario]) if case not in done]
            left = len(cases)
            batches = [executor.submit(_run_all, cases[start : start + BATCH]) for start in range(0, left, BATCH)]
            for finished in as_completed(batches):
                outcomes = finished.result()
                left -= len(outcomes)
                yield left, outcomes
    finally:
        listener.close()
        pool.stop()


def _executor(workers: int, listener: PoolListener) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(
        workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
        initargs=(listener.address, listener.key),
    )


def _begin(address: str, key: bytes) -> None:
    global _workshop  # noqa: PLW0603 - one for each process of the pool
    _workshop = Workshop(lambda name: shared(ask(address, key, name))).__enter__()
    atexit.register(_workshop.__exit__, None, None, None)


def _moments(scenario: Scenario) -> int:
    return len(_workshop.clean(scenario).moments)


def _run_all(cases: Iterable[Case]) -> list[Outcome]:
    return [_outcome(case) for case in cases]


def _outcome(case: Case) -> Outcome:
    try:
        return run(_workshop, case)
    except PromiseBrokenError as error:
        return str(error)
