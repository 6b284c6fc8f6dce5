"""The examples of clients survive rotations, and what reads its secret once does not."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lab.engines import KITS
from lab.pairing import PAIRINGS, Pairing, StrategyName
from lab.servers import DatabaseServer
from secret_rotation.request import Step
from tests.clients.trials import PLAN, example, run_through_rotations
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import SINGLE_USER, Application, MakeApplication
from tests.fixtures.servers import newest_database_name, server_called

READS_ONCE = Path(__file__).with_name("reads_once.py")
SUCCESSES = 10
"""Of a client, after each rotation."""
IMPATIENT = replace(PLAN, patience_seconds=5.0)


def _cases() -> Iterator[tuple[Pairing, str]]:
    """Every pairing, and with the old password's end wherever it outlives a rotation of its own user."""
    for pairing in PAIRINGS.values():
        yield pairing, "keep"
        if pairing.strategy is StrategyName.SINGLE_USER and pairing.kit.engine.keeps_old_password:
            yield pairing, "discard"


CASES = list(_cases())
OF_ONE_ENGINE = [case for case in CASES if case[0].kit is KITS[0]]


def _id(case: tuple[Pairing, str]) -> str:
    return "-".join(map(str, case))


@pytest.fixture(params=CASES, ids=_id)
def pairing(request: pytest.FixtureRequest) -> Pairing:
    """What rotates."""
    chosen: Pairing = request.param[0]
    return chosen


@pytest.fixture
def application(
    request: pytest.FixtureRequest, pairing: Pairing, make_user: MakeUser, make_application: MakeApplication
) -> Application:
    """An application of each pairing."""
    old_password = request.node.callspec.params["pairing"][1]
    user = make_user(server_called(request.config, newest_database_name(pairing.kit)))
    return make_application(user, pairing.strategy, environ={"OLD_PASSWORD": old_password})


def _survives(application: Application, name: str) -> None:
    tally, faults = run_through_rotations(application, example(name), successes=SUCCESSES)
    assert faults == [], tally.reasons
    assert tally.all.succeeded > SUCCESSES * PLAN.rotations
    assert set(Step) <= tally.phases.keys()


def test_a_client_that_connects_for_each_request(application: Application, pairing: Pairing) -> None:
    """With the driver alone no request fails: not in a gap, not under the pair's other name, nor later."""
    _survives(application, f"with_{pairing.kit.driver.__name__}.py")


def test_a_pool(application: Application) -> None:
    """No request of SQLAlchemy's pool fails."""
    _survives(application, "with_sqlalchemy.py")


@pytest.mark.parametrize("pairing", OF_ONE_ENGINE, ids=_id, indirect=True)
def test_a_client_that_reads_its_secret_once(application: Application) -> None:
    """It is refused when the password has ended that it began with: so the tests above test something."""
    tally, faults = run_through_rotations(application, [sys.executable, str(READS_ONCE)], plan=IMPATIENT)
    assert tally.all.failed
    assert faults[0].startswith(f"No request succeeded within {IMPATIENT.patience_seconds:g} s after rotation ")
    assert faults[1] == f"{tally.all.failed} requests failed."


@pytest.fixture
def of_any_pairing(any_database: DatabaseServer, make_user: MakeUser, make_application: MakeApplication) -> Application:
    """An application, for what does not depend on what rotates."""
    return make_application(make_user(any_database), SINGLE_USER)


def test_a_command_that_says_nothing_more(of_any_pairing: Application) -> None:
    """A command that goes on without its standard output has not shown that it survives."""
    _, faults = run_through_rotations(of_any_pairing, ["sh", "-c", "echo ok; exec >&-; sleep 60"])
    assert faults == ["The command closed its standard output after rotation 1."]


def test_a_rotation_that_fails(of_any_pairing: Application) -> None:
    """Where a rotation fails nothing is said of the client."""
    of_any_pairing.user.set_password("not that of the secret")
    _, faults = run_through_rotations(of_any_pairing, ["sh", "-c", "while sleep 0.05; do echo ok; done"])
    assert faults == ["Rotation 1 failed, which is not the client's fault."]
