"""The crash table's own machinery: it really kills, and it does see a promise that is broken."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.crash.case import Result, run
from lab.crash.moment import Moment
from lab.crash.record import append, read
from lab.crash.scenario import ALTERNATING_USERS, SINGLE_USER, Case, Phase, Scenario, Way
from lab.crash.standing import PromiseBrokenError, Standing, check_complete
from lab.crash.subject import CURRENT, Subject
from lab.crash.workshop import Workshop
from lab.servers.pool import MYSQL
from tests.crash.conftest import SERVERS

each_server = pytest.mark.parametrize("server", SERVERS)


def changes_the_password(subject: Subject) -> None:
    """What is AWSCURRENT logs in no more."""
    login = subject.login_of(subject.holder(CURRENT))
    assert login is not None
    subject.user.set_password("somebody-elses", login[0])


def revokes_a_right(subject: Subject) -> None:
    """The original may do less."""
    name = subject.user.username
    mysql = subject.user.engine == MYSQL
    subject.user.as_superuser(f"REVOKE '{name}_role' FROM '{name}'" if mysql else f"REVOKE {name}_role FROM {name}")


def loses_a_label(subject: Subject) -> None:
    """AWSPREVIOUS is where AWSCURRENT is."""
    versions = {version: labels for version, labels in subject.cloud.labels(subject.arn).items() if labels}
    current = subject.holder(CURRENT)
    previous = next((version for version, labels in versions.items() if "AWSPREVIOUS" in labels), None)
    subject.client.update_secret_version_stage(
        SecretId=subject.arn,
        VersionStage="AWSPREVIOUS",
        MoveToVersionId=str(current),
        **({"RemoveFromVersionId": previous} if previous else {}),
    )


@each_server
@pytest.mark.parametrize("sabotage", [changes_the_password, revokes_a_right, loses_a_label])
def test_a_broken_promise_is_seen(workshop: Workshop, server: str, sabotage: Callable[[Subject], None]) -> None:
    """What goes wrong behind the function's back after a rotation is found by the checks, and named."""
    scenario = Scenario(server, ALTERNATING_USERS, Phase.TO_ORIGINAL)
    clean = workshop.clean(scenario)
    subject = workshop.subject(scenario)
    assert subject.rotate().succeeded
    check_complete(scenario, subject, clean)
    sabotage(subject)
    with pytest.raises(Exception, match=r"rights|Access denied|password authentication failed|AWSPREVIOUS"):
        check_complete(scenario, subject, clean)
    workshop.give_up(scenario)


@each_server
def test_a_session_that_is_left_is_seen(workshop: Workshop, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that nobody closed is found on the server."""
    monkeypatch.setattr("lab.crash.standing.PATIENCE_SECONDS", 0.2)
    scenario = Scenario(server, SINGLE_USER, Phase.FIRST)
    clean = workshop.clean(scenario)
    subject = workshop.subject(scenario)
    assert subject.rotate().succeeded
    with subject.user.session(*subject.login_of(subject.holder(CURRENT)) or ("", "")):
        subject.tap.server_ports.update(_ports_of(subject))
        with pytest.raises(PromiseBrokenError, match="sessions are left behind"):
            check_complete(scenario, subject, clean)


def _ports_of(subject: Subject) -> set[int]:
    """The client ports of the user's sessions, which are none of the tap's."""
    query = (
        "SELECT SUBSTRING_INDEX(HOST, ':', -1) FROM performance_schema.processlist WHERE USER = '{}'"
        if subject.user.engine == MYSQL
        else "SELECT client_port FROM pg_stat_activity WHERE usename = '{}'"
    )
    return {int(port) for (port,) in subject.read(query.format(subject.user.username))}


@each_server
def test_a_recovery_that_fails_is_told(workshop: Workshop, server: str) -> None:
    """A case whose recovery is made impossible is a broken promise that names the moment and the way on."""
    case = Case(Scenario(server, SINGLE_USER, Phase.FIRST), 7, Way.SAME_TOKEN)
    workshop.clean(case.scenario)
    look = "lab.crash.case.check_kill"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(look, _sabotaging)
        with pytest.raises(PromiseBrokenError, match=r"moment 7, same token \(setSecret: Secrets Manager: GetSecret"):
            run(workshop, case)


def _sabotaging(_scenario: Scenario, subject: Subject, *_: object) -> Standing:
    changes_the_password(subject)
    return Standing("stored", "old")


def test_a_kill_is_a_kill(workshop: Workshop) -> None:
    """The environment's process is gone after a kill, and the next invocation runs in another one."""
    scenario = Scenario(SERVERS[0], SINGLE_USER, Phase.FIRST)
    subject = workshop.subject(scenario)
    function = subject.mortal.function
    before = function.pid
    function.kill()
    assert not os.path.exists(f"/proc/{before}/exe")  # noqa: PTH110 - a zombie has none either
    assert subject.rotate().succeeded
    assert function.pid != before


def test_results_outlive_an_interruption(tmp_path: Path) -> None:
    """What was written is read again; a line that was cut off is left out."""
    scenario = Scenario("mysql", ALTERNATING_USERS, Phase.FIRST)
    moment = Moment("setSecret", "connection 1", "sent: Query: SELECT ...")
    results = [
        Result(Case(scenario, position, way), moment, Standing("stored", "old"), "sets it", second)
        for position, way, second in ((3, Way.CANCELLED, None), (4, Way.KILLED_AGAIN, moment))
    ]
    path = tmp_path / "results.jsonl"
    append(path, results)
    with path.open("a") as file:
        file.write('{"scenario": ["mysql", ')
    assert list(read(path)) == results
