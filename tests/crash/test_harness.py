"""The crash table's own machinery: it really kills, and it does see a promise that is broken."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.crash.aftermath import Aftermath, PromiseBrokenError, check_complete
from lab.crash.case import Result, run
from lab.crash.moment import Moment
from lab.crash.record import append, read
from lab.crash.scenario import Case, Phase, Scenario, Way
from lab.crash.target import Target
from lab.crash.workshop import Workshop
from lab.pairing import StrategyName
from secret_rotation.labels import AWSCURRENT, AWSPREVIOUS
from tests.crash.conftest import SERVERS

each_server = pytest.mark.parametrize("server", SERVERS)


def changes_the_password(target: Target) -> None:
    """What is AWSCURRENT logs in no more."""
    login = target.secret.login_of(target.secret.version_with(AWSCURRENT))
    assert login is not None
    target.user.set_password("somebody-elses", login[0])


def revokes_a_right(target: Target) -> None:
    """The original may do less."""
    target.user.as_superuser(target.user.kit.revoke_role(target.user.username))


def loses_a_label(target: Target) -> None:
    """AWSPREVIOUS is where AWSCURRENT is."""
    current, previous = map(target.secret.version_with, (AWSCURRENT, AWSPREVIOUS))
    target.secret.client.update_secret_version_stage(
        SecretId=target.secret.arn,
        VersionStage=AWSPREVIOUS,
        MoveToVersionId=str(current),
        RemoveFromVersionId=str(previous),
    )


@each_server
@pytest.mark.parametrize(
    ("sabotage", "seen"),
    [
        (changes_the_password, "Access denied|password authentication failed"),
        (revokes_a_right, "rights"),
        (loses_a_label, "AWSPREVIOUS"),
    ],
)
def test_a_broken_promise_is_seen(
    workshop: Workshop, server: str, sabotage: Callable[[Target], None], seen: str
) -> None:
    """What goes wrong behind the function's back after a rotation is found by the checks, and named."""
    scenario = Scenario(server, StrategyName.ALTERNATING_USERS, Phase.TO_ORIGINAL)
    clean = workshop.clean(scenario)
    target = workshop.target(scenario)
    assert target.rotate().succeeded
    check_complete(scenario, target, clean)
    sabotage(target)
    with pytest.raises(Exception, match=seen):
        check_complete(scenario, target, clean)
    workshop.give_up(scenario)


@each_server
def test_a_session_that_is_left_is_seen(workshop: Workshop, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that nobody closed is found on the server."""
    monkeypatch.setattr("lab.crash.aftermath.PATIENCE_SECONDS", 0.2)
    scenario = Scenario(server, StrategyName.SINGLE_USER, Phase.FIRST)
    clean = workshop.clean(scenario)
    target = workshop.target(scenario)
    assert target.rotate().succeeded
    with target.user.session(*target.secret.login_of(target.secret.version_with(AWSCURRENT)) or ("", "")):
        target.tap.server_ports.update(_ports_of(target))
        with pytest.raises(PromiseBrokenError, match="sessions are left behind"):
            check_complete(scenario, target, clean)


def _ports_of(target: Target) -> set[int]:
    """The client ports of the user's sessions, which are none of the tap's."""
    return {int(port) for (port,) in target.read(target.user.kit.sessions_of(target.user.username))}


@each_server
def test_a_recovery_that_fails_is_told(workshop: Workshop, server: str) -> None:
    """A case whose recovery is made impossible is a broken promise that names the moment and the way on."""
    case = Case(Scenario(server, StrategyName.SINGLE_USER, Phase.FIRST), 7, Way.SAME_TOKEN)
    workshop.clean(case.scenario)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lab.crash.case.check_kill", _sabotaging)
        with pytest.raises(PromiseBrokenError, match=r"moment 7, same token \(setSecret: Secrets Manager: GetSecret"):
            run(workshop, case)


def _sabotaging(_scenario: Scenario, target: Target, *_: object) -> Aftermath:
    changes_the_password(target)
    return Aftermath("stored", "old")


def test_a_kill_is_a_kill(workshop: Workshop) -> None:
    """The environment's process is gone after a kill, and the next invocation runs in another one."""
    scenario = Scenario(SERVERS[0], StrategyName.SINGLE_USER, Phase.FIRST)
    target = workshop.target(scenario)
    function = target.function.forked
    before = function.pid
    function.kill()
    assert not os.path.exists(f"/proc/{before}/exe")  # noqa: PTH110 - a zombie has none either
    assert target.rotate().succeeded
    assert function.pid != before


def test_results_outlive_an_interruption(tmp_path: Path) -> None:
    """What was written is read again; a line that was cut off is left out."""
    scenario = Scenario(SERVERS[-1], StrategyName.ALTERNATING_USERS, Phase.FIRST)
    moment = Moment("setSecret", "connection 1", "sent: Query: SELECT ...")
    results = [
        Result(Case(scenario, position, way), moment, Aftermath("stored", "old"), "sets it", second)
        for position, way, second in ((3, Way.CANCELLED, None), (4, Way.KILLED_AGAIN, moment))
    ]
    path = tmp_path / "results.jsonl"
    append(path, results)
    with path.open("a") as file:
        file.write(f'{{"scenario": ["{scenario.server}", ')
    assert list(read(path)) == results
