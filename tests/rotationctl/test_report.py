"""`rotationctl report` on a fleet with a history."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from lab.secretsmanager import faults
from rotationctl.exits import Exit
from rotationctl.report import document, entry, population
from tests.rotationctl.audited import Fleet, audited_fleet, tagged
from tests.rotationctl.conftest import CALLER, Account, Program, Result

FOUND = {
    "prod/billing/invoices": ["rotation-not-complete", "overdue", "never-rotated", "last-rotation-failed"],
    "prod/billing/ledger": ["lives-too-long"],
    "prod/hr/payroll": ["out-of-sync"],
    "prod/legacy/erp": ["rotation-off"],
    "prod/crm/contacts": [],
    "prod/shop/orders": [],
    "prod/shop/stock": [],
}
"""What counts, or would if it were not waived, in the order of the report."""


@pytest.fixture
def fleet(account: Account) -> Fleet:
    """A fleet with something of everything."""
    return audited_fleet(account)


def by_name(result: Result) -> dict[str, dict[str, Any]]:
    """The secrets of a report in JSON."""
    return {secret["name"]: secret for secret in result.json["secrets"]}


def rules(secret: Mapping[str, Any], *, notes: bool = False) -> list[str]:
    """The rules that were found for a secret: those that count, or would if they were not waived; or the notes."""
    found = secret["findings"]
    return [finding["rule"] for finding in found if bool(finding["counts"] or finding["waived_until"]) is not notes]


@pytest.mark.usefixtures("fleet")
def test_what_is_found(rotationctl: Program) -> None:
    """Each secret has its findings, the worst come first, and the counts are of them."""
    result = rotationctl("report", "--json")
    assert {name: rules(secret) for name, secret in by_name(result).items()} == FOUND
    assert list(by_name(result)) == list(FOUND)
    assert result.json["counts"] == {"not fine": 3, "waived": 1, "fine": 3}
    assert result.json["left_out"] == Counter(secret["kind"] for secret in result.json["excluded"])
    assert {s["name"]: s["kind"] for s in result.json["excluded"]} == {
        "prod/api/stripe-key": "no rotation", "prod/old/reports": "deleted",
    }  # fmt: skip
    assert result.json["not_read"] == []
    assert result.code == Exit.NOT_FINE


def test_what_proves_it(fleet: Fleet, rotationctl: Program) -> None:
    """Events are CloudTrail's, with its ids, and the last login is the doctor's."""
    secret = by_name(rotationctl("report", "--json", "--events", "2"))["prod/shop/orders"]
    trail = fleet.account.cloud.clients.of("cloudtrail").lookup_events()["Events"]
    ours = [event for event in trail if f'"{secret["arn"]}"' in event["CloudTrailEvent"]]
    succeeded = [event["EventId"] for event in ours if event["EventName"] == "RotationSucceeded"]
    assert [event["event_id"] for event in secret["rotations"]] == succeeded[:2]
    assert secret["verification"]["outcome"] == "healthy"
    assert (secret["interval_days"], secret["lives_days"], secret["owner"]) == (30, 60, "shop")
    assert (secret["age_days"], secret["days_late"], secret["schedule"]) == (2, 0, "every 30 days")
    assert secret["former_ends"] == secret["next_rotation"]


@pytest.mark.usefixtures("fleet")
def test_who_may_read(rotationctl: Program) -> None:
    """By the secret's own policy, with the conditions; without one nobody is named."""
    found = by_name(rotationctl("report", "--json"))
    payroll = found["prod/hr/payroll"]
    assert payroll["readers"] == ["arn:aws:iam::444455556666:role/payroll"]
    assert payroll["denied"] == ["everybody, if aws:SecureTransport"]
    assert payroll["kms_key"] == "alias/payroll"
    assert found["prod/shop/orders"]["readers"] == []


@pytest.mark.usefixtures("fleet")
def test_the_scope(rotationctl: Program) -> None:
    """Who read what, and when; each control counts what speaks against it."""
    report = rotationctl("report", "--json", "--max-age", "40d").json
    assert report["caller"] == f"arn:aws:iam::123456789012:user/{CALLER}"
    assert (report["account"], report["region"], report["max_age_days"]) == ("123456789012", "us-east-1", 40)
    assert set(report) == set(document.JSON)
    assert set(report["secrets"][0]) == set(entry.JSON)
    assert set(report["excluded"][0]) == set(population.JSON)
    controls = {control["control"]: (control["not_fine"], control["waived"]) for control in report["controls"]}
    assert controls["PCI DSS 4.0.1, 8.3.9"] == (4, 1)
    assert "CIS" not in json.dumps(report)


@pytest.mark.usefixtures("fleet")
def test_only_some(rotationctl: Program) -> None:
    """A tag chooses, also among those that are left out."""
    report = rotationctl("report", "--json", "--tag", "owner=shop")
    assert list(by_name(report)) == ["prod/shop/orders", "prod/shop/stock"]
    assert report.json["excluded"] == []
    assert report.code == Exit.FINE


def test_exceptions(account: Account, rotationctl: Program) -> None:
    """One that has expired, or has no day, waives nothing; and none is about who may read."""
    waivers = {"expired": {"rotation__exception": "a", "rotation__exception_until": "2026-01-31"},
               "undated": {"rotation__exception": "a"},
               "no-day": {"rotation__exception": "a", "rotation__exception_until": "2026-W05-1"},
               "no-reason": {"rotation__exception_until": "2099-01-31"},
               "open": {"rotation__exception": "a", "rotation__exception_until": "2099-01-31"}}  # fmt: skip
    for name, tags in waivers.items():
        account.add(name, Tags=tagged("a", **tags))
    anybody = {"Statement": {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "*", "Resource": "*"}}
    account.client.put_resource_policy(SecretId="open", ResourcePolicy=json.dumps(anybody))
    found = by_name(rotationctl("report", "--json"))
    assert {name: rules(secret) for name, secret in found.items()} == {
        "expired": ["never-rotated", "exception-expired"],
        "no-day": ["never-rotated", "exception-invalid"],
        "no-reason": ["never-rotated", "exception-invalid"],
        "open": ["never-rotated", "open-to-all"],
        "undated": ["never-rotated", "exception-invalid"],
    }
    assert {name: secret["result"] for name, secret in found.items()} == dict.fromkeys(waivers, "not fine")
    assert [finding["waived_until"] for finding in found["open"]["findings"]] == ["2099-01-31", None]


def test_a_value_that_was_put_by_hand(account: Account, rotationctl: Program) -> None:
    """AWS calls it a rotation: that no event proves it is noted."""
    secret = account.add("prod/shop")
    account.age = timedelta(days=3)
    secret.rotate(RotationRules={"AutomaticallyAfterDays": 30})
    account.age = timedelta()
    assert "rotation-not-proven" not in rules(by_name(rotationctl("report", "--json"))["prod/shop"], notes=True)
    account.cloud.services.trail.clear()
    assert "rotation-not-proven" in rules(by_name(rotationctl("report", "--json"))["prod/shop"], notes=True)


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        ("GetResourcePolicy", "The policies of 10 secrets. The first reason: prod/0: You may not do GetResourcePolicy"),
        ("LookupEvents", "two calls a second (LookupEvents): You may not do LookupEvents"),
        ("FilterLogEvents", "from its log (FilterLogEvents): You may not do FilterLogEvents"),
        ("GetCallerIdentity", "Who asks (GetCallerIdentity): You may not do GetCallerIdentity"),
    ],
)
def test_what_may_not_be_read(account: Account, rotationctl: Program, operation: str, said: str) -> None:
    """It is said, the rest is there, and the exit code tells that it is only a part."""
    for number in range(10):
        account.add(f"prod/{number}")
    account.cloud.faults.add(faults.error(operation, "AccessDeniedException", "No.", times=20))
    result = rotationctl("report", "--json", "--fail-on", "none")
    [sentence] = result.json["not_read"]
    assert said in sentence
    assert (result.code, len(result.json["secrets"])) == (Exit.PARTLY, 10)
    assert said in rotationctl("report").out


def test_nobody_is_asked_on_and_on(account: Account, rotationctl: Program) -> None:
    """After ten policies in a row that may not be read, no more are tried, and all are said to be missing."""
    for number in range(12):
        account.add(f"prod/{number:02}")
    account.cloud.faults.add(faults.error("GetResourcePolicy", "AccessDeniedException", times=20))
    assert "The policies of 12 secrets." in rotationctl("report", "--json").json["not_read"][0]
    assert [call.operation for call in account.cloud.calls.all()].count("GetResourcePolicy") == 10


def test_what_is_skipped(account: Account, rotationctl: Program) -> None:
    """It is not asked for, and said to be missing."""
    account.add("prod/shop")
    result = rotationctl("report", "--json", "--skip", "policies", "--skip", "events", "--skip", "logins")
    assert [sentence.rpartition("(")[2] for sentence in result.json["not_read"]] == [
        "--skip policies).", "--skip events).", "--skip logins).",
    ]  # fmt: skip
    secret = by_name(result)["prod/shop"]
    assert (secret["readers"], secret["rotations"], secret["verification"]) == (None, None, None)
    asked = {call.operation for call in account.cloud.calls.all() if call.caller == CALLER}
    assert asked == {"ListSecrets", "GetCallerIdentity"}
    assert rotationctl("report", "--skip", "events", "--fail-on", "none").code == Exit.FINE


def test_nothing_there(rotationctl: Program) -> None:
    """An empty account has an empty report."""
    result = rotationctl("report")
    assert (result.code, result.err) == (Exit.FINE, "0 secrets: 0 not fine, 0 waived, 0 fine; 0 left out.\n")
    assert "Left out: none." in result.out


@pytest.mark.usefixtures("fleet")
def test_findings_need_not_fail(rotationctl: Program) -> None:
    """Whoever only wants the report can have it with 0."""
    assert rotationctl("report", "--fail-on", "none").code == Exit.FINE


@pytest.mark.usefixtures("fleet")
def test_the_table(rotationctl: Program) -> None:
    """A row for each secret, what was found below it, and the digest in the last line."""
    result = rotationctl("report")
    lines = result.out.splitlines()
    ledger = next(number for number, line in enumerate(lines) if "prod/billing/ledger" in line)
    assert lines[ledger + 1].startswith("    lives-too-long: A password may live 120 days; 90 days are allowed.")
    assert "(waived until 2099-03-31: Replaced by the new ERP in spring)" in result.out
    digest = hashlib.sha256("".join(f"{line}\n" for line in lines[:-1]).encode()).hexdigest()
    assert lines[-1] == f"SHA-256 of the lines above: {digest}"
    assert "3 not fine, 1 waived, 3 fine; 2 left out. What to type: `rotationctl status --endpoint-url" in result.err


def test_the_digest_of_json(account: Account, rotationctl: Program) -> None:
    """It is that of the rest with sorted keys on one line, as `jq -cS` writes it, in whatever alphabet."""
    account.add("prod/\u7528\u6237 \U0001f511 \u00e9")
    report = rotationctl("report", "--json").json
    assert list(report)[-1] == "sha256"
    digest = report.pop("sha256")
    canonical = json.dumps(report, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(f"{canonical}\n".encode()).hexdigest() == digest


@pytest.mark.usefixtures("fleet")
def test_the_same_again(rotationctl: Program) -> None:
    """Two reports on the same differ in the time alone."""
    first, second = (rotationctl("report", "--json").json for _ in range(2))
    changed = {key for key in first if first[key] != second[key]}
    assert changed <= {"read_at", "sha256"}


@pytest.mark.parametrize("age", ["0", "0d", "-1", "90h", "", "12345", "1.5"])
def test_an_age_that_is_none(program: Program, age: str) -> None:
    """It is said before AWS is asked."""
    result = program("report", "--max-age", age)
    assert result.code == Exit.USAGE
    assert "is no number of days, as 90d" in result.err


def test_what_cannot_be_listed_cannot_be_reported(account: Account, rotationctl: Program, tmp_path: Path) -> None:
    """Without the list there is no report, and no file."""
    account.cloud.faults.add(faults.error("ListSecrets", "AccessDeniedException", "No."))
    result = rotationctl("report", "--html", str(tmp_path / "report.html"))
    assert (result.code, result.out) == (Exit.NOT_ASKED, "")
    assert list(tmp_path.iterdir()) == []
