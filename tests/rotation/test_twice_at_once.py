"""Deliveries that run at once on real servers, in orders that a seed decides. tests/model has all orders, on a model.

A failing test prints its seed and every operation in order; LAB_SEED runs the same order again.
"""

import os
import secrets
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, cast

import pytest

from lab.servers import DatabaseServer
from secret_rotation import aws, strategy
from secret_rotation.deadline import Deadline
from secret_rotation.engines.mysql import MySQL
from secret_rotation.engines.postgresql import PostgreSQL
from secret_rotation.model import RotationRequest
from secret_rotation.rds import RdsDirectory
from secret_rotation.rotation import Parts, Rotation
from secret_rotation.secret import SecretStore
from secret_rotation.settings import Settings
from secret_rotation.strategies.alternating_users import AlternatingUsers
from secret_rotation.strategies.single_user import SingleUser
from secret_rotation.superuser import SuperuserFinder
from tests.fixtures.databases import MYSQL, MakeUser
from tests.fixtures.rotation import ALTERNATING_USERS, STEPS, STRATEGIES, Application, MakeApplication
from tests.rotation.turns import Gate, Gated, GatedEngine, Turns

if TYPE_CHECKING:
    from secret_rotation.engine import Engine

SEED_VARIABLE = "LAB_SEED"
ALWAYS_FRESH, NEVER_FRESH = 60.0, 0.0
"""Instead of the real FRESH_SECONDS: the order must not depend on the machine, which is faster than any operator."""


class Stage:
    """An application, and deliveries of its rotations that take turns."""

    def __init__(self, application: Application, turns: Turns, strategy_name: str) -> None:
        self.application = application
        self.turns = turns
        self._alternating = strategy_name == ALTERNATING_USERS
        self._client = aws.client("secretsmanager")
        self._has_gap = not self._alternating and application.user.engine != MYSQL

    def run(self, **deliveries: tuple[str, tuple[str, ...]]) -> None:
        """Run deliveries, each a token and some steps, at once."""
        self.run_all({name: lambda name=name, d=d: self.deliver(name, *d) for name, d in deliveries.items()})  # type: ignore[misc]

    def run_all(self, deliveries: Mapping[str, Callable[[], object]]) -> None:
        """Run deliveries at once, and print what was done in which order."""
        try:
            self.turns.run(deliveries, self._check)
        finally:
            print(*self.turns.trace, self.turns.outcomes, sep="\n")  # noqa: T201 - shown where the test fails

    def deliver(self, name: str, token: str, steps: tuple[str, ...]) -> None:
        """Run steps up to the first that fails."""
        for step in steps:
            request = RotationRequest.from_event(self.application.secret.event(step, token))
            Rotation(self._parts(self.turns.gate(name)), request, Deadline.after(25)).run()

    def overtake(self, reached: int) -> None:
        """Begin a rotation, and run its next step at once with an operator who clears it away and rotates anew."""
        old, new = self.application.begin(), secrets.token_hex(16)
        assert not self.application.steps(old, *STEPS[:reached]).failed
        step = STEPS[reached : reached + 1]
        self.run_all({"old": lambda: self.deliver("old", old, step), "new": lambda: self._rotate_anew(new)})

    def _rotate_anew(self, token: str) -> None:
        wait = self.turns.gate("new")
        wait("clear")
        self.application.cancel()
        wait("rotate")
        self.application.secret.begin(token)
        self.deliver("new", token, STEPS)

    def _parts(self, gate: Gate) -> Parts:
        user = self.application.user
        real = (MySQL if user.engine == MYSQL else PostgreSQL)(user.server.ca_bundle)
        settings = Settings.from_environ({}, real.default_exclude_characters)
        store = SecretStore(Gated(self._client, gate))  # type: ignore[arg-type]
        finder = SuperuserFinder(store, RdsDirectory(lambda: aws.client("rds")), real.secret_format)
        kind = AlternatingUsers if self._alternating else SingleUser
        return Parts(store, finder, cast("Engine", GatedEngine(real, gate)), kind.from_settings(settings), settings)

    def _check(self) -> None:
        assert self._has_gap or self.application.logs_in()


MakeStage = Callable[[str, float], Stage]


@pytest.fixture
def make_stage(
    either_engine: DatabaseServer,
    make_user: MakeUser,
    make_application: MakeApplication,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> MakeStage:
    """Make a stage: ``make_stage(strategy, fresh_seconds)``; its seed is printed where the test fails."""
    seed = os.environ.get(SEED_VARIABLE) or str(secrets.randbelow(1_000_000))
    print(f"{SEED_VARIABLE}={seed}")  # noqa: T201 - shown where the test fails

    def make(strategy_name: str, fresh_seconds: float) -> Stage:
        monkeypatch.setattr(strategy, "FRESH_SECONDS", fresh_seconds)
        application = make_application(make_user(either_engine), strategy_name)
        return Stage(application, Turns(f"{seed} {request.node.name}"), strategy_name)

    return make


def _heals(application: Application) -> bool:
    if application.secret.version_with("AWSPENDING") not in (None, application.secret.version_with("AWSCURRENT")):
        application.cancel()
    return application.rotate().succeeded and application.works()


@pytest.mark.parametrize("strategy_name", STRATEGIES)
def test_a_rotation_twice_in_parallel(make_stage: MakeStage, strategy_name: str) -> None:
    """All four steps delivered twice in parallel: one of the two completes, and AWSCURRENT logs in all the time."""
    stage = make_stage(strategy_name, ALWAYS_FRESH)
    token = stage.application.begin()
    stage.run(one=(token, STEPS), two=(token, STEPS))
    assert "" in stage.turns.outcomes.values()
    assert stage.application.works()
    assert _heals(stage.application)


@pytest.mark.parametrize("strategy_name", STRATEGIES)
def test_a_step_again_while_the_rotation_goes_on(make_stage: MakeStage, strategy_name: str) -> None:
    """A step that is delivered again while those after it run: the rotation completes, and AWSCURRENT logs in."""
    stage = make_stage(strategy_name, ALWAYS_FRESH)
    reached = stage.turns.random.choice([1, 2, 3])
    token = stage.application.begin()
    assert not stage.application.steps(token, *STEPS[:reached]).failed
    stage.run(again=(token, STEPS[reached - 1 : reached]), later=(token, STEPS[reached:]))
    assert stage.application.works()
    assert _heals(stage.application)


@pytest.mark.parametrize("strategy_name", STRATEGIES)
def test_a_rotation_that_is_overtaken(make_stage: MakeStage, strategy_name: str) -> None:
    """A step hangs, an operator clears AWSPENDING and rotates anew: AWSCURRENT logs in, and the next one completes."""
    stage = make_stage(strategy_name, NEVER_FRESH)
    stage.overtake(stage.turns.random.choice([1, 2]))
    assert _heals(stage.application)


@pytest.mark.parametrize("strategy_name", STRATEGIES)
def test_a_set_secret_that_hangs_before_its_change(make_stage: MakeStage, strategy_name: str) -> None:
    """A setSecret that hangs before its change until the next rotation has ended changes nothing any more."""
    stage = make_stage(strategy_name, NEVER_FRESH)
    stage.turns.hangs_before = {"old": {"lock", "set_own_password", "mirror"}, "new": {"clear"}}
    stage.overtake(1)
    assert stage.turns.outcomes == {"old": "LabelConflictError", "new": ""}
    assert stage.application.works()
    assert _heals(stage.application)
