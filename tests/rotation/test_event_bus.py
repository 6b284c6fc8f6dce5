"""What EventBridge is told of real rotations, and that nothing about EventBridge touches a rotation."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from lab.lambda_environment import InProcessContext
from lab.secretsmanager import LocalSecretsManager
from lab.servers import DatabaseServer
from secret_rotation.deadline import Deadline
from secret_rotation.errors import RotationError
from secret_rotation.events import RotationEvents
from secret_rotation.patience import Patience
from secret_rotation.request import RotationRequest, Step
from tests.fixtures.databases import MakeUser
from tests.fixtures.event_bus import (
    Behaviour,
    EventBus,
    denies,
    hangs,
    hangs_up,
    is_no_bus,
    refuses_the_entry,
)
from tests.fixtures.rotation import SINGLE_USER, STEPS, Application, MakeApplication
from tests.lab.helpers import wait_until
from tests.rotation.dry_runs import dry_run
from tests.rotation.faulted import rotates, tells_no_password

MakeTelling = Callable[..., Application]
NOT_TOLD = "EventBridge was not told of this"


@pytest.fixture
def patience(patience: Patience) -> Patience:
    """Wait longer for the bus than any machine takes, unless a test is about a bus that hangs."""
    return replace(patience, event_seconds=10)


@pytest.fixture
def make_telling(make_application: MakeApplication, make_user: MakeUser, event_bus: EventBus) -> MakeTelling:
    """Make an application whose function tells the event bus: ``make_telling(server, "single_user", NAME=...)``."""

    def make(server: DatabaseServer, strategy: str = SINGLE_USER, **environ: str) -> Application:
        environ = {"ROTATION_EVENTS": "true", "EVENTS_ENDPOINT": event_bus.url, **environ}
        application = make_application(make_user(server), strategy, environ=environ)
        application.function.timeout_seconds = 120  # with so much left that a bus has all of its time
        return application

    return make


@pytest.fixture
def application(make_telling: MakeTelling, newest_postgres: DatabaseServer) -> Application:
    """An application of a single user, whose function tells the event bus."""
    return make_telling(newest_postgres)


def detail(application: Application, token: str, **more: str) -> dict[str, str]:
    """What each event tells of a rotation."""
    secret = application.secret
    log = next(line for line in application.log() if "strategy" in line)
    who = {"engine": log["engine"], "strategy": log["strategy"]}
    return {"secret_arn": secret.arn, "secret_name": secret.name, "version_id": token, **who, **more}


def warnings(application: Application) -> list[str]:
    """What the function warned of."""
    return [line["message"] for line in application.log() if line.get("level") == "WARNING"]


def test_a_rotation_that_succeeds_is_told_once(
    make_telling: MakeTelling,
    either_engine: DatabaseServer,
    strategy: str,
    event_bus: EventBus,
) -> None:
    """The event names secret, version, engine and strategy, and says rightly whether the old password still logs in."""
    application = make_telling(either_engine, strategy)
    run = application.rotate()
    ends = "next_rotation" if application.logs_in("AWSPREVIOUS") else "now"
    expected = detail(application, run.token, step="finishSecret", old_password_ends=ends)
    assert event_bus.told == [("Rotation Succeeded", expected)]
    [entry] = event_bus.entries
    assert (entry["Source"], entry["Resources"]) == ("secret-rotation", [application.secret.arn])
    tells_no_password(application, json.dumps(event_bus.entries))


def test_a_rotation_that_is_promoted_early_is_told_at_its_end(
    make_telling: MakeTelling, newest_postgres: DatabaseServer, event_bus: EventBus
) -> None:
    """PROMOTE_EARLY: once, and not when setSecret moves AWSCURRENT, since testSecret may still fail."""
    application = make_telling(newest_postgres, PROMOTE_EARLY="true")
    token = application.begin()
    assert not application.steps(token, "createSecret", "setSecret", "testSecret").failed
    assert application.secret.version_with("AWSCURRENT") == token
    assert event_bus.told == []
    assert not application.steps(token, "finishSecret").failed
    expected = detail(application, token, step="finishSecret", old_password_ends="now")
    assert event_bus.told == [("Rotation Succeeded", expected)]


def test_a_password_that_is_discarded_ends_now(
    make_telling: MakeTelling, mysql: DatabaseServer, event_bus: EventBus
) -> None:
    """Where the deployer wants the old password gone, consumers are told that it is: once it is, and not before."""
    application = make_telling(mysql, OLD_PASSWORD="discard")
    token, client = application.begin(), application.secret.client
    before = str(application.secret.version_with("AWSCURRENT"))
    assert not application.steps(token, "createSecret", "setSecret", "testSecret").failed
    client.update_secret_version_stage(
        SecretId=application.secret.arn, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=before
    )
    overtaking = application.begin()  # so that the old password may be what AWSCURRENT needs
    assert not application.steps(token, "finishSecret").failed
    assert application.logs_in("AWSPREVIOUS")
    assert not application.steps(overtaking, *STEPS).failed
    assert not application.logs_in("AWSPREVIOUS")
    assert [told["old_password_ends"] for _, told in event_bus.told] == ["next_rotation", "now"]


def test_a_rotation_that_fails_is_told_once_however_often_it_is_tried(
    application: Application, event_bus: EventBus
) -> None:
    """Of all attempts with one token one event is sent, and another one once an attempt gets through."""
    user, token = application.user, application.begin()
    user.as_superuser(user.kit.lock_out(user.username))
    outcomes = [application.steps(token, "createSecret", "setSecret") for _ in range(3)]
    user.as_superuser(user.kit.let_in(user.username))
    assert not application.steps(token, *STEPS).failed
    [error] = {(outcome.error_type, outcome.error_message) for outcome in outcomes}
    assert event_bus.told == [
        ("Rotation Failed", detail(application, token, step="setSecret", error=str(error[0]), message=str(error[1]))),
        ("Rotation Succeeded", detail(application, token, step="finishSecret", old_password_ends="now")),
    ]
    tells_no_password(application, json.dumps(event_bus.entries))


def test_each_rotation_is_told(application: Application, event_bus: EventBus) -> None:
    """Two rotations are two events, told apart by their versions; a repeat of the last step is known by its own."""
    tokens = [application.rotate().token for _ in range(2)]
    assert not application.steps(tokens[-1], "finishSecret").failed
    assert [told["version_id"] for _, told in event_bus.told] == [*tokens, tokens[-1]]


def test_a_dry_run_is_not_told(application: Application, event_bus: EventBus) -> None:
    """Nothing has changed for anybody, whether the test passes, the login fails, or the secret has a fault."""
    assert dry_run(application).succeeded
    application.secret.change(host="nobody.invalid")
    assert not dry_run(application).succeeded
    application.secret.change(host="")
    assert not dry_run(application).succeeded
    assert event_bus.asked == 0


@pytest.mark.usefixtures("function_environment")
def test_a_failure_with_much_to_say_is_told(patience: Patience, event_bus: EventBus) -> None:
    """EventBridge takes no event beyond 256 KB, and a message may list as much as a server has."""
    request = RotationRequest(Step.SET_SECRET, "arn", "token")
    events = RotationEvents({"engine": "mysql"}, True, patience, event_bus.url)  # noqa: FBT003 - what it keeps
    events.step_failed(request, RotationError("\u00fc" * 1_000_000), Deadline.after(60))
    [(_, told)] = event_bus.told
    assert told["message"].startswith("\u00fc\u00fc")
    assert len(event_bus.entries[0]["Detail"]) < 256 * 1024


def test_nobody_is_told_unless_asked_for(
    make_telling: MakeTelling,
    newest_postgres: DatabaseServer,
    event_bus: EventBus,
) -> None:
    """Without ROTATION_EVENTS no call is made, whatever else is set."""
    rotates(make_telling(newest_postgres, ROTATION_EVENTS=""))
    assert event_bus.asked == 0


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (refuses_the_entry, "InternalFailure"),
        (denies, "AccessDeniedException"),
        (is_no_bus, "NoEntry"),
        (hangs_up, "ConnectionClosedError"),
    ],
)
def test_a_broken_bus_fails_no_rotation(
    application: Application, event_bus: EventBus, behaviour: Behaviour, reason: str
) -> None:
    """Rotations complete at their first attempt, the log says what is wrong, and each event is tried once."""
    event_bus.behaviour = behaviour
    rotates(application)
    assert event_bus.asked == 1
    [warning] = warnings(application)
    assert warning.startswith(f"{NOT_TOLD} ({reason})")
    assert "events:PutEvents" in warning


@pytest.mark.parametrize("pause_seconds", [300, 0])
def test_a_bus_that_hangs_costs_time_once_in_a_while(
    make_application: MakeApplication,
    make_user: MakeUser,
    newest_postgres: DatabaseServer,
    event_bus: EventBus,
    pause_seconds: float,
) -> None:
    """The environment gives it up soon, and asks it again when the pause is over."""
    event_bus.behaviour, expected = hangs, 1 if pause_seconds else 3
    hasty = replace(make_application.patience, event_seconds=0.2, event_pause_seconds=pause_seconds)
    environ = {"ROTATION_EVENTS": "true", "EVENTS_ENDPOINT": event_bus.url}
    application = replace(make_application, patience=hasty)(make_user(newest_postgres), SINGLE_USER, environ=environ)
    rotates(application, times=3)
    assert len(warnings(application)) == 3
    wait_until(lambda: event_bus.asked >= expected)  # whoever gave it up may have done so before it had begun to count
    assert event_bus.asked == expected


def test_a_bus_that_nobody_reaches_fails_no_rotation(
    make_telling: MakeTelling,
    newest_postgres: DatabaseServer,
) -> None:
    """A name that does not exist, as where nothing resolves it, is like a bus that is broken."""
    application = make_telling(newest_postgres, EVENTS_ENDPOINT="http://bus.invalid")
    rotates(application)
    [warning] = warnings(application)
    assert warning.startswith(f"{NOT_TOLD} (EndpointConnectionError)")


def test_a_failure_is_reported_in_time(application: Application, event_bus: EventBus) -> None:
    """An invocation whose time is used up ends with its own error, and not in the middle of telling somebody."""
    token = application.begin()
    assert not application.steps(token, "createSecret").failed
    context = InProcessContext("function", "its ARN", "256", deadline=0)
    with pytest.raises(RotationError, match="time is used up"):
        application.function.handler(application.secret.event("setSecret", token), context)
    assert event_bus.asked == 0


def test_eventbridge_takes_what_a_function_sends(
    make_telling: MakeTelling, newest_postgres: DatabaseServer, cloud: LocalSecretsManager
) -> None:
    """An EventBridge that nobody here wrote takes the event, and one without a detail it would refuse."""
    events = cloud.clients.of("events")
    refused = events.put_events(Entries=[{"Source": "secret-rotation", "DetailType": "Rotation Succeeded"}])
    assert refused["FailedEntryCount"] == 1
    application = make_telling(newest_postgres, EVENTS_ENDPOINT=cloud.endpoint_url)
    rotates(application)
    assert not warnings(application)
