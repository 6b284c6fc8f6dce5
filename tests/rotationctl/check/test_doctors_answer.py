"""What `rotationctl check` makes of the doctor's function: its answers, its failures, its absence."""

from collections.abc import Mapping

import pytest

from rotationctl.exits import Exit
from secret_rotation.doctor.catalogue import CATALOGUE, Place
from tests.rotationctl.check.conftest import Check
from tests.rotationctl.check.stack import DOCTOR, Doctor
from tests.rotationctl.conftest import Account, Program

INSIDE = [check.name for check in CATALOGUE if check.place is Place.INSIDE]


@pytest.mark.usefixtures("shop")
def test_it_is_asked_for_what_is_wanted(check: Check, doctor: Doctor, account: Account) -> None:
    """The secret's ARN goes to it, and names only where some are named: another version has others."""
    check()
    check("--only", "login.pending", "--only", "tls")
    first, second = doctor.asked
    arn = account.client.describe_secret(SecretId="prod/shop")["ARN"]
    assert first == {"action": "check", "secret": arn}
    assert second["only"] == [name for name in INSIDE if name.startswith("tls.")] + ["login.pending"]


@pytest.mark.usefixtures("shop")
def test_what_it_finds_is_shown(program: Program, account: Account, doctor: Doctor) -> None:
    """With its text and its remedy, escaped, since a server may have written it; what follows is not looked at."""
    doctor.wrong["tls.chain"] = ("failed", "signed by \x1b[31mnobody", "GRANT x TO y;")
    result = program("check", "prod/shop", "-o", "short", "--endpoint-url", account.cloud.endpoint_url)
    assert result.code is Exit.NOT_FINE
    assert "    signed by \\x1b[31mnobody\n    remedy: GRANT x TO y;\n" in result.out
    assert "skip  login, grants, pair, watchers, versions (" in result.out


@pytest.mark.usefixtures("shop")
def test_its_commands_are_for_here(check: Check, account: Account, doctor: Doctor) -> None:
    """A command of the AWS CLI gets the options of this one; a statement does not."""
    doctor.wrong["grants.verifier"] = ("warning", "md5", "aws secretsmanager rotate-secret --secret-id a && aws sts b")
    doctor.wrong["grants.password"] = ("warning", "no", "GRANT x TO y;")
    findings, url = check(), account.cloud.endpoint_url
    here = f"aws secretsmanager rotate-secret --secret-id a --endpoint-url {url} && aws sts b --endpoint-url {url}"
    assert findings["grants.verifier"]["remedy"] == here
    assert findings["grants.password"]["remedy"] == "GRANT x TO y;"


@pytest.mark.usefixtures("shop")
def test_another_version(check: Check, doctor: Doctor) -> None:
    """A stack of another version is a warning, with both."""
    doctor.version = "0.0.9"
    finding = check()["function.version"]
    assert finding["result"] == "warning"
    assert "0.0.9" in finding["text"]


BROKEN: Mapping[str, tuple[object, str, str]] = {
    "no doctor": ({"body": "hello"}, "failed", "is no doctor"),
    "no findings": ({"version": "1", "checks": [{"check": "tls.chain"}]}, "failed", "is no doctor"),
    "out of time": (TimeoutError("Task timed out after 300.00 seconds"), "failed", "NAT gateway"),
    "an error": (ValueError("SECRETS_MANAGER_ENDPOINT must be a URL"), "failed", "SECRETS_MANAGER_ENDPOINT must"),
}


@pytest.mark.parametrize("how", BROKEN)
@pytest.mark.usefixtures("shop")
def test_it_does_not_answer_as_a_doctor(check: Check, doctor: Doctor, how: str) -> None:
    """Its failure is a finding, and nothing that it should have looked at is ok."""
    doctor.answer, result, words = BROKEN[how]
    findings = check()
    assert findings["function.doctor"]["result"] == result
    assert words in findings["function.doctor"]["text"]
    assert {findings[name]["result"] for name in INSIDE} == {"skipped"}


@pytest.mark.usefixtures("shop")
def test_there_is_none(check: Check, account: Account, program: Program) -> None:
    """Whoever has no doctor is told how to get one; the rest is looked at, and one line says what was not."""
    account.cloud.services.functions._deployed.pop(DOCTOR)  # noqa: SLF001 - nothing else takes a function away
    findings = check()
    assert findings["function.doctor"]["result"] == "skipped"
    for way in ("Doctor=true", "--doctor", "--local"):
        assert way in findings["function.doctor"]["text"]
    assert findings["versions.labels"]["result"] == "ok"
    out = program("check", "prod/shop", "--endpoint-url", account.cloud.endpoint_url).out
    assert f"({len(INSIDE)} checks): Nobody has looked from within the network." in out
    assert check("--no-inside")["function.doctor"]["text"] == "--no-inside was given."


@pytest.mark.usefixtures("shop")
def test_another_stacks_doctor(check: Check, account: Account) -> None:
    """It can be named, and its name may be wrong."""
    other = DOCTOR.replace("prod-", "other-")
    account.cloud.register(other, Doctor().function())
    assert check("--doctor", other)["function.doctor"]["text"].startswith(other.rpartition(":")[2])
    finding = check("--doctor", "nobody")["function.doctor"]
    assert (finding["result"], finding["text"]) == ("failed", "There is no function nobody.")
