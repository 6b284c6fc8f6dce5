"""`rotationctl recover --yes` brings every state that a kill leaves behind to a healthy secret, on real servers.

The states are those of docs/crash-table.md: where AWSPENDING stands, which versions log in, a clone that is half made;
with and without an operator who then cancels the rotation, or takes the label off.
"""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import TYPE_CHECKING

import pytest

from lab.application import create_secret
from lab.engines import KITS
from lab.pairing import StrategyName
from lab.secretsmanager import faults
from lab.secretsmanager.versions import detach
from rotationctl import rotation
from rotationctl.beginning import begin
from rotationctl.exits import Exit
from rotationctl.secret import Secret
from secret_rotation.engine import MAX_REJECTED_LOGINS
from tests.fixtures.databases import ApplicationUser, newest_database_name
from tests.fixtures.rotation import SINGLE_USER, STEPS, Application, MakeApplication
from tests.rotation.faulted import reach, statements_watched
from tests.rotationctl.wayout import (  # noqa: F401 - two are fixtures
    FUNCTION,
    HOUR,
    Past,
    local,
    named,
    quick,
    the_past,
    the_secrets_manager,
)

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

Break = Callable[[Application], None]


@pytest.fixture
def application(user: ApplicationUser, strategy: str, make_application: MakeApplication, past: Past) -> Application:
    """An application on one server of each engine, with each strategy, that was made an hour ago."""
    with past.of(HOUR):
        return named(make_application(user, strategy))


def stopped_after(reached: int) -> Break:
    """A rotation that was killed after so many steps, and is not repeated any more."""

    def stop(application: Application) -> None:
        application.steps(application.begin(), *STEPS[:reached])

    return stop


def stopped_within(step: str, statement: int) -> Break:
    """A function that was killed in this step before this statement."""

    def die() -> None:
        raise SystemError

    def stop(application: Application) -> None:
        token = reach(application, step)
        with statements_watched() as statements, statements.before(statement, die):
            application.step(step, token)

    return stop


def cancelled(broken: Break) -> Break:
    """The same, and somebody cancelled the rotation."""

    def stop(application: Application) -> None:
        broken(application)
        application.secret.client.cancel_rotate_secret(SecretId=application.secret.arn)

    return stop


def given_up(broken: Break) -> Break:
    """The same, and somebody took AWSPENDING off, but did not rotate."""

    def stop(application: Application) -> None:
        broken(application)
        application.secret.remove_pending()

    return stop


def put_back(application: Application) -> None:
    """AWSPENDING is on AWSPREVIOUS."""
    application.rotate()
    former, pending = (str(application.secret.version_with(label)) for label in ("AWSPREVIOUS", "AWSPENDING"))
    application.secret.client.update_secret_version_stage(
        SecretId=application.secret.arn, VersionStage="AWSPENDING", MoveToVersionId=former, RemoveFromVersionId=pending
    )


def malformed(application: Application) -> None:
    """AWSPENDING is no JSON, so that its rotation can never succeed."""
    application.secret.put("no JSON", stages=("AWSPENDING",), token=application.begin())


def wrong_value(application: Application) -> None:
    """Somebody put a password into the secret that is not the database's."""
    application.secret.change(password="a wrong one")


STATES: dict[str, tuple[Break, str]] = {
    "empty": (stopped_after(0), "stuck"),
    "stored": (stopped_after(1), "stuck"),
    "set": (stopped_after(2), "stuck"),
    "within setSecret, early": (stopped_within("setSecret", 4), "stuck"),
    "within setSecret, later": (stopped_within("setSecret", 9), "stuck"),
    "within testSecret": (stopped_within("testSecret", 1), "stuck"),
    "done, and not told": (stopped_after(4), "complete"),
    "empty, cancelled": (cancelled(stopped_after(0)), "cancelled"),
    "set, cancelled": (cancelled(stopped_after(2)), "cancelled"),
    "stored, given up": (given_up(stopped_after(1)), "complete"),
    "set, given up": (given_up(stopped_after(2)), "complete or refused"),
    "put back": (put_back, "outdated"),
    "malformed": (malformed, "stuck"),
    "wrong value": (wrong_value, "refused"),
}
KILLED = ("empty", "stored", "set", "within setSecret, early", "within setSecret, later", "set, given up")
NEWEST = [newest_database_name(kit) for kit in KITS]


def _cases() -> list[tuple[str, str, str]]:
    """Every pairing meets the states that a kill leaves; those that people make are taken in turn."""
    pairings = list(product(NEWEST, StrategyName))
    return [
        (server, strategy, state)
        for number, state in enumerate(STATES)
        for place, (server, strategy) in enumerate(pairings)
        if state in KILLED or (place - number) % len(pairings) in (0, 3)
    ]


CASES = _cases()
IDS = list(map("-".join, CASES))


@pytest.mark.parametrize(
    ("either_engine", "strategy", "state"), CASES, indirect=["either_engine"], ids=map("-".join, CASES)
)
def test_every_state_is_recovered(
    application: Application, past: Past, state: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One command, and AWSCURRENT logs in and works, no rotation is incomplete, and the next one succeeds."""
    broken, condition = STATES[state]
    with past.of(HOUR / 2):
        broken(application)
    name, database = application.secret.name, local(application.user.server)
    capsys.readouterr()
    code = quick("recover", name, "--yes", "--timeout", "60", *database)
    out, err = capsys.readouterr()
    assert code == Exit.FINE, (out, err)
    assert out.splitlines()[0].partition(": ")[2] in condition
    healthy(application)
    assert quick("recover", name, "--yes", *database) == Exit.FINE
    assert application.rotate().succeeded
    healthy(application)
    passwords = {value for value in (application.credentials()[1], application.user.password) if value in out + err}
    assert not passwords


def healthy(application: Application) -> None:
    """AWSCURRENT logs in and works, and no rotation is incomplete."""
    assert application.works()
    assert not application.secret.is_stuck


@pytest.mark.parametrize("strategy", [SINGLE_USER])
@pytest.mark.parametrize("done", [False, True], ids=["before RotateSecret", "after RotateSecret"])
def test_an_interruption_in_the_middle(
    application: Application, past: Past, done: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C once AWSPENDING is off, before or after the new rotation has begun: the same command again ends it."""
    with past.of(HOUR / 2):
        stopped_after(2)(application)
    arguments = (application.secret.name, "--yes", *local(application.user.server))

    def interrupted(client: "SecretsManagerClient", secret: Secret) -> tuple[str, bool]:
        if done:
            begin(client, secret)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(rotation, "begin", interrupted)
        assert quick("recover", *arguments, "--give-up") == Exit.INTERRUPTED
    assert quick("recover", *arguments) == Exit.FINE
    healthy(application)


@pytest.mark.parametrize("strategy", [SINGLE_USER])
@pytest.mark.parametrize("option", ["--timeout=60", "--give-up"], ids=["rotate", "give up"])
def test_two_people_at_once(application: Application, past: Past, option: str) -> None:
    """Both do the same: one may be told that the other was faster, and the secret is healthy."""
    with past.of(HOUR / 2):
        stopped_after(2)(application)
    both = threading.Barrier(2)
    operation = "UpdateSecretVersionStage" if option == "--give-up" else "RotateSecret"

    def meet() -> None:
        both.wait(30)

    application.secret.cloud.faults.add(faults.call(operation, meet, times=2))
    arguments = ("recover", application.secret.name, "--yes", option, *local(application.user.server))
    with ThreadPoolExecutor(2) as people:
        codes = sorted(people.map(lambda _: quick(*arguments), range(2)))
    assert codes in ([Exit.FINE, Exit.FINE], [Exit.FINE, Exit.NOT_FINE])
    assert application.secret.cloud.wait_for_rotation(application.secret.arn).succeeded
    healthy(application)


@pytest.mark.parametrize("strategy", [SINGLE_USER])
def test_a_secret_that_has_changed_meanwhile(
    application: Application, past: Past, capsys: pytest.CaptureFixture[str]
) -> None:
    """Between the diagnosis and the step a label has moved: nothing is done, and a sentence says so."""
    with past.of(HOUR / 2):
        stopped_after(1)(application)
    describe = faults.call("DescribeSecret", application.secret.remove_pending, nth=2)
    application.secret.cloud.faults.add(describe)
    assert quick("recover", application.secret.name, "--yes") == Exit.NOT_FINE
    assert (
        "have moved since they were read, so nothing was done. Run the same command again." in capsys.readouterr().err
    )
    assert "RotateSecret" not in application.secret.operations()


@pytest.mark.parametrize("strategy", [SINGLE_USER])
def test_no_version_logs_in(application: Application, past: Past, capsys: pytest.CaptureFixture[str]) -> None:
    """However many versions there are: four rejected logins, nothing is done, and it is said what to do."""
    with past.of(HOUR / 2):
        application.user.set_password("changed-by-hand")
        for _ in range(4):
            given_up(stopped_after(1))(application)
        stopped_after(1)(application)
    capsys.readouterr()
    assert (
        quick("recover", application.secret.name, "--yes", *local(application.user.server), "--json") == Exit.NOT_FINE
    )
    document = json.loads(capsys.readouterr().out)
    assert (document["condition"], document["ended"]) == ("no version logs in", None)
    assert application.user.rejected_logins() == MAX_REJECTED_LOGINS


@pytest.mark.parametrize("strategy", [SINGLE_USER])
def test_the_only_version_that_logs_in_becomes_current(application: Application) -> None:
    """No version is AWSCURRENT: without a login nothing is moved, and with one the version that was proven."""
    value = application.secret.value()
    secret = create_secret(application.secret.cloud, f"{application.secret.name}/new", None)
    secret.cloud.enable_rotation(secret.arn, FUNCTION.format(f"{application.user.kit.name}-single-user"))
    right = secret.put(value, stages=("MINE",))
    wrong = secret.put({**value, "password": "wrong"}, stages=("OTHER",))
    backend = secret.cloud._backend  # noqa: SLF001 - no operation of AWS leaves a secret so, as far as is known
    detach(backend.versions(backend.find(secret.arn)), "AWSCURRENT")
    assert quick("recover", secret.name, "--yes") == Exit.NOT_FINE
    assert secret.version_with("AWSCURRENT") is None
    assert quick("recover", secret.name, "--yes", *local(application.user.server)) == Exit.FINE
    assert (secret.version_with("AWSCURRENT"), wrong in secret.labels()) == (right, True)
