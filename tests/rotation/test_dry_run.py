"""The dry run tells beforehand what a rotation would stop at, and changes nothing."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from lab.secretsmanager.faults import error
from secret_rotation.patience import Patience
from tests.fixtures.databases import ApplicationUser, MakeUser
from tests.fixtures.rotation import ALTERNATING_USERS, SINGLE_USER, STRATEGIES, Application, MakeApplication
from tests.rotation.conftest import every_pairing
from tests.rotation.dry_runs import dry_run, stops_as_the_rotation
from tests.rotation.faulted import completes, reach, rotates, tells_no_password

RESET = {"RESET_WITH_SUPERUSER": "true"}


@every_pairing
@pytest.mark.parametrize("rotated", [False, True])
def test_a_dry_run_of_a_fine_secret(application: Application, rotated: bool) -> None:
    """It succeeds, says what it has checked, and nothing is changed; the rotation that follows is the usual one."""
    if rotated:
        rotates(application)
    before = _state(application)
    run = dry_run(application)
    assert run.succeeded, run.outcome
    assert any("Nothing was changed" in message for message in _messages(application))
    assert _state(application) == before
    assert application.works()
    tells_no_password(application)
    rotates(application)


@every_pairing
def test_what_a_dry_run_costs(application: Application) -> None:
    """One call and one login more than testSecret in a rotation; with a superuser, its secret and its login too."""
    with_superuser = "masterarn" in application.secret.value()
    application.user.relay.connections = 0
    assert dry_run(application).succeeded
    assert application.secret.operations() == ["GetSecretValue"] * 2
    assert application.superuser_secret.operations() == ["GetSecretValue"] * with_superuser
    assert application.user.relay.connections == 2 + with_superuser
    assert application.user.rejected_logins() == 0


@every_pairing
@pytest.mark.parametrize("changes", [{"host": None}, {"port": "many", "ssl": "prefer"}, {"engine": "oracle"}])
def test_a_secret_with_a_fault(application: Application, changes: dict[str, object]) -> None:
    """The copy has the faults of AWSCURRENT, so the error is about that, as createSecret's is."""
    value = {**application.secret.value(), **changes}
    application.secret.put({key: kept for key, kept in value.items() if kept is not None})
    assert "(AWSCURRENT)" in stops_as_the_rotation(application, "InvalidSecretError")


def _messages(application: Application) -> list[str]:
    return [line.get("message", "") for line in application.log()]


def _state(application: Application) -> object:
    """Everything that a rotation changes, as far as every engine has it. Secrets Manager moves AWSPENDING itself."""
    user, secret = application.user, application.secret
    names = (user.username, f"{user.username}_clone")
    labels = [secret.version_with(label) for label in ("AWSCURRENT", "AWSPREVIOUS")]
    return labels, secret.value(), [user.kit.rights(user.administrate, name) for name in names]


def _without_superuser(application: Application) -> None:
    value = application.secret.value()
    del value["masterarn"]
    application.secret.put(value)


def _deleted(application: Application) -> None:
    application.secret.client.delete_secret(SecretId=application.superuser_secret.arn, ForceDeleteWithoutRecovery=True)


def _unreadable(application: Application) -> None:
    denial = error("GetSecretValue", "AccessDeniedException", secret_arn=application.superuser_secret.arn, times=None)
    application.secret.cloud.faults.add(denial)


def _not_listed(application: Application) -> None:
    application.secret.change(masterarn=application.superuser_secret.arn.replace(":123456789012:", ":210987654321:"))


def _wrong_password(application: Application) -> None:
    application.superuser_secret.change(password="out-of-date")


def _of_the_pair(application: Application) -> None:
    application.superuser_secret.put(application.user.secret_value())


def _of_another_server(application: Application) -> None:
    application.superuser_secret.change(host="127.0.0.1")


@every_pairing
def test_a_superuser_secret_that_is_gone(application: Application) -> None:
    """What only setSecret reads in a rotation is read: a superuser's secret that does not exist any more."""
    application.secret.change(masterarn=application.superuser_secret.arn)
    _deleted(application)
    assert application.superuser_secret.arn in stops_as_the_rotation(application, "InvalidSecretError")


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [
        (_without_superuser, "InvalidSecretError"),
        (_unreadable, "SecretStoreError"),
        (_not_listed, "InvalidSecretError"),
        (_wrong_password, "SuperuserRejectedError"),
        (_of_the_pair, "UnsafeRotationError"),
        (_of_another_server, "UnsafeRotationError"),
    ],
)
def test_a_superuser_that_cannot_act(application: Application, spoil: Callable[[Application], None], kind: str) -> None:
    """Whatever is wrong with the superuser of alternating users stops the dry run."""
    spoil(application)
    stops_as_the_rotation(application, kind)


def test_a_strangers_clone(application: Application, make_user: MakeUser) -> None:
    """A user that happens to be called app_clone stops the dry run, and keeps its password."""
    stranger = make_user(application.user.server, f"{application.user.username}_clone")
    assert stranger.username in stops_as_the_rotation(application, "UnsafeRotationError")
    assert stranger.can_log_in(stranger.username, stranger.password)


def test_a_pair_of_another_secret(application: Application, make_application: MakeApplication) -> None:
    """Two users that another secret has rotated stop the dry run with that secret's name."""
    other = make_application(application.user, ALTERNATING_USERS)
    rotates(other)
    assert other.secret.name in stops_as_the_rotation(application, "UnsafeRotationError")


def test_a_user_name_too_long(user: ApplicationUser, make_application: MakeApplication) -> None:
    """The name that the next version would need is measured."""
    limit = {"USERNAME_CHARACTER_LIMIT": str(len(user.username) + 1)}
    application = make_application(user, ALTERNATING_USERS, environ=limit)
    assert "too long" in stops_as_the_rotation(application, "InvalidSecretError")


def test_no_version_logs_in(application: Application) -> None:
    """A password that somebody changed stops the dry run with one rejected login, and it says what to do."""
    application.user.set_password("changed-by-hand")
    run = dry_run(application)
    outcome = run.steps[-1].invocation
    assert outcome.error_type == "LoginRejectedError"
    assert "put-secret-value" in str(outcome.error_message)
    assert application.user.rejected_logins() == 1


@pytest.fixture
def resettable(user: ApplicationUser, make_application: MakeApplication) -> Application:
    """An application of a single user, whose password the superuser may reset."""
    application = make_application(user, SINGLE_USER, environ=RESET)
    application.secret.change(masterarn=application.superuser_secret.arn)
    return application


def test_a_reset_that_is_possible(resettable: Application) -> None:
    """With RESET_WITH_SUPERUSER the superuser's login for that is tried too, and nothing is reset."""
    before = resettable.credentials()
    resettable.user.relay.connections = 0
    assert dry_run(resettable).succeeded
    assert resettable.user.relay.connections == 3 + resettable.user.kit.engine.has_accounts_by_host
    assert resettable.credentials() == before
    assert resettable.works()


def test_a_reset_that_is_not_possible(resettable: Application) -> None:
    """A superuser that would refuse to reset this user is told, and is no failure: a rotation needs no reset."""
    resettable.user.administrate(resettable.user.kit.let_create_users(resettable.user.username))
    assert dry_run(resettable).succeeded
    assert any("could not help this secret" in message for message in _messages(resettable))
    rotates(resettable)


def test_a_superuser_that_could_not_log_in_for_a_reset(resettable: Application) -> None:
    """It is a failure only where each rotation needs the superuser."""
    _wrong_password(resettable)
    outcome = dry_run(resettable).steps[-1].invocation
    if resettable.user.kit.engine.has_accounts_by_host:
        assert outcome.error_type == "SuperuserRejectedError"
    else:
        assert not outcome.failed
        assert any("could not help this secret" in message for message in _messages(resettable))


def test_a_copy_that_became_current_meanwhile(user: ApplicationUser, make_application: MakeApplication) -> None:
    """Nothing is left to do then: the superuser's part is not gone through, and the log says so."""
    readings = [0.0, 60.0]

    def monotonic() -> float:
        if len(readings) == 1:  # once the superuser has logged in
            secret = application.secret
            secret.cloud.client().update_secret_version_stage(
                SecretId=secret.arn,
                VersionStage="AWSCURRENT",
                MoveToVersionId=token,
                RemoveFromVersionId=str(secret.version_with("AWSCURRENT")),
            )
        return readings.pop(0)

    make = replace(make_application, patience=Patience(settle_seconds=(), monotonic=monotonic))
    application = make(user, ALTERNATING_USERS)
    token = application.begin()
    application.secret.put(application.secret.value(), stages=("AWSPENDING",), token=token)
    assert not application.step("testSecret", token).failed
    [message] = [text for text in _messages(application) if "Dry run" in text]
    assert f"{token} became AWSCURRENT meanwhile" in message
    assert "were checked" not in message


def test_current_that_cannot_be_read(application: Application) -> None:
    """Where nobody can tell whether it is a dry run, testSecret tests the login, and the log says so."""
    _wrong_password(application)
    denial = error("GetSecretValue", "AccessDeniedException", nth=2, secret_arn=application.secret.arn)
    application.secret.cloud.faults.add(denial)
    assert dry_run(application).succeeded
    assert any("only tests the login" in message for message in _messages(application))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_rotation_in_two_environments_is_no_dry_run(
    user: ApplicationUser, strategy: str, make_application: MakeApplication
) -> None:
    """Where another environment runs testSecret, it reads AWSCURRENT, finds no copy, and only tests the login."""
    application = make_application(user, strategy)
    token = reach(application, "testSecret")
    elsewhere = replace(application, function=make_application(user, strategy).function)
    application.secret.cloud.calls.clear()
    user.relay.connections = 0
    assert not elsewhere.step("testSecret", token).failed
    assert elsewhere.secret.operations() == ["GetSecretValue"] * 2
    assert user.relay.connections == 1
    completes(application, token)
