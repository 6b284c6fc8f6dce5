"""The daily login between rotations: it finds drift, does no harm, and remembers."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from lab.engines.mysql import MySQLServer
from lab.engines.postgresql import PostgresServer
from lab.relay import Relay
from lab.secretsmanager import LocalSecretsManager, faults
from secret_rotation.examination.parts import Parts
from secret_rotation.examination.verifier import SECONDS
from tests.doctor.conftest import MakeDoctor, leave_no_time_after
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import SINGLE_USER, Application, MakeApplication

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SHORT_SECONDS = 10.0
"""Of the verification of a server that hangs: enough to find that out on a slow machine."""
HEALTHY = {"SecretsVerified": 1, "SecretsOutOfSync": 0, "SecretsUnreachable": 0, "SecretsUnchecked": 0}
LATE = {"SecretsOverdue": 0, "SecretsStuck": 0}


@pytest.fixture
def other_relay(application: Application) -> Iterator[Relay]:
    """Another port of the same server."""
    with Relay(application.user.server.port) as relay:
        yield relay


def test_a_healthy_secret_logs_in_once_a_day(either_strategy: Application, make_doctor: MakeDoctor) -> None:
    """At its turn, also with a function that has just started; every round tells how all secrets stand."""
    doctor, relay = make_doctor(either_strategy), either_strategy.user.relay
    relay.connections = 0
    for day in range(2):
        found = doctor.verify()
        assert [outcome["outcome"] for outcome in found.outcomes] == ["healthy"]
        assert found.metrics == {**HEALTHY, **LATE}
        for _ in range(2):
            doctor.now += HOUR
            found = doctor.verify()
            assert (found.outcomes, found.metrics) == ([], {**HEALTHY, **LATE})
        assert relay.connections == day + 1
        doctor.now += DAY - 2 * HOUR


def test_drift_is_found_once_and_never_tried_again(application: Application, make_doctor: MakeDoctor) -> None:
    """Somebody changed the password behind the secret's back; a new version is tried again."""
    doctor, user = make_doctor(application), application.user
    assert doctor.verify().metrics["SecretsVerified"] == 1
    user.set_password("Changed-Behind-1")
    for outcome, reason in (("out of sync", None), ("unchecked", "rejected before"), ("unchecked", "rejected before")):
        doctor.now += DAY
        found = doctor.verify()
        assert [(one["outcome"], one["reason"]) for one in found.outcomes] == [(outcome, reason)]
        assert found.metrics["SecretsOutOfSync"] == 1
        assert user.rejected_logins() == 1
    application.secret.change(password="Changed-Behind-1")
    doctor.now += DAY
    assert doctor.verify().metrics == {**HEALTHY, **LATE}
    assert user.rejected_logins() == 1


def test_a_password_that_was_set_right_is_confirmed_by_a_check(
    application: Application, make_doctor: MakeDoctor
) -> None:
    """The version is the same, so that only a person can know that it works now."""
    doctor, user = make_doctor(application), application.user
    user.set_password("Changed-Behind-1")
    assert doctor.verify().metrics["SecretsOutOfSync"] == 1
    user.set_password(user.password)
    assert doctor.check("login.current")["login.current"]["result"] == "ok"
    assert doctor.verify().metrics == {**HEALTHY, **LATE}


def test_a_changed_host_gets_no_password(application: Application, make_doctor: MakeDoctor) -> None:
    """Whoever can write the secret's host would be sent the password: nobody even connects there."""
    doctor = make_doctor(application)
    assert doctor.verify().metrics["SecretsVerified"] == 1
    with closing(socket.create_server(("127.0.0.1", 0))) as strangers:
        strangers.settimeout(0)
        application.secret.change(port=strangers.getsockname()[1])
        for _ in range(2):
            doctor.now += DAY
            found = doctor.verify()
            assert [one["reason"] for one in found.outcomes] == ["host changed"]
            assert found.metrics["SecretsUnchecked"] == 1
        with pytest.raises(BlockingIOError):
            strangers.accept()


@pytest.mark.parametrize("confirmed_by", ["check", "rotation"])
def test_a_changed_host_is_confirmed(
    application: Application, make_doctor: MakeDoctor, other_relay: Relay, confirmed_by: str
) -> None:
    """By somebody who has it checked, or by a rotation, which has used it."""
    doctor = make_doctor(application)
    assert doctor.verify().metrics["SecretsVerified"] == 1
    application.secret.change(port=other_relay.port)
    doctor.now += DAY
    assert doctor.verify().metrics["SecretsUnchecked"] == 1
    if confirmed_by == "check":
        assert doctor.check()["login.current"]["result"] == "ok"
    else:
        assert application.rotate().succeeded
    doctor.now += DAY
    assert doctor.verify().metrics == {**HEALTHY, **LATE}


def test_a_changed_host_without_memory(application: Application, make_doctor: MakeDoctor, other_relay: Relay) -> None:
    """The last rotation's host is known by its version, which is AWSPREVIOUS now."""
    assert application.rotate().succeeded
    application.secret.change(port=other_relay.port)
    application.secret.remove_pending()  # which a rotation may leave on its version
    assert [one["reason"] for one in make_doctor(application).verify().outcomes] == ["host changed"]
    assert other_relay.connections == 0


@pytest.mark.parametrize("remembers", [True, False])
def test_a_version_that_was_there_before_a_rotation(
    newest_postgres: PostgresServer, make_user: MakeUser, make_application: MakeApplication, make_doctor: MakeDoctor,
    remembers: bool,
) -> None:  # fmt: skip
    """The rotation has not used its host: somebody gave it the label by hand, as to go back to an older one."""
    application = make_application(make_user(newest_postgres), SINGLE_USER)
    doctor, secret = make_doctor(application), application.secret
    with closing(socket.create_server(("127.0.0.1", 0))) as strangers:
        strangers.settimeout(0)
        elsewhere = json.dumps({**secret.value(), "port": strangers.getsockname()[1]})
        put = secret.client.put_secret_value(SecretId=secret.arn, SecretString=elsewhere, VersionStages=["KEPT"])
        assert application.rotate().succeeded
        if remembers:
            assert doctor.verify().metrics["SecretsVerified"] == 1
            doctor.now += DAY
        secret.remove_pending()
        secret.client.update_secret_version_stage(
            SecretId=secret.arn, VersionStage="AWSCURRENT", MoveToVersionId=put["VersionId"],
            RemoveFromVersionId=str(secret.version_with("AWSCURRENT")),
        )  # fmt: skip
        assert [one["reason"] for one in doctor.verify().outcomes] == ["host changed"]
        with pytest.raises(BlockingIOError):
            strangers.accept()


def test_what_is_unreachable_is_tried_in_the_next_hour(application: Application, make_doctor: MakeDoctor) -> None:
    """It says nothing about the password."""
    doctor, relay = make_doctor(application), application.user.relay
    assert isinstance(relay, Relay)
    with closing(socket.create_server(("127.0.0.1", 0))) as nobody:
        relay.server_port, before = nobody.getsockname()[1], relay.server_port
    found = doctor.verify()
    assert [one["outcome"] for one in found.outcomes] == ["unreachable"]
    assert found.metrics["SecretsUnreachable"] == 1
    relay.server_port = before
    doctor.now += HOUR
    assert doctor.verify().metrics == {**HEALTHY, **LATE}


def test_a_rotation_that_is_under_way_is_left_alone(application: Application, make_doctor: MakeDoctor) -> None:
    """Its AWSCURRENT may be refused, which would be no drift."""
    doctor, relay = make_doctor(application), application.user.relay
    token = application.begin()
    application.steps(token, "createSecret", "setSecret")
    relay.connections = 0
    found = doctor.verify()
    assert [one["reason"] for one in found.outcomes] == ["rotating"]
    assert found.metrics["SecretsUnchecked"] == 1
    assert relay.connections == 0
    application.steps(token, "testSecret", "finishSecret")
    doctor.now += HOUR
    assert doctor.verify().metrics == {**HEALTHY, **LATE}


def test_a_rotation_that_begins_meanwhile(
    newest_postgres: PostgresServer, make_user: MakeUser, make_application: MakeApplication, make_doctor: MakeDoctor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """It is no drift where AWSCURRENT is refused between the look at the labels and the login."""
    application = make_application(make_user(newest_postgres), SINGLE_USER)
    doctor = make_doctor(application)
    store = doctor.parts.store
    read = store.read

    def read_and_rotate(*arguments: Any, **parameters: Any) -> object:  # noqa: ANN401 - as it was called
        stored = read(*arguments, **parameters)
        application.steps(application.begin(), "createSecret", "setSecret")
        return stored

    monkeypatch.setattr(store, "read", read_and_rotate)
    found = doctor.verify()
    assert [one["reason"] for one in found.outcomes] == ["rotating"]
    assert found.metrics["SecretsOutOfSync"] == 0


def test_without_its_log_nothing_logs_in(application: Application, make_doctor: MakeDoctor) -> None:
    """Nobody knows then what was rejected; and how secrets stand is not said to be well."""
    doctor, relay = (
        make_doctor(application, AWS_LAMBDA_LOG_GROUP_NAME="/aws/lambda/no-such-group"),
        application.user.relay,
    )
    relay.connections = 0
    found = doctor.verify()
    assert "without its memory" in found.fault
    assert found.metrics == {"SecretsUnchecked": 1, **LATE}
    assert relay.connections == 0


def test_what_there_is_no_time_for_is_left(application: Application, make_doctor: MakeDoctor) -> None:
    """It goes on in the next hour."""
    doctor = make_doctor(application, timeout_seconds=30)
    found = doctor.verify()
    assert (found.verified, found.left, found.metrics["SecretsUnchecked"]) == (0, 1, 1)


def test_a_secret_that_cannot_be_read(application: Application, make_doctor: MakeDoctor) -> None:
    """It is unchecked, with the reason, and tried again in the next hour."""
    doctor = make_doctor(application)
    application.secret.put("no JSON")
    found = doctor.verify()
    assert [one["reason"] for one in found.outcomes] == ["unreadable"]
    doctor.now += HOUR
    assert len(doctor.verify().outcomes) == 1


def test_a_defect_ends_no_round(
    application: Application, make_doctor: MakeDoctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody has foreseen of one secret is told of this one, without its text, and the others are counted."""
    doctor = make_doctor(application)
    monkeypatch.setattr(Parts, "read", lambda *_: dict[str, object]()["Quoted-Password-1"])
    found = doctor.verify()
    assert [one["reason"] for one in found.outcomes] == ["unreadable"]
    assert "Unexpected KeyError" in found.told
    assert "Quoted-Password-1" not in str(found)


def test_late_rotations_are_counted(application: Application, make_doctor: MakeDoctor) -> None:
    """Overdue by the date that AWS tells, stuck by what has not changed."""
    doctor = make_doctor(application)
    application.rotate(RotationRules={"AutomaticallyAfterDays": 1})
    application.begin()
    assert {**doctor.verify().metrics, **LATE} == doctor.verify().metrics
    doctor.now += 5 * DAY
    found = doctor.verify()
    assert (found.metrics["SecretsOverdue"], found.metrics["SecretsStuck"]) == (1, 1)


def test_no_value_is_written(either_strategy: Application, make_doctor: MakeDoctor) -> None:
    """Neither where it is right nor where it is wrong."""
    doctor, secret = make_doctor(either_strategy), either_strategy.secret
    password = secret.value()["password"]
    told = doctor.verify()
    assert password not in str(told)
    secret.change(password="Wrong-Password-1")
    doctor.now += DAY
    assert "Wrong-Password-1" not in str(doctor.verify())


def test_a_locked_user_is_out_of_sync_until_it_is_let_in(application: Application, make_doctor: MakeDoctor) -> None:
    """Its password is not what the server says no to, so the same version is tried again on the next day."""
    doctor, user = make_doctor(application), application.user
    user.administrate(user.kit.lock_out(user.username))
    assert doctor.verify().metrics["SecretsOutOfSync"] == 1
    user.administrate(user.kit.let_in(user.username))
    doctor.now += DAY
    assert doctor.verify().metrics == {**HEALTHY, **LATE}


def test_several_secrets_of_one_user_lock_nobody_out(
    mysql: MySQLServer, make_user: MakeUser, make_application: MakeApplication, make_doctor: MakeDoctor,
    cloud: LocalSecretsManager, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """One of them is rejected; the others are not tried, in this round and the next, until that one is mended."""
    user = make_user(mysql)
    secrets = [make_application(user, SINGLE_USER) for _ in range(3)]
    hours = {one.secret.arn: hour for one, hour in zip(secrets, (5, 5, 6), strict=True)}
    monkeypatch.setattr("secret_rotation.examination.turns.hour_of", hours.__getitem__)
    described = [cloud.client().describe_secret(SecretId=one.secret.arn) for one in secrets]
    arns = ",".join(one["RotationLambdaARN"] for one in described)
    doctor = make_doctor(secrets[0], SINGLE_USER_FUNCTION_ARNS=arns)
    doctor.now = doctor.now.replace(hour=5)
    user.administrate(f"ALTER USER '{user.username}'@'%' FAILED_LOGIN_ATTEMPTS 2 PASSWORD_LOCK_TIME 1")
    user.set_password("Changed-Behind-1")
    for reasons in ([None, "account rejected"], ["account rejected"] * 2):
        assert [one["reason"] for one in doctor.verify().outcomes] == reasons
        doctor.now += HOUR
    assert user.can_work(user.username, "Changed-Behind-1")
    for one in secrets:
        one.secret.change(password="Changed-Behind-1")
    doctor.now += DAY
    assert doctor.verify().metrics["SecretsOutOfSync"] == 0


def test_a_check_calls_nobody_healthy_who_cannot_work(
    mysql: MySQLServer, make_user: MakeUser, make_application: MakeApplication, make_doctor: MakeDoctor
) -> None:
    """An expired password logs in and may do nothing: whoever has that checked ends no alarm."""
    application = make_application(make_user(mysql), SINGLE_USER)
    doctor, user = make_doctor(application), application.user
    user.administrate(f"ALTER USER '{user.username}'@'%' PASSWORD EXPIRE")
    assert doctor.verify().metrics["SecretsOutOfSync"] == 1
    assert doctor.check("login.identity")["login.identity"]["result"] == "failed"
    assert doctor.verify().metrics["SecretsOutOfSync"] == 1


def test_a_host_that_is_silent_is_waited_for_once(
    application: Application, make_application: MakeApplication, make_doctor: MakeDoctor, make_user: MakeUser,
    cloud: LocalSecretsManager, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """All other secrets there come again in the next hour."""
    monkeypatch.setattr("secret_rotation.examination.verifier._SILENT_AFTER_SECONDS", -1)
    monkeypatch.setattr("secret_rotation.examination.turns.hour_of", lambda _: 5)
    relay = application.user.relay
    assert isinstance(relay, Relay)
    other = make_application(make_user(application.user.server), SINGLE_USER)
    other.secret.change(port=relay.port)
    arns = [
        cloud.client().describe_secret(SecretId=one.secret.arn)["RotationLambdaARN"] for one in (application, other)
    ]
    doctor = make_doctor(application, SINGLE_USER_FUNCTION_ARNS=", ".join(arns))
    with closing(socket.create_server(("127.0.0.1", 0))) as nobody:
        relay.server_port, before = nobody.getsockname()[1], relay.server_port
    relay.connections = 0
    assert doctor.verify().metrics["SecretsUnreachable"] == 2
    assert relay.connections == 1
    relay.server_port = before
    doctor.now += HOUR
    assert doctor.verify().metrics["SecretsVerified"] == 2


def test_a_secret_without_a_value(
    application: Application, make_doctor: MakeDoctor, cloud: LocalSecretsManager
) -> None:
    """There is nothing to log in by."""
    doctor = make_doctor(application)
    cloud.faults.add(faults.error("GetSecretValue", "ResourceNotFoundException"))
    found = doctor.verify()
    assert [one["reason"] for one in found.outcomes] == ["no value"]


def test_a_rejection_is_remembered_whatever_comes_after(
    application: Application, make_doctor: MakeDoctor, cloud: LocalSecretsManager
) -> None:
    """Also where Secrets Manager is too busy then to say whether a rotation has begun."""
    doctor = make_doctor(application)
    application.user.set_password("Changed-Behind-1")
    cloud.faults.add(faults.error("DescribeSecret", "ThrottlingException", nth=2, times=9))
    assert doctor.verify().metrics["SecretsOutOfSync"] == 1
    cloud.faults.clear()
    doctor.now += DAY
    assert [one["reason"] for one in doctor.verify().outcomes] == ["rejected before"]
    assert application.user.rejected_logins() == 1


def test_a_server_that_hangs_has_a_bound(
    application: Application, make_doctor: MakeDoctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes the connection and says nothing: the login ends in time for the next secret."""
    monkeypatch.setattr("secret_rotation.examination.verifier.SECONDS", SHORT_SECONDS)
    doctor, relay = make_doctor(application), application.user.relay
    relay.silent = True
    started = time.monotonic()
    assert [one["outcome"] for one in doctor.verify().outcomes] == ["unreachable"]
    assert time.monotonic() - started < SECONDS


def test_hosts_that_do_not_answer_hold_up_nobody_else(
    application: Application, make_application: MakeApplication, make_doctor: MakeDoctor, make_user: MakeUser,
    cloud: LocalSecretsManager, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Their turn comes first and takes all the time of a round, but in the next round the others go before them."""
    other = make_application(make_user(application.user.server), SINGLE_USER)
    described = [cloud.client().describe_secret(SecretId=one.secret.arn) for one in (application, other)]
    hours = {application.secret.arn: 4, other.secret.arn: 5}
    monkeypatch.setattr("secret_rotation.examination.turns.hour_of", hours.__getitem__)
    arns = ",".join(one["RotationLambdaARN"] for one in described)
    doctor = make_doctor(application, SINGLE_USER_FUNCTION_ARNS=arns)
    doctor.now = doctor.now.replace(hour=5)
    application.user.relay.silent = True
    with monkeypatch.context() as patch:
        patch.setattr("secret_rotation.examination.verifier.SECONDS", SHORT_SECONDS)
        leave_no_time_after(application.secret, patch)
        found = doctor.verify()
    assert ([one["outcome"] for one in found.outcomes], found.left) == (["unreachable"], 1)
    doctor.now += HOUR
    leave_no_time_after(other.secret, monkeypatch)
    found = doctor.verify()
    assert ([one["outcome"] for one in found.outcomes], found.left) == (["healthy"], 1)
