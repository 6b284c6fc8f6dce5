"""Deliveries that run at once on real servers, in orders that a seed decides. tests/model has all orders, on a model.

A failing test prints its seed and every operation in order; LAB_SEED runs the same order again.
"""

import os
import secrets
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, cast

import pytest

from lab.pairing import Pairing, StrategyName
from lab.servers import DatabaseServer
from secret_rotation import aws
from secret_rotation.deadline import Deadline
from secret_rotation.groundwork import Groundwork, Parts
from secret_rotation.patience import Patience
from secret_rotation.rds import RdsDirectory
from secret_rotation.request import RotationRequest
from secret_rotation.rotation import Rotation
from secret_rotation.settings import Settings
from secret_rotation.store import SecretStore
from secret_rotation.strategies.alternating_users import AlternatingUsers
from secret_rotation.strategies.single_user import SingleUser
from secret_rotation.superuser_secret import SuperuserFinder
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import ALTERNATING_USERS, STEPS, Application, MakeApplication
from tests.rotation.faulted import rotates
from tests.rotation.schedule import EngineInTurn, Gate, InTurn, Schedule

if TYPE_CHECKING:
    from secret_rotation.engine import Engine

SEED_VARIABLE = "LAB_SEED"
SETTLE_SECONDS = (0.01,)
always_fresh, never_fresh = (
    pytest.mark.parametrize("patience", [Patience(SETTLE_SECONDS, fresh_seconds)], ids=[name])
    for name, fresh_seconds in {"always-fresh": 60.0, "never-fresh": 0.0}.items()
)
"""How long labels count as fresh: the order must not depend on the machine, which is faster than any operator."""


class Deliveries:
    """An application, and deliveries of its rotations that take turns."""

    def __init__(self, application: Application, schedule: Schedule, strategy: str, patience: Patience) -> None:
        self.application = application
        self.schedule = schedule
        self._patience = patience
        self._alternating = strategy == ALTERNATING_USERS
        self._client = aws.client("secretsmanager")
        self._has_gap = Pairing(application.user.kit, StrategyName(strategy)).has_gap

    def run(self, **deliveries: tuple[str, tuple[str, ...]]) -> None:
        """Run deliveries, each a token and some steps, at once."""
        self.run_all({name: lambda name=name, d=d: self.deliver(name, *d) for name, d in deliveries.items()})  # type: ignore[misc]

    def run_all(self, deliveries: Mapping[str, Callable[[], object]]) -> None:
        """Run deliveries at once, and print what was done in which order."""
        try:
            self.schedule.run(deliveries, self._check)
        finally:
            print(*self.schedule.trace, self.schedule.outcomes, sep="\n")  # noqa: T201 - shown where the test fails

    def deliver(self, name: str, token: str, steps: tuple[str, ...]) -> None:
        """Run steps up to the first that fails."""
        for step in steps:
            request = RotationRequest.from_event(self.application.secret.event(step, token))
            Rotation(Groundwork(self._parts(self.schedule.gate(name)), request, Deadline.after(120))).run()

    def overtake(self, reached: int) -> None:
        """Begin a rotation, and run its next step at once with an operator who clears it away and rotates anew."""
        old, new = self.application.begin(), secrets.token_hex(16)
        assert not self.application.steps(old, *STEPS[:reached]).failed
        step = STEPS[reached : reached + 1]
        self.run_all({"old": lambda: self.deliver("old", old, step), "new": lambda: self._rotate_anew(new)})

    def _rotate_anew(self, token: str) -> None:
        wait = self.schedule.gate("new")
        wait("clear")
        self.application.secret.remove_pending()
        wait("rotate")
        self.application.secret.begin(token)
        self.deliver("new", token, STEPS)

    def _parts(self, gate: Gate) -> Parts:
        user = self.application.user
        real = user.kit.engine(user.server.ca_bundle)
        settings = Settings.from_environ({}, real.default_exclude_characters)
        store = SecretStore(InTurn(self._client, gate))  # type: ignore[arg-type]
        finder = SuperuserFinder(
            store, RdsDirectory(lambda: aws.client("rds")), real.secret_format, settings.superuser_secrets
        )
        kind = AlternatingUsers if self._alternating else SingleUser
        engine = cast("Engine", EngineInTurn(real, gate))
        return Parts(store, finder, engine, kind.from_settings(settings), settings, self._patience)

    def _check(self) -> None:
        assert self._has_gap or self.application.logs_in()


@pytest.fixture
def deliveries(
    either_engine: DatabaseServer,
    strategy: str,
    make_user: MakeUser,
    make_application: MakeApplication,
    patience: Patience,
    request: pytest.FixtureRequest,
) -> Deliveries:
    """Deliveries to an application of each engine with each strategy; their seed is printed where the test fails."""
    seed = os.environ.get(SEED_VARIABLE) or str(secrets.randbelow(1_000_000))
    print(f"{SEED_VARIABLE}={seed}")  # noqa: T201 - shown where the test fails
    application = make_application(make_user(either_engine), strategy)
    return Deliveries(application, Schedule(f"{seed} {request.node.name}"), strategy, patience)


def next_rotates(application: Application) -> None:
    """Check that the next rotation completes, once nothing is stuck any more."""
    application.secret.remove_pending()
    rotates(application)


@always_fresh
def test_a_rotation_twice_in_parallel(deliveries: Deliveries) -> None:
    """All four steps delivered twice in parallel: one of the two completes, and AWSCURRENT logs in all the time."""
    token = deliveries.application.begin()
    deliveries.run(one=(token, STEPS), two=(token, STEPS))
    assert "" in deliveries.schedule.outcomes.values()
    assert deliveries.application.works()
    next_rotates(deliveries.application)


@always_fresh
def test_a_step_again_while_the_rotation_goes_on(deliveries: Deliveries) -> None:
    """A step that is delivered again while those after it run: the rotation completes, and AWSCURRENT logs in."""
    reached = deliveries.schedule.random.choice([1, 2, 3])
    token = deliveries.application.begin()
    assert not deliveries.application.steps(token, *STEPS[:reached]).failed
    deliveries.run(again=(token, STEPS[reached - 1 : reached]), later=(token, STEPS[reached:]))
    assert deliveries.application.works()
    next_rotates(deliveries.application)


@never_fresh
def test_a_rotation_that_is_overtaken(deliveries: Deliveries) -> None:
    """A step hangs, an operator clears AWSPENDING and rotates anew: AWSCURRENT logs in, and the next one completes."""
    deliveries.overtake(deliveries.schedule.random.choice([1, 2]))
    next_rotates(deliveries.application)


@never_fresh
def test_a_set_secret_that_hangs_before_its_change(deliveries: Deliveries) -> None:
    """A setSecret that hangs before its change until the next rotation has ended changes nothing any more."""
    deliveries.schedule.hangs_before = {"old": {"lock", "set_own_password", "mirror"}, "new": {"clear"}}
    deliveries.overtake(1)
    assert deliveries.schedule.outcomes == {"old": "LabelConflictError", "new": ""}
    assert deliveries.application.works()
    next_rotates(deliveries.application)
