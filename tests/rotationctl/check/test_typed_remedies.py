"""`rotationctl check`: each check that asks AWS, made to fail, and put right by typing what is printed."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.rotationctl.check.conftest import Check
from tests.rotationctl.check.stack import Doctor, Stack
from tests.rotationctl.conftest import Account
from tests.rotationctl.shell import type_in


@pytest.mark.usefixtures("shop")
def test_all_is_well(check: Check, doctor: Doctor, account: Account) -> None:
    """Everything is ok, the doctor was asked once, and nothing asked for a value or changed anything."""
    findings = check("--fail-on", "warning")
    skipped = [name for name, finding in findings.items() if finding["result"] != "ok"]
    assert skipped == ["network.plan"]
    assert len(doctor.asked) == 1
    asked = {call.operation for call in account.cloud.calls.all() if call.caller == "ROTATIONCTL"}
    assert not [name for name in asked if not name.startswith(("Describe", "Get", "List", "Simulate", "Invoke"))]
    assert "GetSecretValue" not in asked


def _stop_the_trail(stack: Stack) -> None:
    stack.of("cloudtrail").stop_logging(Name=stack.trail)


def _silence(stack: Stack) -> None:
    stack.of("cloudwatch").disable_alarm_actions(AlarmNames=[stack.alarm])


def _disable_the_rule(stack: Stack) -> None:
    stack.of("events").disable_rule(Name=stack.rule)


def _take_a_right(stack: Stack) -> None:
    stack.grant("DescribeSecret", "GetSecretValue")


def _take_the_list(stack: Stack) -> None:
    stack.grant("DescribeSecret", "GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage")


def _shut_secrets_manager_out(stack: Stack) -> None:
    stack.function.statements.clear()


def _let_every_account_in(stack: Stack) -> None:
    del stack.function.statements[0]["Condition"]


def _hurry(stack: Stack) -> None:
    stack.function.configuration["Timeout"] = 3


def _cancel(stack: Stack) -> None:
    stack.cloud.client().cancel_rotate_secret(SecretId="prod/shop")


def _delete(stack: Stack) -> None:
    stack.cloud.client().delete_secret(SecretId="prod/shop")


def _disable_the_key(stack: Stack) -> None:
    key = _encrypt(stack)
    stack.of("kms").disable_key(KeyId=key)


def _schedule_the_keys_end(stack: Stack) -> None:
    key = _encrypt(stack)
    stack.of("kms").schedule_key_deletion(KeyId=key, PendingWindowInDays=7)


def _encrypt(stack: Stack) -> str:
    key: str = stack.of("kms").create_key()["KeyMetadata"]["KeyId"]
    stack.cloud.client().update_secret(SecretId="prod/shop", KmsKeyId=key)
    return key


BROKEN: Mapping[str, tuple[Callable[[Stack], object], ...]] = {
    "secret.exists": (_cancel, _delete),
    "secret.key": (_disable_the_key,),
    "secret.key, for ever": (_schedule_the_keys_end, _disable_the_rule),
    "function.permission": (_shut_secrets_manager_out, _hurry, _stop_the_trail),
    "function.permission, for all": (_let_every_account_in, _take_the_list, _silence),
    "role.secret": (_take_a_right,),
}
"""What is broken together, by the check that finds the first of it."""
MOST_REMEDIES = 6


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.usefixtures("shop")
def test_what_is_printed_puts_it_right(check: Check, stack: Stack, typed: Mapping[str, str], broken: str) -> None:
    """What is printed is typed into a shell as it stands, one after the other, until nothing is wrong any more."""
    for break_it in BROKEN[broken]:
        break_it(stack)
    wrong = _wrong(check)
    assert next(iter(wrong)) == broken.partition(",")[0]
    for _ in range(MOST_REMEDIES):
        name, finding = next(iter(wrong.items()))
        done = type_in(finding["remedy"], typed)
        assert done.returncode == 0, done
        wrong = _wrong(check)
        assert name not in wrong, wrong
        if not wrong:
            return
    pytest.fail(f"There is no end: {wrong}")


def _wrong(check: Check) -> dict[str, dict[str, Any]]:
    return {name: found for name, found in check().items() if found["result"] in ("failed", "warning")}
