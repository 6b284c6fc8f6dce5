"""`rotationctl recover`: the condition of a rotation by its labels, and the steps of the way out."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

import lab.secretsmanager.operations
from rotationctl import recovering
from rotationctl.connection import Connection
from rotationctl.exits import Exit
from rotationctl.logins import Login, Logins
from rotationctl.plans import plan
from rotationctl.recovery import Condition, diagnose
from rotationctl.remedies import Adviser
from rotationctl.versions import Version
from tests.rotationctl.conftest import ANOTHERS, Account, Program
from tests.rotationctl.metadata import CURRENT, NOW, PENDING, ago, secret

OLD = {"LastChangedDate": ago(hours=1)}
STUCK = {"SecretVersionsToStages": PENDING, **OLD}
CANCELLED = {**STUCK, "RotationEnabled": False}
WAS_CURRENT = {
    **OLD,
    "SecretVersionsToStages": {"version-1": ["AWSPREVIOUS", "AWSPENDING"], "version-2": ["AWSCURRENT"]},
}
NO_CURRENT = {"SecretVersionsToStages": {"version-1": ["AWSPREVIOUS"]}}
GIVE_UP = (
    "aws secretsmanager update-secret-version-stage --secret-id prod/shop --version-stage AWSPENDING "
    "--remove-from-version-id {} && rotationctl rotate prod/shop"
)
ROTATE = "rotationctl rotate prod/shop"
NAME_CURRENT = (
    "aws secretsmanager update-secret-version-stage --secret-id prod/shop --version-stage AWSCURRENT "
    "--move-to-version-id version-1"
)
TAKE_OFF = GIVE_UP.format("version-3")
PUT = "aws secretsmanager put-secret-value --secret-id prod/shop --secret-string file://secret.json"
WATCH = "rotationctl status --watch prod/shop"
ORPHANED = {"SecretVersionsToStages": {**CURRENT, "version-3": []}}
CURRENT_LOGS_IN = Logins({"version-2": Login.ACCEPTED})
CURRENT_UNKNOWN = Logins({"version-2": Login.UNKNOWN})
ORPHAN_LOGS_IN = Logins({"version-2": Login.REJECTED, "version-3": Login.ACCEPTED})
PREVIOUS_LOGS_IN = Logins({"version-2": Login.REJECTED, "version-1": Login.ACCEPTED})
NONE_LOGS_IN = Logins({"version-2": Login.REJECTED, "version-1": Login.REJECTED, "version-3": Login.EMPTY})
THEN_UNREACHABLE = Logins({"version-2": Login.REJECTED, "version-1": Login.UNKNOWN})
PENDING_UNUSABLE = Logins({"version-2": Login.ACCEPTED, "version-3": Login.UNUSABLE})
MOVE_CURRENT = f"{NAME_CURRENT} --remove-from-version-id version-2"
LOG = "aws logs filter-log-events --log-group-name /aws/lambda/prod/postgresql-single-user"


def versions(labels: Mapping[str, Sequence[str]], **created: datetime | None) -> list[Version]:
    """The versions that have these labels: each a day younger than the one before, unless stated."""
    names = sorted(labels)
    dates = {name: created.get(name, NOW - timedelta(days=len(names) - n)) for n, name in enumerate(names)}
    return [Version(name, frozenset(labels[name]), dates[name]) for name in reversed(names)]


CASES: list[tuple[Condition, dict[str, Any], list[str | None], Logins | None]] = [
    (Condition.COMPLETE, {}, [], None),
    (Condition.COMPLETE, {"NextRotationDate": ago(days=1)}, [ROTATE], None),
    (Condition.ROTATING, {**STUCK, "LastChangedDate": NOW}, [WATCH, "rotationctl history prod/shop", ROTATE], None),
    (Condition.STUCK, STUCK, [LOG, ROTATE, TAKE_OFF], None),
    (Condition.STUCK, {**STUCK, "NextRotationDate": ago(days=1)}, [LOG, ROTATE, TAKE_OFF], None),
    (Condition.STUCK, {**STUCK, "RotationLambdaARN": ANOTHERS}, ["aws logs", ROTATE, None, TAKE_OFF], None),
    (Condition.CANCELLED, CANCELLED, [LOG, ROTATE, TAKE_OFF], None),
    (Condition.OUTDATED, WAS_CURRENT, [GIVE_UP.format("version-1")], None),
    (Condition.OUTDATED, {**WAS_CURRENT, "LastChangedDate": NOW}, [GIVE_UP.format("version-1")], None),
    (Condition.OUTDATED, {**WAS_CURRENT, "RotationEnabled": False}, [GIVE_UP.format("version-1")], None),
    (Condition.NO_CURRENT, NO_CURRENT, [NAME_CURRENT], None),
    (Condition.NO_CURRENT, {"SecretVersionsToStages": None}, [PUT], None),
    (Condition.ELSEWHERE, {**STUCK, "OwningService": "rds"}, [], None),
    (Condition.ELSEWHERE, {**STUCK, "PrimaryRegion": "us-east-1"}, ["rotationctl status prod/shop --region us-"], None),
    (Condition.ELSEWHERE, {**STUCK, "RotationLambdaARN": None, "RotationEnabled": False}, [], None),
    (Condition.ELSEWHERE, {**STUCK, "DeletedDate": NOW}, [], None),
    (Condition.GIVEN_UP, ORPHANED, [ROTATE], None),
    (Condition.GIVEN_UP, ORPHANED, [ROTATE], CURRENT_UNKNOWN),
    (Condition.COMPLETE, ORPHANED, [], CURRENT_LOGS_IN),
    (Condition.REFUSED, ORPHANED, [ROTATE], ORPHAN_LOGS_IN),
    (Condition.REFUSED, {}, [ROTATE], PREVIOUS_LOGS_IN),
    (Condition.REFUSED, {}, [ROTATE], THEN_UNREACHABLE),
    (Condition.REFUSED, {"RotationLambdaARN": ANOTHERS}, [MOVE_CURRENT], PREVIOUS_LOGS_IN),
    (Condition.REFUSED, {"RotationLambdaARN": ANOTHERS}, [ROTATE], THEN_UNREACHABLE),
    (Condition.NO_LOGIN, STUCK, [PUT, TAKE_OFF], NONE_LOGS_IN),
    (Condition.NO_LOGIN, {}, [PUT, ROTATE], NONE_LOGS_IN),
    (Condition.STUCK, STUCK, [TAKE_OFF], PENDING_UNUSABLE),
    (Condition.STUCK, STUCK, [LOG, ROTATE, TAKE_OFF], CURRENT_LOGS_IN),
    (Condition.NO_CURRENT, NO_CURRENT, [NAME_CURRENT], PREVIOUS_LOGS_IN),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "changes", "commands", "logins"), CASES, ids=str)
def test_the_condition_and_the_way_out(
    condition: Condition, changes: dict[str, Any], commands: list[str | None], logins: Logins | None
) -> None:
    """Each condition has its steps, whose commands begin so."""
    asked = secret(**changes)
    listed = versions(changes.get("SecretVersionsToStages", CURRENT) or {})
    found = diagnose(asked, listed, NOW, logins)
    assert found.condition is condition
    steps = plan(found, Adviser(Connection(), NOW))
    assert len(steps) == len(commands)
    for step, command in zip(steps, commands, strict=True):
        assert (step.command or "").startswith(command or "")
        assert (step.command is None) == (command is None)


def test_every_condition_is_tried() -> None:
    """The table above leaves none out."""
    assert {condition for condition, *_ in CASES} == set(Condition)


def test_a_value_that_was_put_by_hand_meanwhile() -> None:
    """AWSPENDING is older than AWSCURRENT: going on with it would undo what was put."""
    asked = secret(**STUCK)
    older = versions(PENDING, **{"version-3": ago(days=9)})
    assert diagnose(asked, older, NOW).condition is Condition.OUTDATED
    unknown = versions(PENDING, **{"version-3": None})
    assert diagnose(asked, unknown, NOW).condition is Condition.STUCK


def test_a_version_without_a_label_may_be_the_one_that_logs_in() -> None:
    """Where no version has AWSCURRENT or AWSPREVIOUS, the newest that has a value is named."""
    asked = secret(SecretVersionsToStages={"version-9": ["MINE"]})
    listed = [Version("version-9", frozenset(), None), Version("version-2", frozenset(), ago(days=1))]
    [step] = plan(diagnose(asked, listed, NOW), Adviser(Connection(), NOW))
    assert step.command is not None
    assert step.command.endswith("--move-to-version-id version-2")


def test_all_versions_are_listed(account: Account, rotationctl: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those without a label too, from all pages; AWSPENDING without a value first."""
    monkeypatch.setattr(lab.secretsmanager.operations, "MAX_RESULTS", 2)
    shop = account.add("prod/shop")
    first, *others = (str(shop.rotate().token) for _ in range(4))
    pending = shop.begin()
    shown = rotationctl("recover", "prod/shop", "--json").json["versions"]
    assert {version["version"] for version in shown} >= {first, *others}
    assert shown[0] == {"version": pending, "labels": ["AWSPENDING"], "created": None, "logs_in": None}
    assert [version["labels"] for version in shown if version["version"] == first] == [[]]


def test_what_is_printed(account: Account, rotationctl: Program) -> None:
    """The condition, the versions, and numbered steps; 1 where somebody has to do something."""
    shop = account.add("prod/shop")
    former = shop.version_with("AWSCURRENT")
    token = shop.begin()
    assert rotationctl("recover", "prod/shop").code == Exit.FINE
    account.client.cancel_rotate_secret(SecretId=shop.arn)
    result = rotationctl("recover", "prod/shop")
    lines = result.out.splitlines()
    to_do = f"To have that done: rotationctl recover prod/shop --endpoint-url {account.cloud.endpoint_url} --yes\n"
    assert (result.code, sorted(result.err.split())) == (Exit.NOT_FINE, sorted(to_do.split()))
    assert lines[:3] == ["prod/shop: cancelled", Condition.CANCELLED.meaning, ""]
    assert lines[3].split() == ["VERSION", "LABELS", "CREATED"]
    assert lines[4].split() == [token, "AWSPENDING", "-"]
    assert lines[5].split()[:2] == [former, "AWSCURRENT"]
    assert [line[:2] for line in lines if line[:1].isdigit()][-3:] == ["1.", "2.", "3."]


def test_the_keys_of_the_json_are_the_documented_ones(account: Account, rotationctl: Program) -> None:
    """No key more, no key less."""
    account.add("prod/shop").begin()
    document = rotationctl("recover", "prod/shop", "--json").json
    assert list(document) == list(recovering.JSON)
    assert all(list(version) == list(recovering.VERSION_JSON) for version in document["versions"])
    assert all(list(step) == list(recovering.STEP_JSON) for step in document["plan"])
    assert (document["condition"], document["secret"]["state"]) == ("rotating", "rotating")


def test_one_that_will_be_deleted_and_one_that_is_not_there(account: Account, rotationctl: Program) -> None:
    """Secrets Manager lists no versions of the one; the other does not exist."""
    account.client.delete_secret(SecretId=account.add("prod/old").arn)
    assert rotationctl("recover", "prod/old").out.startswith("prod/old: not rotated here\n")
    assert rotationctl("recover", "prod/none").err == "rotationctl: There is no secret prod/none in us-east-1.\n"


def test_a_leak_of_what_nobody_here_rotates(account: Account, program: Program) -> None:
    """Nothing is to be recovered there, so that it does not lead to `recover`, which would say so and end."""
    account.add("prod/shop", None)
    url = account.cloud.endpoint_url
    result = program("leaked", "prod/shop", "--endpoint-url", url)
    assert result.code is Exit.NOT_FINE
    assert result.err.endswith(f"attach a function: rotationctl check prod/shop --endpoint-url {url}\n")


@pytest.mark.parametrize("command", ["status", "check", "history", "recover", "rotate", "leaked"])
def test_a_variable_that_is_not_set(account: Account, program: Program, command: str) -> None:
    """An empty name is told as such."""
    result = program(command, "", "--endpoint-url", account.cloud.endpoint_url)
    assert (result.code, result.err.splitlines()[-1]) == (Exit.USAGE, "rotationctl: The name of a secret is empty.")
