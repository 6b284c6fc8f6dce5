"""Many rotations at once, and invocations that have no time left."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, nullcontext
from functools import partial
from itertools import product, takewhile

import pytest

from lab.engines import KITS, kit_of
from lab.lambda_environment import FunctionCode, LambdaEnvironment, LambdaFunction
from lab.lambda_environment.concurrency import ConcurrentFunction
from lab.pairing import Pairing, StrategyName
from lab.secretsmanager import LocalSecretsManager
from lab.servers import DatabaseServer
from tests.fixtures.databases import ApplicationUser, MakeUser, newest_database_name
from tests.fixtures.rotation import STEPS, STRATEGIES, Application, MakeApplication
from tests.lab.helpers import wait_until
from tests.rotation.faulted import completes

OF_EACH_PAIRING = 5
ROTATIONS = 3
ENVIRONMENTS = 2
REPEATS = 2
"""Of a step that takes longer than it has: one that is slow by chance is not so each time."""


def is_done_with(user: ApplicationUser) -> bool:
    """Whether the user's server has no session of anybody's any more, and so no lock, which a session has to hold."""
    [(clients,)] = user.administrate(user.kit.count_of_clients)
    return int(clients) == 0


def rotate(application: Application) -> list[object]:
    """Rotate some times; what went wrong."""
    for _ in range(ROTATIONS):
        run = application.secret.rotate(timeout_seconds=300)
        if not (run.succeeded and application.works()):
            return [run.outcome]
    return []


@pytest.fixture
def deployed(cloud: LocalSecretsManager) -> Iterator[Callable[[DatabaseServer, str], LambdaFunction]]:
    """A function in environments of its own for an engine and a strategy: ``deployed(server, strategy)``."""
    with ExitStack() as stack:

        def make(server: DatabaseServer, strategy: str) -> LambdaFunction:
            code = FunctionCode.from_source(Pairing(kit_of(server), StrategyName(strategy)).function)
            variables = {**cloud.environment, "RDS_CA_BUNDLE": str(server.ca_bundle)}
            environments = [LambdaEnvironment(code, variables) for _ in range(ENVIRONMENTS)]
            return ConcurrentFunction([stack.enter_context(environment) for environment in environments])

        yield make


@pytest.fixture
def own_servers() -> Iterator[list[DatabaseServer]]:
    """A server of each engine on which nobody else rotates."""
    with ExitStack() as stack:
        yield [stack.enter_context(kit.start(newest_database_name(kit))) for kit in KITS]


def test_twenty_secrets_at_once(
    own_servers: list[DatabaseServer],
    make_user: MakeUser,
    make_application: MakeApplication,
    deployed: Callable[[DatabaseServer, str], LambdaFunction],
) -> None:
    """All engines with all strategies: no rotation fails, and no connection and no lock is left in the end."""
    applications = []
    for server, strategy in product(own_servers, STRATEGIES):
        function = deployed(server, strategy)
        made = [make_application(make_user(server), strategy) for _ in range(OF_EACH_PAIRING)]
        for application in made:
            application.secret.enable_rotation(function)
        applications += made
    with ThreadPoolExecutor(len(applications)) as executor:
        assert [failure for failures in executor.map(rotate, applications) for failure in failures] == []
    for application in applications[::OF_EACH_PAIRING]:
        wait_until(partial(is_done_with, application.user))


@pytest.mark.parametrize(
    ("seconds", "waits"), [(2.0, False), (3.0, False), (3.7, True), (5.0, True)], ids=["2", "3", "3.7-lock", "5-lock"]
)
def test_little_time_is_left(
    user: ApplicationUser, make_application: MakeApplication, strategy: str, seconds: float, *, waits: bool
) -> None:
    """An invocation that comes too late is refused or done, AWSCURRENT logs in, and the retry completes it."""
    application = make_application(user, strategy)
    token = application.begin()
    application.function.timeout_seconds = seconds
    with user.blocked() if waits else nullcontext():
        done = list(takewhile(lambda step: is_done_in_time(application, step, token), STEPS))
    assert waits or done == []  # for a call of AWS, too, there is too little time
    has_gap = Pairing(user.kit, StrategyName(strategy)).has_gap
    is_gap = has_gap and "setSecret" in done and "finishSecret" not in done
    assert application.logs_in("AWSPENDING" if is_gap else "AWSCURRENT")
    application.function.timeout_seconds = 30.0
    completes(application, token)


def is_done_in_time(application: Application, step: str, token: str) -> bool:
    """Whether a step succeeds; it ends before Lambda would end it, and says why."""
    outcome, end_ms = application.step(step, token), application.function.timeout_seconds * 1000
    for _ in range(REPEATS):
        if outcome.duration_ms >= end_ms:
            outcome = application.step(step, token)
    assert outcome.duration_ms < end_ms
    assert not str(outcome.error_message).startswith("Unexpected")
    return not outcome.failed
