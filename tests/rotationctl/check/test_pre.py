"""`rotationctl check --pre`: what would stand in the way, before anything is attached."""

from collections.abc import Mapping

import pytest

from rotationctl.exits import Exit
from tests.rotationctl.check.stack import DOCTOR, Doctor, Stack
from tests.rotationctl.conftest import ANOTHERS, OURS, Account, Program
from tests.rotationctl.reporting import Reporting
from tests.rotationctl.shell import type_in

MYSQL = OURS.replace("Postgresql", "Mysql")


@pytest.mark.usefixtures("stack", "doctor")
def test_nothing_stands_in_the_way(program: Program, account: Account, typed: Mapping[str, str]) -> None:
    """The stack's one function of that strategy is taken, and what comes last attaches it, typed as it stands."""
    account.add("prod/new one", function_arn=None)
    url = account.cloud.endpoint_url
    result = program("check", "prod/new one", "--pre", "--strategy", "single-user", "--endpoint-url", url)
    assert result.code is Exit.FINE, result
    arn = account.client.describe_secret(SecretId="prod/new one")["ARN"]
    following = result.err.splitlines()[-1].removeprefix("next: ")
    assert following == (
        f"rotationctl enable '{arn}' --function {OURS} --schedule 'rate(30 days)' --endpoint-url {url}"
    )
    assert "IAM lets role" in result.out
    assert "Look from here with --local." in result.out
    account.cloud.register(OURS, Reporting())
    done = type_in(following, typed)
    assert done.returncode == Exit.FINE, done
    assert account.client.describe_secret(SecretId=arn)["RotationLambdaARN"] == OURS


@pytest.mark.usefixtures("stack")
def test_nothing_to_type_while_the_function_is_open(program: Program, account: Account, doctor: Doctor) -> None:
    """Of several functions nobody can choose but the person, whom the finding tells how."""
    account.add("prod/new", function_arn=None)
    account.cloud.register(MYSQL, doctor.function())
    call = ("check", "prod/new", "--pre", "--strategy", "single-user", "--json", "--endpoint-url")
    result = program(*call, account.cloud.endpoint_url)
    assert result.code is Exit.FINE, result
    assert result.json["next_command"] is None


@pytest.mark.usefixtures("doctor")
def test_what_would_stand_in_the_way(program: Program, account: Account, stack: Stack) -> None:
    """A role without rights and an old schedule are told before they matter."""
    account.add("prod/old", function_arn=None)
    account.client.rotate_secret(
        SecretId="prod/old", RotationLambdaARN=ANOTHERS, RotationRules={"AutomaticallyAfterDays": 30}
    )
    assert account.cloud.wait_for_rotation("prod/old").succeeded
    stack.grant("DescribeSecret")
    call = ("check", "prod/old", "--pre", "--strategy", "single-user", "--json", "--endpoint-url")
    result = program(*call, account.cloud.endpoint_url)
    findings = {finding["check"]: finding for finding in result.json["checks"]}
    assert result.code is Exit.NOT_FINE
    assert findings["schedule.rate"]["result"] == "warning"
    assert findings["role.secret"]["result"] == "failed"
    assert OURS in findings["role.secret"]["remedy"]


@pytest.mark.usefixtures("stack")
def test_which_function(program: Program, account: Account, doctor: Doctor) -> None:
    """Of several functions one has to be named; of none, the stack has to be deployed."""
    account.add("prod/new", function_arn=None)
    account.cloud.register(MYSQL, doctor.function())
    url = account.cloud.endpoint_url

    def ours(*options: str) -> str:
        call = ("check", "prod/new", "--pre", "--json", "--only", "function.ours", *options)
        [finding] = program(*call, "--endpoint-url", url).json["checks"]
        return f"{finding['result']}: {finding['text']}"

    both = ours("--strategy", "single-user")
    assert both.startswith("skipped")
    assert OURS in both
    assert MYSQL in both
    assert ours("--strategy", "single-user", "--function", MYSQL) == "ok: It is for mysql, single user."
    assert ours("--strategy", "alternating-users").startswith("failed: No function here")
    assert ours("--strategy", "alternating-users", "--function", MYSQL).startswith("failed: ")


def test_a_doctor_may_be_named(program: Program, account: Account, doctor: Doctor) -> None:
    """It is asked then, and told the strategy, which nothing else says."""
    account.add("prod/new", function_arn=None)
    call = ("check", "prod/new", "--pre", "--strategy", "alternating-users", "--doctor", DOCTOR, "--only", "tls")
    assert program(*call, "--endpoint-url", account.cloud.endpoint_url).code is Exit.FINE
    assert doctor.asked[0]["strategy"] == "alternating_users"
