"""PROMOTE_EARLY: setSecret moves AWSCURRENT as soon as the password is set, where a user has one at a time."""

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from lab.engines import KITS
from lab.secretsmanager import faults
from secret_rotation.patience import PATIENCE
from tests.fixtures.databases import ApplicationUser, MakeUser
from tests.fixtures.rotation import ALTERNATING_USERS, SINGLE_USER, STEPS, Application, MakeApplication
from tests.fixtures.servers import chosen_names, newest_database_name, server_called
from tests.rotation.dry_runs import dry_run
from tests.rotation.faulted import Statements, heals, interrupt, keeps_its_promises, reach, rotates, tells_no_password
from tests.rotation.test_rotation import CALLS as USUAL_CALLS

EARLY = {"PROMOTE_EARLY": "true"}
KITS_WITH_A_GAP = [kit for kit in KITS if not kit.engine.keeps_old_password]
CALLS = {
    **USUAL_CALLS,
    "setSecret": ["GetSecretValue", "GetSecretValue", "UpdateSecretVersionStage"],
    "finishSecret": ["DescribeSecret"],
}
MOVE = "UpdateSecretVersionStage"


@pytest.fixture(params=[newest_database_name(kit) for kit in KITS_WITH_A_GAP])
def user(request: pytest.FixtureRequest, make_user: MakeUser) -> ApplicationUser:
    """A user of each engine that keeps no old password."""
    return make_user(server_called(request.config, request.param))


@pytest.fixture
def application(user: ApplicationUser, make_application: MakeApplication) -> Application:
    """An application of a single user, whose function promotes early."""
    return make_application(user, SINGLE_USER, environ=EARLY)


def _refusals_at_the_move(application: Application) -> list[bool]:
    """Whether AWSCURRENT is refused when the call that moves it comes in, for each such call from now on."""
    seen: list[bool] = []
    look = faults.call(MOVE, lambda: seen.append(not application.logs_in()), times=None)
    application.secret.cloud.faults.add(look)
    return seen


def _calls(application: Application, token: str, step: str) -> list[str]:
    application.secret.cloud.calls.clear()
    outcome = application.step(step, token)
    assert not outcome.failed, outcome
    return application.secret.operations()


@pytest.mark.parametrize("pending_leaves", [False, True])
@pytest.mark.parametrize("user", [name for kit in KITS_WITH_A_GAP for name in chosen_names(kit)], indirect=True)
def test_the_gap_is_one_call(application: Application, *, pending_leaves: bool) -> None:
    """AWSCURRENT is refused when the call comes that moves it, and at the end of no step; it costs no call more."""
    application.secret.cloud.variations.pending_leaves_with_current = pending_leaves
    seen, user = _refusals_at_the_move(application), application.user
    user.relay.connections = 0
    for rotation in (1, 2):
        token = application.begin()
        for step in STEPS:
            assert _calls(application, token, step) == CALLS[step]
            assert application.works()
            assert (application.secret.version_with("AWSCURRENT") == token) is (step != "createSecret")
        assert seen == [True] * rotation
        assert not application.logs_in("AWSPREVIOUS")
        assert application.secret.version_with("AWSPENDING") == (None if pending_leaves else token)
    assert user.relay.connections == 4
    assert user.rejected_logins() == 4  # this test's own: at each move, and as each AWSPREVIOUS
    rotates(application)


def test_nothing_comes_between_the_change_and_the_move(application: Application, statements: Statements) -> None:
    """The statement before the call is the one that ends AWSCURRENT, and none follows before the session ends."""
    token, at_the_move = reach(application, "setSecret"), list[int]()
    application.secret.cloud.faults.add(faults.call(MOVE, lambda: at_the_move.append(statements.count)))
    refused = list[bool]()
    with statements.before(0, lambda: None):
        assert not application.step("setSecret", token).failed
    assert at_the_move == [statements.count]
    again = reach(application, "setSecret")
    with statements.before(statements.count, lambda: refused.append(not application.logs_in())):
        assert not application.step("setSecret", again).failed
    assert refused == [False]  # before the last statement it still logs in


@pytest.mark.parametrize("reached", range(1, 5))
def test_steps_that_start_over(application: Application, reached: int) -> None:
    """However far a rotation came, its steps again from the first on change nothing; the next rotations complete."""
    token = application.begin()
    assert not application.steps(token, *STEPS[:reached]).failed
    labels, value = application.secret.labels(), application.credentials()
    assert not application.steps(token, *STEPS[:reached]).failed
    assert (application.secret.labels(), application.credentials()) == (labels, value)
    heals(application, token)


@pytest.mark.parametrize(
    "fault",
    [
        faults.error(MOVE, "AccessDeniedException"),
        faults.error(MOVE, "ThrottlingException", times=3),
        faults.drop(MOVE, after_effect=True),
        faults.drop(MOVE, times=3),
    ],
    ids=["denied", "throttled", "answer-lost", "dropped"],
)
def test_a_move_that_fails_is_finish_secrets(application: Application, fault: faults.Fault) -> None:
    """Where setSecret cannot move the label it goes on: to fail would make the gap as long as the service's wait."""
    token = reach(application, "setSecret")
    with application.secret.cloud.faults.during(fault):
        outcome = application.step("setSecret", token)
    assert not outcome.failed, outcome
    (warning,) = [line["message"] for line in application.log() if line["level"] == "WARNING"]
    assert "Unless finishSecret fails, too, nothing is to be done" in warning
    keeps_its_promises(application)
    heals(application, token)


def test_a_repeat_moves_what_the_first_could_not(application: Application) -> None:
    """The password is set and the label not moved, as after a kill: setSecret again moves it, without a change."""
    token = reach(application, "setSecret")
    with application.secret.cloud.faults.during(faults.error(MOVE, "AccessDeniedException")):
        application.step("setSecret", token)
    password = application.credentials("AWSPENDING")
    assert not application.works()
    assert not application.step("setSecret", token).failed
    assert application.secret.version_with("AWSCURRENT") == token
    assert application.credentials() == password
    assert application.works()
    heals(application, token)


def test_another_token_goes_on(application: Application) -> None:
    """The password is set, the label not moved and AWSPENDING cleared: the next rotation logs in by what that left."""
    application.secret.cloud.faults.add(faults.error(MOVE, "AccessDeniedException"))
    orphan = interrupt(application, "createSecret", "setSecret")
    assert application.user.can_log_in(*orphan)
    rotates(application)
    assert not application.user.can_log_in(*orphan)


def test_a_lost_password_is_reset_and_promoted(user: ApplicationUser, make_application: MakeApplication) -> None:
    """RESET_WITH_SUPERUSER: what the superuser sets is AWSCURRENT when setSecret ends."""
    application = make_application(user, SINGLE_USER, environ={**EARLY, "RESET_WITH_SUPERUSER": "true"})
    application.secret.change(masterarn=application.superuser_secret.arn)
    user.set_password("changed-by-hand")
    token = reach(application, "testSecret")
    assert application.secret.version_with("AWSCURRENT") == token
    assert application.works()
    heals(application, token)


def test_a_login_that_fails_its_test(application: Application, cloud_shell: Mapping[str, str], tmp_path: Path) -> None:
    """A rejected login as AWSCURRENT fails testSecret, which says that no older password is left, and what to do."""
    token = reach(application, "testSecret")
    application.user.set_password("changed-by-hand")
    outcome = application.step("testSecret", token)
    message = str(outcome.error_message)
    assert outcome.error_type == "LoginRejectedError", outcome
    assert "(AWSCURRENT) is this rotation's version already" in message
    assert "RemoveFromVersionId" not in message
    tells_no_password(application, message)
    value = {**application.secret.value(), "password": "changed-by-hand"}
    (tmp_path / "secret.json").write_text(json.dumps(value))
    (command,) = re.findall(r"aws secretsmanager put-secret-value .*", message)
    subprocess.run(command, shell=True, check=True, cwd=tmp_path, env=cloud_shell, capture_output=True)  # noqa: S602
    rotates(application)


def test_a_login_that_its_account_refuses(application: Application) -> None:
    """An account that was locked since setSecret fails the rotation, although AWSCURRENT has moved."""
    token, user = reach(application, "testSecret"), application.user
    user.as_superuser(user.kit.lock_out(user.username))
    assert application.step("testSecret", token).error_type == "LoginRefusedError"
    user.as_superuser(user.kit.let_in(user.username))
    heals(application, token)


@pytest.mark.parametrize("rotations", [0, 1])
def test_a_dry_run_is_none_of_it(application: Application, rotations: int) -> None:
    """A copy of AWSCURRENT as AWSPENDING is a dry run, also where AWSPENDING has stayed on the version before."""
    rotates(application, rotations)
    before = application.credentials(), application.secret.version_with("AWSCURRENT")
    application.stdout.truncate(0)
    assert dry_run(application).succeeded
    assert "Dry run: the secret and the login" in application.stdout.getvalue()
    assert (application.credentials(), application.secret.version_with("AWSCURRENT")) == before
    rotates(application)


@pytest.mark.parametrize("patience", [PATIENCE], ids=["as-deployed"])
def test_reads_that_lag_behind_writes(application: Application) -> None:
    """Reads that are a second old fail no step, and testSecret takes no rotation for a dry run."""
    for operation in ("DescribeSecret", "GetSecretValue"):
        application.secret.cloud.faults.add(faults.lag(operation, 1.0, secret_arn=application.secret.arn))
    run = application.rotate()
    application.secret.cloud.faults.clear()
    assert run.succeeded, run.outcome
    assert len(run.steps) == len(STEPS)
    assert "Dry run" not in application.stdout.getvalue()
    assert application.works()


@pytest.mark.parametrize(
    ("name", "strategy"),
    [(newest_database_name(kit), strategy) for kit in KITS for strategy in (SINGLE_USER, ALTERNATING_USERS)
     if strategy == ALTERNATING_USERS or kit not in KITS_WITH_A_GAP],
)  # fmt: skip
def test_where_there_is_no_gap_nothing_moves_early(
    name: str, strategy: str, request: pytest.FixtureRequest, make_user: MakeUser, make_application: MakeApplication
) -> None:
    """With two users, or two passwords at a time, AWSCURRENT logs in all the while; PROMOTE_EARLY changes nothing."""
    application = make_application(make_user(server_called(request.config, name)), strategy, environ=EARLY)
    token = application.begin()
    for step in STEPS:
        assert _calls(application, token, step) == USUAL_CALLS[step]
        assert application.works()
