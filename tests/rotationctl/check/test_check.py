"""`rotationctl check` as a program: what it prints to whom, how it ends, what it makes of silence and of nonsense."""

import json
import os
import re
import signal
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from threading import Event

import pytest

from lab.cloud import ACCOUNT
from lab.secretsmanager import faults
from rotationctl.checks.layout import hint
from rotationctl.checks.report import CHECK_JSON, JSON
from rotationctl.checks.stages import OUTSIDE, needs_doctor
from rotationctl.exits import Exit
from secret_rotation.doctor.catalogue import CATALOGUE, LAYERS, Place
from tests.rotationctl.check.conftest import Check
from tests.rotationctl.check.stack import Stack
from tests.rotationctl.conftest import OURS, Account, Program
from tests.rotationctl.conftest import Result as Printed
from tests.rotationctl.shell import TIMEOUT_SECONDS, on_a_terminal, running

WITHOUT_PERMISSION = ("GetCallerIdentity", "DescribeSecret")
"""The first takes none, and without the second there is nothing to say."""


@pytest.fixture
def printed(program: Program, account: Account) -> Callable[..., Printed]:
    """What is printed: ``printed("prod/shop", "-o", "short")``."""
    return lambda *arguments: program("check", *arguments, "--endpoint-url", account.cloud.endpoint_url)


def test_every_check_can_be_run() -> None:
    """What the catalogue has is found out by somebody, and nothing else is."""
    assert {check.name for check in CATALOGUE if not needs_doctor(check)} == OUTSIDE.keys()


@pytest.mark.usefixtures("shop")
def test_a_pipe_gets_words(printed: Callable[..., Printed]) -> None:
    """A heading for each layer, a line for each check, and the sum in the talk."""
    result = printed("prod/shop")
    assert result.code is Exit.FINE
    lines = result.out.splitlines()
    assert [line for line in lines if line in LAYERS] == list(LAYERS)
    for number, line in enumerate(lines):
        assert line not in LAYERS or lines[number + 1] == "-" * len(line)
    names = re.findall(r"^(?:ok  |skip)  (\S+)", result.out, re.MULTILINE)
    assert sorted(names) == sorted(check.name for check in CATALOGUE if check.place is not Place.BY_NAME)
    assert result.err == f"prod/shop: {len(names)} checks: {len(names) - 1} ok, 1 skipped.\n"


@pytest.mark.usefixtures("shop")
def test_a_terminal_gets_marks(shell: Mapping[str, str]) -> None:
    """Marks in colour where they can be shown."""
    shown = on_a_terminal("check", "prod/shop", "--only", "secret", "--no-inside", env={**shell, "PYTHONUTF8": "1"})
    assert "\x1b[32m✓\x1b[0m  secret.exists" in shown
    plain = on_a_terminal("check", "prod/shop", "--only", "caller", env={**shell, "NO_COLOR": "1", "LC_ALL": "C.UTF-8"})
    assert plain.splitlines()[2].startswith("✓  caller.identity  ")


@pytest.mark.usefixtures("shop")
def test_it_stops_where_more_would_be_noise(printed: Callable[..., Printed], stack: Stack) -> None:
    """A broken layer ends it; what was not looked at is one line, and each of it skipped in JSON."""
    stack.function.statements.clear()
    result = printed("prod/shop", "-o", "short")
    assert result.code is Exit.NOT_FINE
    failed, text, remedy, see, rest = result.out.splitlines()[2:6] + result.out.splitlines()[-1:]
    assert failed == "FAIL  function.permission  Secrets Manager may invoke it, for this account alone"
    assert text == "    Secrets Manager may not invoke it."
    assert remedy.startswith(f"    remedy: aws lambda add-permission --function-name {OURS} ")
    assert see == f"    see {hint('function.permission')}"
    assert re.fullmatch(r"skip  role, .*, versions \(\d\d checks\): function is broken\.", rest)
    assert result.err.splitlines()[-1] == f"next: {remedy.partition('remedy: ')[2]}"
    document = printed("prod/shop", "--json").json
    assert document.keys() == JSON.keys()
    assert {*document["checks"][0]} == CHECK_JSON.keys()
    assert (document["counts"]["failed"], document["counts"]["warning"]) == (1, 0)
    assert sum(document["counts"].values()) == len(document["checks"])
    assert document["next_command"] == remedy.partition("remedy: ")[2]


@pytest.mark.usefixtures("shop")
def test_what_is_off_does_not_hide_why(check: Check, account: Account, stack: Stack) -> None:
    """The schedule is no layer that others depend on: the reason comes later."""
    account.client.cancel_rotate_secret(SecretId="prod/shop")
    stack.function.statements.clear()
    findings = check()
    assert findings["schedule.enabled"]["result"] == "failed"
    assert findings["function.permission"]["result"] == "failed"


@pytest.mark.parametrize("broken", ["trail", "rule"])
@pytest.mark.usefixtures("shop")
def test_fail_on_warning(printed: Callable[..., Printed], stack: Stack, broken: str) -> None:
    """A warning is no failure, unless it shall be one."""
    if broken == "trail":
        stack.of("cloudtrail").stop_logging(Name=stack.trail)
    else:
        stack.of("events").disable_rule(Name=stack.rule)
    assert printed("prod/shop").code is Exit.FINE
    assert printed("prod/shop", "--fail-on", "warning").code is Exit.NOT_FINE


@pytest.mark.usefixtures("shop")
def test_without_permission_nothing_is_said(check: Check, account: Account) -> None:
    """Each call is refused by turns: its checks are skipped with the action, and no other changes its result."""
    account.cloud.calls.clear()
    before = check()
    asked = {(call.service, call.operation) for call in account.cloud.calls.all() if call.caller == "ROTATIONCTL"}
    for service, operation in sorted(asked):
        if operation in WITHOUT_PERMISSION:
            continue
        with account.cloud.faults.during(faults.error(operation, "AccessDeniedException", times=None)):
            after = check()
        changed = {name: found for name, found in after.items() if found["result"] != before[name]["result"]}
        assert changed, operation
        assert {found["result"] for found in changed.values()} == {"skipped"}
        action = {"Invoke": "InvokeFunction"}.get(operation, operation)
        prefix = {"monitoring": "cloudwatch"}.get(service, service)
        texts = {found["text"] for found in changed.values()}
        assert any(f"{prefix}:{action}" in text for text in texts), (operation, texts)


@pytest.mark.usefixtures("shop")
def test_nothing_could_be_looked_at(program: Program, account: Account) -> None:
    """It does not end as if all were well, and the next command looks in the same way at all that this rests on."""
    url = account.cloud.endpoint_url
    result = program("check", "prod/shop", "--only", "login", "--no-inside", "--endpoint-url", url or "")
    assert result.code is Exit.PARTLY
    assert result.err.splitlines()[-1] == f"next: rotationctl check prod/shop --no-inside --endpoint-url {url}"


@pytest.mark.usefixtures("shop")
def test_a_lost_answer_is_no_finding(check: Check, account: Account) -> None:
    """Throttled or cut off: skipped, and never ok."""
    for fault in (
        faults.error("GetPolicy", "TooManyRequestsException", times=None),
        faults.drop("GetPolicy", times=None),
    ):
        with account.cloud.faults.during(fault):
            assert check("--only", "function.permission")["function.permission"]["result"] == "skipped"


def test_no_such_secret(printed: Callable[..., Printed], account: Account) -> None:
    """It fails at the first check of the secret, and says how to find the name."""
    assert account.cloud.endpoint_url
    result = printed("prod/shp", "-o", "short")
    assert result.code is Exit.NOT_FINE
    assert "    There is no secret prod/shp in us-east-1." in result.out
    assert result.err.splitlines()[-1].startswith("next: rotationctl status --endpoint-url ")


def test_a_caller_whom_aws_does_not_know(printed: Callable[..., Printed], account: Account) -> None:
    """Without credentials that are taken there is no result at all."""
    with account.cloud.faults.during(faults.error("*", "InvalidClientTokenId", times=None)):
        result = printed("prod/shop")
    assert result.code is Exit.NOT_ASKED
    assert "aws sts get-caller-identity" in result.err


@pytest.mark.usefixtures("shop")
def test_the_secrets_own_policy(check: Check, account: Account) -> None:
    """Who is kept out, and who is let in."""
    another = {"AWS": f"arn:aws:iam::{ACCOUNT}:role/another"}
    everybody = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "*"}
    for statement, result in (
        ({"Principal": "*", "Action": "secretsmanager:*"}, "failed"),
        ({"Principal": another, "Action": "secretsmanager:*"}, "ok"),
        ({"NotPrincipal": another, "Action": "secretsmanager:*"}, "failed"),
        ({"Principal": "*", "Action": "secretsmanager:DeleteSecret"}, "ok"),
        ({"Principal": "*", "NotAction": ["secretsmanager:Get*"]}, "failed"),
        ({"Principal": "*", "Action": "*", "Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}}, "warning"),
        (everybody, "warning"),
        ({**everybody, "Condition": {"StringEquals": {"aws:PrincipalTag/a": "b"}}}, "warning"),
        ({**everybody, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}, "ok"),
    ):
        policy = {
            "Version": "2012-10-17",
            "Statement": [{"Sid": "Shut", "Effect": "Deny", "Resource": "*", **statement}],
        }
        account.client.put_resource_policy(SecretId="prod/shop", ResourcePolicy=json.dumps(policy))
        finding = check("--only", "secret.policy")["secret.policy"]
        assert finding["result"] == result, (statement, finding)
        assert result == "ok" or "Statement Shut" in finding["text"]


@pytest.mark.usefixtures("shop")
def test_a_boundary_stands_against_the_role(check: Check, stack: Stack) -> None:
    """The role's own policy allows it, and its permissions boundary does not."""
    allow = {"Effect": "Allow", "Action": ["secretsmanager:Get*", "secretsmanager:Describe*"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    iam = stack.of("iam")
    boundary = iam.create_policy(PolicyName="boundary", PolicyDocument=document)["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName=stack.role, PermissionsBoundary=boundary)
    findings = check("--only", "role")
    assert findings["role.boundary"]["result"] == findings["role.secret"]["result"] == "failed"
    assert "boundary stands against it" in findings["role.secret"]["text"]
    assert "secretsmanager:PutSecretValue" in findings["role.boundary"]["text"]


@pytest.mark.usefixtures("shop")
def test_ctrl_c_while_aws_is_slow(shell: Mapping[str, str], account: Account) -> None:
    """It ends at once, although calls are under way that nobody answers."""
    silence, pid = Event(), Future[int]()
    account.cloud.faults.add(faults.call("GetPolicy", lambda: _interrupt(pid.result(TIMEOUT_SECONDS), silence)))
    with running("check", "prod/shop", env=shell) as process:
        pid.set_result(process.pid)
        out, err = process.communicate(timeout=TIMEOUT_SECONDS)
    silence.set()
    assert (process.returncode, err.strip()) == (Exit.INTERRUPTED, "")
    assert "schedule.enabled" in out


def _interrupt(pid: int, silence: Event) -> None:
    os.killpg(pid, signal.SIGINT)
    silence.wait(TIMEOUT_SECONDS)


@pytest.mark.usefixtures("shop")
def test_its_reader_goes_away(shell: Mapping[str, str]) -> None:
    """As with `head`: no noise, and the code of a broken pipe."""
    ours, theirs = os.pipe()
    os.close(ours)
    with running("check", "prod/shop", env=shell, stdout=theirs) as process:
        os.close(theirs)
        _, err = process.communicate(timeout=TIMEOUT_SECONDS)
    assert (process.returncode, err) == (Exit.BROKEN_PIPE, "")
