"""`rotationctl enable` before and beside the dry run: what is chosen, refused and asked, and where AWS refuses."""

import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from lab.secretsmanager import faults
from rotationctl.enabling.attachment import Attachments
from rotationctl.enabling.configuration import Configuration
from rotationctl.exits import Exit
from rotationctl.function_log import LogGroups
from rotationctl.secret import Secret
from tests.rotationctl.conftest import ANOTHERS, CALLER, OURS, Account, Program, Result
from tests.rotationctl.reporting import Reporting

CRON = "cron(0 3 ? * SUN *)"
STAGING = OURS.replace("function:prod-", "function:staging-")
ASKED = ("--strategy", "single-user", "--engine", "postgresql", "--schedule", CRON)


@pytest.fixture
def function(account: Account) -> Reporting:
    """The function of the stack."""
    function = Reporting()
    account.cloud.register(OURS, function)
    return function


@pytest.fixture
def enable(
    program: Program, account: Account, function: Reporting, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Program]:
    """Call `rotationctl enable` on the account, which looks often; no value may have been read in the end."""
    assert not function.is_silent
    monkeypatch.setattr("rotationctl.enabling.dry_run.POLL_SECONDS", 0.02)
    monkeypatch.setattr("rotationctl.enabling.dry_run.SHOWS_WITHIN", type(account.age)(0))

    def call(*arguments: str) -> Result:
        return program("enable", *arguments, "--endpoint-url", account.cloud.endpoint_url)

    yield call
    assert "GetSecretValue" not in {call.operation for call in account.cloud.calls.all() if call.caller == CALLER}


def lines(result: Result) -> dict[str, dict[str, Any]]:
    """What was printed as JSON, by the secrets' names."""
    return {line["name"]: line for line in map(json.loads, result.out.splitlines())}


def rotations(account: Account) -> int:
    """How often RotateSecret was called."""
    return account.cloud.calls.operations().count("RotateSecret")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--strategy", "single-user", "--engine", "postgresql"), "It has no schedule yet: add --schedule"),
        (("--strategy", "single-user", "--schedule", CRON), "add --engine mysql|postgresql, or --read-value."),
        (
            ("--strategy", "single-user", "--engine", "mysql", "--schedule", CRON),
            "No function for mysql with single-user",
        ),
        ((*ASKED, "--stack", "nobodys"), "No function for postgresql with single-user is deployed"),
    ],
)
def test_what_is_missing(account: Account, enable: Program, arguments: tuple[str, ...], reason: str) -> None:
    """It is said what, and nothing is changed."""
    account.add("plain", None)
    result = enable("plain", "--json", *arguments)
    assert (result.code, rotations(account)) == (Exit.NOT_FINE, 0)
    assert reason in lines(result)["plain"]["message"]


def test_secrets_that_cannot_be_attached(account: Account, enable: Program) -> None:
    """One whose rotation is not complete, one without a value, one that will be deleted: each with its reason."""
    account.add("pending").begin()
    account.add("gone", None)
    account.client.delete_secret(SecretId="gone")
    account.client.create_secret(Name="empty")
    result = enable("pending", "gone", "empty", "--json", *ASKED)
    assert (result.code, rotations(account)) == (Exit.NOT_FINE, 0)
    found = lines(result)
    assert {line["outcome"] for line in found.values()} == {"left out"}
    assert found["pending"]["next_command"].startswith("rotationctl recover pending")
    assert found["gone"]["message"].startswith("deleted")
    assert found["empty"]["message"].startswith("It has no value yet")


def test_functions_of_two_stacks(account: Account, enable: Program, function: Reporting) -> None:
    """--stack chooses, and so does --function; without, both are named."""
    account.add("plain", None)
    account.cloud.register(STAGING, function)
    assert "There are several functions" in enable("plain", "--json", *ASKED).json["message"]
    assert enable("plain", "--json", *ASKED, "--stack", "staging").json["function_arn"] == STAGING
    by_arn = enable("plain", "--json", "--function", OURS, "--window", "3h").json
    assert (by_arn["outcome"], by_arn["function_arn"], by_arn["schedule"]) == ("enabled", OURS, f"{CRON}, 3h")
    assert by_arn["former_function_arn"] == STAGING


def test_a_tags_worth_of_secrets(account: Account, enable: Program) -> None:
    """The plan is shown and asked about; with --yes all are attached, and a second run changes nothing."""
    for name in ("a", "b"):
        account.add(name, None, Tags=[{"Key": "team", "Value": "shop"}])
    account.add("other", None)
    asked = ("--tag", "team=shop", *ASKED)
    plan = enable(*asked, "--dry-run")
    assert (plan.code, rotations(account)) == (Exit.FINE, 0)
    assert [line.split()[:2] for line in plan.out.splitlines()[1:]] == [["planned", "a"], ["planned", "b"]]
    refused = enable(*asked)
    assert (refused.code, rotations(account)) == (Exit.NOT_FINE, 0)
    assert plan.out in refused.err
    assert {line["outcome"] for line in lines(enable(*asked, "--yes", "--json")).values()} == {"enabled"}
    again = enable(*asked, "--yes", "--json")
    assert (again.code, {line["outcome"] for line in lines(again).values()}) == (Exit.FINE, {"enabled already"})


def test_a_function_that_does_not_report(account: Account, enable: Program, function: Reporting) -> None:
    """After --timeout it has failed, the next one is not begun, and --keep-going begins it."""
    for name in ("a", "b"):
        account.add(name, None)
    function.is_silent = True
    result = enable("a", "b", *ASKED, "--yes", "--json", "--timeout", "0.2")
    found = lines(result)
    assert (result.code, found["a"]["outcome"], found["b"]["outcome"]) == (Exit.NOT_FINE, "put back", "not started")
    assert found["a"]["error"] == "timed out"
    going = lines(enable("a", "b", *ASKED, "--yes", "--json", "--timeout", "0.2", "--keep-going"))
    assert {line["outcome"] for line in going.values()} == {"put back"}


def test_a_log_that_may_not_be_read(account: Account, enable: Program) -> None:
    """It stays attached, the code says that not all was seen, and the command to look for oneself is printed."""
    account.add("plain", None)
    account.cloud.faults.add(faults.error("FilterLogEvents", "AccessDeniedException", times=None))
    result = enable("plain", *ASKED, "--json")
    assert (result.code, result.json["outcome"]) == (Exit.PARTLY, "untold")
    assert result.json["next_command"].startswith("aws logs filter-log-events --log-group-name /aws/lambda/prod/")


def test_a_function_of_others(account: Account, enable: Program) -> None:
    """What it logs may be anything: it stays attached, and its log is for a person to read."""
    account.add("plain", None)
    result = enable("plain", "--function", ANOTHERS, "--schedule", CRON, "--json")
    assert (result.code, result.json["outcome"]) == (Exit.PARTLY, "untold")
    assert "SecretsManagerRDSPostgreSQLRotationSingleUser" in result.json["next_command"]


def test_throttling_is_no_failure(account: Account, enable: Program) -> None:
    """While the dry run is followed, AWS may have no room for a call: it is asked again, and nothing is put back."""
    account.add("plain", None)
    for operation, nth in (("DescribeSecret", 3), ("FilterLogEvents", 1)):
        account.cloud.faults.add(faults.error(operation, "ThrottlingException", nth=nth, times=2))
    assert enable("plain", *ASKED, "--json").json["outcome"] == "enabled"


def test_a_function_that_cannot_be_invoked(account: Account, enable: Program) -> None:
    """RotateSecret refuses it before anything is changed."""
    account.add("plain", None)
    result = enable("plain", "--function", f"{OURS}x", "--schedule", CRON, "--json")
    assert (result.code, result.json["outcome"]) == (Exit.NOT_ASKED, "failed")
    assert "RotationLambdaARN" not in account.client.describe_secret(SecretId="plain")


def test_putting_back_fails(account: Account, enable: Program, function: Reporting) -> None:
    """What is attached then is said, with the command that puts it back."""
    account.add("shop", ANOTHERS)
    function.is_silent = True
    account.cloud.faults.add(faults.error("RotateSecret", "InternalServiceError", nth=2, times=None))
    result = enable("shop", *ASKED, "--timeout", "0.1", "--json")
    assert (result.code, result.json["outcome"]) == (Exit.NOT_FINE, "not put back")
    assert result.json["next_command"] == result.json["undo"]
    assert ANOTHERS in result.json["undo"]
    assert account.client.describe_secret(SecretId="shop")["RotationLambdaARN"] == OURS


def test_somebody_else_is_faster(account: Account, enable: Program) -> None:
    """What has changed since the plan was made is left alone: the plan says nothing of it."""
    shop = account.add("shop", None)
    change = faults.call("DescribeSecret", lambda: account.cloud.enable_rotation(shop.arn, ANOTHERS), nth=2)
    account.cloud.faults.add(change)
    result = enable("shop", *ASKED, "--json")
    assert (result.code, result.json["outcome"], rotations(account)) == (Exit.NOT_FINE, "left out", 0)
    assert "somebody has changed how it rotates" in result.json["message"]
    assert "rotationctl enable" in result.err
    assert account.client.describe_secret(SecretId="shop")["RotationLambdaARN"] == ANOTHERS


def test_a_rotation_is_faster(account: Account, enable: Program) -> None:
    """A rotation that has begun since the plan was made goes on with the function that it has."""
    shop = account.add("shop", ANOTHERS)

    def begin() -> None:
        account.cloud.begin_rotation(shop.arn, str(uuid4()))

    account.cloud.faults.add(faults.call("DescribeSecret", begin, nth=2))
    result = enable("shop", *ASKED, "--json")
    assert (result.code, result.json["outcome"], rotations(account)) == (Exit.NOT_FINE, "left out", 0)


def test_somebody_changes_it_meanwhile(account: Account, enable: Program, function: Reporting) -> None:
    """The dry run fails, and what others have made of the attachment meanwhile is not overwritten."""
    shop = account.add("shop", None)
    function.is_silent = True
    change = faults.call("FilterLogEvents", lambda: account.cloud.enable_rotation(shop.arn, ANOTHERS))
    account.cloud.faults.add(change)
    result = enable("shop", *ASKED, "--timeout", "0.2", "--json")
    assert (result.code, result.json["outcome"]) == (Exit.NOT_FINE, "not put back")
    assert "Somebody has changed meanwhile how it rotates" in result.json["message"]
    assert (result.json["undo"], result.json["next_command"].split()[:2]) == (None, ["rotationctl", "check"])
    described = account.client.describe_secret(SecretId="shop")
    assert (described["RotationLambdaARN"], described["RotationEnabled"]) == (ANOTHERS, True)


def test_what_undoes_an_attachment_waits_for_its_test(account: Account, enable: Program) -> None:
    """Where rotation was off: cancelled in the middle of the former function's test, AWSPENDING would stay."""
    account.add("shop", ANOTHERS)
    account.client.cancel_rotate_secret(SecretId="shop")
    undo = enable("shop", *ASKED, "--json").json["undo"]
    assert re.fullmatch(
        r"aws secretsmanager rotate-secret .* && sleep 60; aws secretsmanager cancel-rotate-secret .*", undo
    )


def test_an_answer_that_is_lost(account: Account, enable: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that was carried out is put back, although nobody was told so; one that was not leaves nothing to do."""
    monkeypatch.setattr("rotationctl.enabling.session.LAG", type(account.age)(0))
    account.add("shop", None)
    account.cloud.faults.add(faults.drop("RotateSecret", after_effect=True))
    assert enable("shop", *ASKED, "--json").json["outcome"] == "put back"
    assert not account.client.describe_secret(SecretId="shop")["RotationEnabled"]
    account.add("plain", None)
    account.cloud.faults.add(faults.drop("RotateSecret"))
    assert enable("plain", *ASKED, "--json").json["outcome"] == "failed"


def test_a_read_that_lags_behind_the_attachment(
    account: Account, enable: Program, function: Reporting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is read shows the former configuration still: that is put back all the same, and nobody else is blamed."""
    account.add("shop", None)
    function.is_silent = True
    former = Configuration(None, {}, is_on=False)
    monkeypatch.setattr(Attachments, "configuration", lambda *_: former)
    result = enable("shop", *ASKED, "--timeout", "0.2", "--json")
    assert (result.code, result.json["outcome"]) == (Exit.NOT_FINE, "put back")
    assert not account.client.describe_secret(SecretId="shop")["RotationEnabled"]


@pytest.mark.parametrize("interrupted", [Attachments, LogGroups])
def test_ctrl_c_before_anything_is_attached(
    account: Account, enable: Program, monkeypatch: pytest.MonkeyPatch, interrupted: type
) -> None:
    """It is not started, and there is nothing to undo."""
    account.add("shop", None)
    monkeypatch.setattr(interrupted, "look" if interrupted is Attachments else "of", _interrupt)
    result = enable("shop", *ASKED, "--json")
    assert (result.code, result.json["outcome"], result.json["undo"]) == (Exit.INTERRUPTED, "not started", None)
    assert rotations(account) == 0


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_secret_that_is_named_twice(account: Account, enable: Program) -> None:
    """By its name and by its ARN: it is one."""
    shop = account.add("shop", None)
    result = enable("shop", shop.arn, *ASKED, "--json")
    assert (result.code, len(result.out.splitlines()), rotations(account)) == (Exit.FINE, 1, 1)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("a", "--tag", "b=c", "--strategy", "single-user"),
        ("a",),
        ("a", "--strategy", "single-user", "--function", OURS),
        ("a", *ASKED[:4], "--schedule", "rate(3 hours)"),
        ("a", *ASKED[:4], "--schedule", "cron(5 3 ? * SUN *)"),
        ("a", *ASKED, "--window", "25h"),
    ],
)
def test_a_wrong_command_line(enable: Program, arguments: tuple[str, ...]) -> None:
    """It is refused before AWS is asked."""
    assert enable(*arguments).code == Exit.USAGE


def test_a_schedule_that_aws_has_calculated(account: Account, enable: Program) -> None:
    """DescribeSecret shows a rate() in days as well; RotateSecret takes one of the two, so the expression is kept."""
    secret = account.add("shop")
    from_answer = Secret.from_answer
    rules = {"ScheduleExpression": "rate(10 days)", "AutomaticallyAfterDays": 10, "Duration": "2h"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Secret, "from_answer", lambda answer: from_answer({**answer, "RotationRules": rules}))
        result = enable("shop", "--strategy", "single-user", "--json")
    assert result.json["outcome"] == "enabled already"
    kept = account.client.describe_secret(SecretId=secret.arn)["RotationRules"]
    assert kept == {"ScheduleExpression": "rate(10 days)", "Duration": "2h"}
