"""`rotationctl rotate`: which secrets, in which order, when it stops, and how it goes on."""

import json
import shlex
import signal
import threading
from collections.abc import Mapping

import pytest

from lab.lambda_environment import Invocation
from lab.lambda_environment.in_process import InProcessContext
from lab.secretsmanager import faults
from rotationctl.app import run as run_program
from rotationctl.exits import Exit
from tests.rotationctl.conftest import ANOTHERS, OURS, Account, Program, Result
from tests.rotationctl.shell import TIMEOUT_SECONDS, answering, running
from tests.rotationctl.waves import INSTANCE, ORDERS, STOCK, begun, fleet, outcomes, settle


def test_one_secret_rotates_and_is_followed(account: Account, rotate: Program) -> None:
    """It ends when the new version is AWSCURRENT, and nothing was asked."""
    secret = account.add("prod/shop")
    former = secret.version_with("AWSCURRENT")
    result = rotate("prod/shop", "--json")
    assert (result.code, outcomes(result)) == (Exit.FINE, {"prod/shop": "done"})
    assert result.json["version"] == secret.version_with("AWSCURRENT") != former
    assert rotate("prod/shop").code == Exit.FINE
    assert len(begun(account)) == 2


def test_waves(account: Account, rotate: Program) -> None:
    """The first rotates alone, then the first of each database, and never more of one than --per-database."""
    fleet(account, 12)
    running, most, lock = {ORDERS: 0, STOCK: 0}, [], threading.Lock()
    order: list[int] = []

    def step(event: dict[str, object], context: InProcessContext) -> None:
        database = ORDERS if int(str(event["SecretId"]).split("app/")[1][:2]) % 2 == 0 else STOCK
        with lock:
            running[database] += event["Step"] == "createSecret"
            most.append(dict(running))
            order.append(sum(running.values()))
            # Before the labels move, which is all that is waited for.
            running[database] -= event["Step"] == "finishSecret"
        original(event, context)

    original = account.function.handler
    account.function.handler = step
    result = rotate("--all", "--yes", "--json", "--per-database", "3", "--at-once", "4")
    assert (result.code, set(outcomes(result).values())) == (Exit.FINE, {"done"})
    assert order[:4] == [1, 1, 1, 1]
    assert max(order) <= 4
    assert all(count <= 3 for counts in most for count in counts.values())
    assert begun(account)[:3] == ["app/00", "app/01", "app/02"]


def test_it_stops_at_a_new_kind_of_failure(account: Account, rotate: Program) -> None:
    """Nothing more begins, what was under way is seen to its end, and what is printed goes on, with or without it."""
    secrets = fleet(account, 8)
    denied = faults.error("RotateSecret", "AccessDeniedException", secret_arn=secrets[3].arn, times=None)
    with account.cloud.faults.during(denied):
        result = rotate("--all", "--yes", "--json")
        assert result.code == Exit.PARTLY
        assert outcomes(result)["app/03"] == "failed"
        assert list(outcomes(result).values()).count("not started") >= 2
        assert "Stopped: AccessDeniedException is new" in result.err
        first, second = (line for line in result.err.splitlines() if line.startswith("rotationctl rotate"))
        before = begun(account)
        settle(account, *(name for name, outcome in outcomes(result).items() if outcome == "done"))
        assert run_program(shlex.split(second)[1:]) == Exit.PARTLY
        assert not set(begun(account)[len(before) :]) & {"app/00", "app/01", "app/02"}
    settle(account, *({*begun(account)} - {"app/03"}))
    assert run_program(shlex.split(first)[1:]) == Exit.FINE
    assert sorted(begun(account)) == sorted([*(s.name for s in secrets), "app/03", "app/03"])


def test_it_keeps_going_where_it_shall(account: Account, rotate: Program) -> None:
    """With --keep-going every secret is tried, and the code says that it was done partly; 4 where none may be."""
    secrets = fleet(account, 4)
    account.cloud.faults.add(
        faults.error("RotateSecret", "AccessDeniedException", secret_arn=secrets[0].arn, times=None)
    )
    result = rotate("--all", "--yes", "--keep-going", "--json")
    assert (result.code, outcomes(result)) == (
        Exit.PARTLY, {"app/00": "failed", "app/01": "done", "app/02": "done", "app/03": "done"}
    )  # fmt: skip
    alone = rotate("app/00")
    assert (alone.code, "Stopped" in alone.err, "tries again" in alone.err) == (Exit.NOT_ASKED, False, True)


def test_the_same_command_goes_on(account: Account, rotate: Program) -> None:
    """A second run leaves out who has rotated, `now` rotates all again, and the metadata is all that knows."""
    fleet(account, 3)
    assert rotate("--tag", f"{INSTANCE}={ORDERS}", "--yes").code == Exit.FINE
    settle(account, "app/00", "app/02")
    result = rotate("--all", "--yes", "--json")
    assert (result.code, outcomes(result)) == (Exit.FINE, {"app/01": "done"})
    assert "Left out, app/00, app/02: rotated since" in result.err
    settle(account, "app/00", "app/01", "app/02")
    assert len(begun(account)) == 3
    assert rotate("--all", "--yes", "--not-since", "now").code == Exit.FINE
    assert len(begun(account)) == 6


def test_what_is_left_out(account: Account, rotate: Program) -> None:
    """Each with its reason: nobody here rotates it, it is off, or another's function does, unless that is asked for."""
    account.add("plain", None)
    account.add("anothers", ANOTHERS)
    off = account.add("off")
    account.client.cancel_rotate_secret(SecretId=off.arn)
    result = rotate("--all", "--yes")
    assert (result.code, begun(account)) == (Exit.FINE, [])
    for reason in ("plain: no rotation", "anothers: its function is not of this product", "off: rotation is off"):
        assert f"Left out, {reason}" in result.err
    assert rotate("--all", "--yes", "--any-function").code == Exit.FINE
    turned_on = rotate("off")
    assert turned_on.code == Exit.FINE
    assert "Rotation is off, and is turned on again: off.\n" in turned_on.err
    assert begun(account) == ["anothers", "off"]
    account.client.delete_secret(SecretId=off.arn)
    assert rotate("off").code == rotate("plain").code == Exit.NOT_FINE
    assert rotate("off", "anothers", "--any-function", "--not-since", "now", "--yes").code == Exit.PARTLY


def test_a_name_that_is_wrong_changes_nothing(account: Account, rotate: Program) -> None:
    """One of several is not there: it is said before any of them rotates."""
    account.add("prod/shop")
    result = rotate("prod/shop", "prod/none", "--yes")
    assert (result.code, begun(account)) == (Exit.NOT_FINE, [])
    assert result.err == "rotationctl: There is no secret prod/none in us-east-1.\n"


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("a", "--all"),
        ("--all", "--tag", "a=b"),
        ("--all", "--at-once", "26"),
        ("a", "--not-since", "x"),
        ("--all", "--in-aws", "--at-once", "3"),
    ],
)
def test_a_wrong_command_line(rotate: Program, arguments: tuple[str, ...]) -> None:
    """It is refused before AWS is asked."""
    assert rotate(*arguments).code == Exit.USAGE


def test_a_plan(account: Account, rotate: Program) -> None:
    """--dry-run shows the order and the reasons as the run itself does, as text and as JSON, and rotates nothing."""
    fleet(account, 3)
    account.add("plain", None)
    plan = rotate("--all", "--dry-run")
    assert (plan.code, begun(account)) == (Exit.FINE, [])
    assert [line.split()[1] for line in plan.out.splitlines()] == ["SECRET", "app/00", "app/01", "app/02"]
    assert "3 secrets to rotate on 2 databases: app/00 alone" in plan.err
    planned = outcomes(rotate("--all", "--dry-run", "--json"))
    assert planned == {"app/00": "planned", "app/01": "planned", "app/02": "planned", "plain": "left out"}
    refused = rotate("--all")
    assert (refused.code, begun(account)) == (Exit.NOT_FINE, [])
    assert plan.out in refused.err
    assert refused.err.endswith("Nothing was changed. To rotate them, add --yes.\n")


def test_databases_by_a_tag_of_ones_own(account: Account, rotate: Program) -> None:
    """--group-by says which tag names the database; without any, it is the function."""
    account.add("tagged", Tags=[{"Key": "db", "Value": "mine"}])
    account.add("untagged")
    lines = rotate("--all", "--dry-run", "--json", "--group-by", "db").out.splitlines()
    databases = {line["name"]: line["database"] for line in map(json.loads, lines)}
    assert databases == {"tagged": "mine", "untagged": "prod-PostgresqlSingleUserFunction-1a2B3c4D5e6F"}


def test_throttling_is_waited_out(account: Account, rotate: Program) -> None:
    """RotateSecret and DescribeSecret that AWS has no room for are tried again, and no secret is lost or done twice."""
    fleet(account, 4)
    account.cloud.faults.add(faults.error("RotateSecret", "ThrottlingException", nth=2, times=2))
    account.cloud.faults.add(faults.error("DescribeSecret", "ThrottlingException", nth=3, times=3))
    account.cloud.faults.add(faults.drop("RotateSecret", nth=4, after_effect=True))
    result = rotate("--all", "--yes", "--json")
    assert (result.code, set(outcomes(result).values())) == (Exit.FINE, {"done"}), result.err
    assert "The next one begins in" in result.err
    settle(account, *outcomes(result))
    # A call whose answer was lost is made again with its token, be it after the end of what it began.
    assert all(len({event.token for event in account.cloud.events(name)}) == 1 for name in outcomes(result))


def test_two_people_at_once(account: Account, rotate: Program) -> None:
    """Whoever is second, at whichever moment, begins no second rotation of a secret."""
    account.add("prod/shop")
    again = faults.call("RotateSecret", lambda: None)

    def second() -> None:
        account.cloud.faults.remove(again)
        assert run_program(["rotate", "prod/shop", "--endpoint-url", account.cloud.endpoint_url]) == Exit.FINE

    again.act = second
    account.cloud.faults.add(again)
    assert rotate("prod/shop").code == Exit.FINE
    settle(account, "prod/shop")
    assert [event.name for event in account.cloud.events("prod/shop")] == ["RotationStarted", "RotationSucceeded"]


def test_a_rotation_that_does_not_end(account: Account, rotate: Program) -> None:
    """After --timeout it counts as failed, with the command that says why; the same command tries it again."""
    secret = account.add("prod/shop")
    account.cloud.faults.add(faults.error("PutSecretValue", "InternalServiceError", times=None))
    result = rotate("prod/shop", "--timeout", "0.3", "--json")
    assert (result.code, outcomes(result)) == (Exit.TIMED_OUT, {"prod/shop": "timed out"})
    assert result.json["next_command"].startswith("aws logs filter-log-events ")
    account.cloud.wait_for_rotation(secret.arn)
    account.cloud.faults.clear()
    assert rotate("prod/shop").code == Exit.FINE
    assert not secret.is_stuck


def test_what_would_be_undone_is_not_gone_on_with(account: Account, rotate: Program) -> None:
    """AWSPENDING on a version older than AWSCURRENT: RotateSecret would promote it, so it is not called."""
    secret = account.add("prod/shop")
    secret.rotate()
    previous, pending = secret.version_with("AWSPREVIOUS"), secret.version_with("AWSPENDING")
    account.client.update_secret_version_stage(
        SecretId=secret.arn, VersionStage="AWSPENDING", MoveToVersionId=str(previous), RemoveFromVersionId=str(pending)
    )
    result = rotate("prod/shop")
    assert (result.code, len(begun(account))) == (Exit.NOT_FINE, 1)
    assert "outdated" in result.err


def test_ctrl_c(account: Account, shell: Mapping[str, str]) -> None:
    """What was begun goes on, what follows is not begun, and the command that is printed goes on with exactly that."""
    secrets = fleet(account, 6)
    reached, hold = threading.Event(), threading.Event()

    def wait() -> None:
        reached.set()
        assert hold.wait(TIMEOUT_SECONDS)

    account.cloud.faults.add(faults.call("PutSecretValue", wait, secret_arn=secrets[2].arn))
    with running("rotate", "--all", "--yes", "--json", "--per-database", "1", env=shell) as process:
        assert reached.wait(TIMEOUT_SECONDS)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=TIMEOUT_SECONDS)
    hold.set()
    found = outcomes(Result(process.returncode, out, err))
    assert process.returncode == Exit.INTERRUPTED, err
    assert found["app/02"] == "under way"
    assert "not started" in found.values()
    assert all(account.cloud.wait_for_rotation(name).succeeded for name in begun(account))
    again = next(line for line in err.splitlines() if line.startswith("rotationctl rotate"))
    with running(*shlex.split(again)[1:], env=shell) as process:
        _, err = process.communicate(timeout=TIMEOUT_SECONDS)
    assert process.returncode == Exit.FINE, err
    assert sorted(begun(account)) == [secret.name for secret in secrets]


def test_it_asks_once_on_a_terminal(account: Account, shell: Mapping[str, str]) -> None:
    """Not for one secret, and for several with their number; whoever says no has changed nothing."""
    fleet(account, 2)
    assert "Rotate 2 secrets now? [y/N]" in answering("rotate", "--all", env=shell, answer="n\n")
    assert begun(account) == []
    assert "2 done." in answering("rotate", "--all", env=shell, answer="y\n")


def test_logs_that_may_not_be_read(account: Account, rotate: Program) -> None:
    """It is said once, and the rotations go on: their ends are seen without."""
    fleet(account, 3)
    account.cloud.faults.add(faults.error("FilterLogEvents", "AccessDeniedException", times=None))
    result = rotate("--all", "--yes")
    assert result.code == Exit.FINE
    assert result.err.count("You may not do FilterLogEvents") == 1


def test_a_cause_in_a_log_that_the_name_does_not_tell(account: Account, rotate: Program) -> None:
    """CloudFormation has cut the function's name: Lambda says where it logs, and the cause is read there."""
    secret = account.add("prod/shop")
    arn = OURS.replace("prod-", f"{'long' * 10}-").replace("SingleUserFunction", "SingleUser")
    failing = Failing()
    account.cloud.register(arn, failing).configuration["LoggingConfig"] = {"LogGroup": "/rotations"}
    account.cloud.enable_rotation(secret.arn, arn)
    result = rotate("prod/shop", "--json")
    assert (result.code, result.json["error"], result.json["step"]) == (
        Exit.NOT_FINE,
        "LoginRejectedError",
        "setSecret",
    )
    assert result.json["message"] == failing.message


class Failing:
    """A function whose second step fails, as those of this product do."""

    message = "The password is not right."

    def invoke(self, event: Mapping[str, object]) -> Invocation:
        """Log the error with the keys that a line of this product has."""
        if event["Step"] != "setSecret":
            return Invocation()
        keys = {"secret_arn": event["SecretId"], "version_id": event["ClientRequestToken"], "step": event["Step"]}
        line = {"level": "ERROR", "error": "LoginRejectedError", "message": self.message, **keys}
        return Invocation("LoginRejectedError", self.message, log=json.dumps(line))
