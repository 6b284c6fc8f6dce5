"""The tables of the page of a report."""

from collections.abc import Iterator

from rotationctl.output import moment
from rotationctl.report.controls import CHECKS, CONTROLS
from rotationctl.report.document import Report
from rotationctl.report.entry import AWS_KEY, FINE, NOT_FINE, WAIVED, Entry
from rotationctl.report.events import FAILED, RotationEvent
from rotationctl.report.markup import badge, name, several, table, text
from rotationctl.report.rules import Finding
from rotationctl.rows import function_of
from rotationctl.text import plural
from secret_rotation.examination.verification import Outcome, Verification

KINDS = {NOT_FINE: "bad", WAIVED: "waived", FINE: "good"}
_VERIFIED = {Outcome.HEALTHY: "good", Outcome.OUT_OF_SYNC: "bad"}


def of_findings(report: Report) -> Iterator[str]:
    """What was found about each secret about which something was."""
    yield "<h2>Findings</h2>"
    rows = (
        (name(e.facts.secret.name), _result(e), several(map(_finding, e.findings)))
        for e in report.entries
        if e.findings
    )
    yield from table(
        "What was found; a waived finding stays here until it is mended", ("Secret", "Result", "Found"), rows
    )


def of_policy(report: Report) -> Iterator[str]:
    """How each secret shall rotate, and did."""
    yield "<h2>Policy and fact</h2>"
    titles = ("Secret", "Owner", "Function", "Schedule", "Last success", "Next due", "Days late", "A password lives")
    yield from table(
        "How each secret shall rotate, and how it did; times are UTC", titles, map(_policy, report.entries), numbers=[6]
    )


def of_evidence(report: Report) -> Iterator[str]:
    """What proves it."""
    yield "<h2>Evidence</h2>"
    rows = (
        (name(e.facts.secret.name), _verification(e.facts.verification), several(map(_event, e.facts.events or ())))
        for e in report.entries
    )
    titles = ("Secret", "Last login between rotations", "Last rotations in CloudTrail, with their event ids")
    yield from table("What proves it; times are UTC", titles, rows)


def of_access(report: Report) -> Iterator[str]:
    """Who may read each secret, and when somebody did."""
    yield "<h2>Access</h2>"
    titles = ("Secret", "Key", "Last read", "Its own policy lets read", "Its own policy forbids")
    yield from table(
        "By the policies of the secrets alone; where they name nobody, identity policies decide",
        titles,
        map(_access, report.entries),
    )


def of_excluded(report: Report) -> Iterator[str]:
    """Which secrets are left out."""
    yield "<h2>Left out</h2>"
    rows = ((name(e.name), text(e.kind.value), text(e.reason)) for e in report.excluded)
    yield from table("Secrets that are not counted above, and why", ("Secret", "Kind", "Reason"), rows)


def of_controls(report: Report) -> Iterator[str]:
    """Which controls it supports."""
    yield "<h2>Controls</h2>"
    rows = (
        (text(c.control_id), text(c.sentence), text(", ".join(c.against)), *map(str, report.against(c)))
        for c in CONTROLS
    )
    titles = ("Control", "What this report shows for it", "What speaks against it", "Not fine", "Waived")
    yield from table(f"Of {plural(len(report.entries), 'secret')}", titles, rows, numbers=[3, 4])


def of_checks() -> Iterator[str]:
    """How it agrees with AWS's own checks."""
    yield "<h2>AWS Config and Security Hub</h2>"
    rows = ((text(c.check_id), text(c.rule), text(c.agreement)) for c in CHECKS)
    yield from table("How this report agrees with AWS's own checks", ("Security Hub", "AWS Config", "Agreement"), rows)


def _policy(entry: Entry) -> tuple[str, ...]:
    secret, schedule = entry.facts.secret, entry.schedule
    window = f"{schedule.text}, within {schedule.window}" if schedule.text and schedule.window else schedule.text
    return (
        name(secret.name), text(entry.facts.owner), text(function_of(secret)), text(window),
        _moment(moment(secret.last_rotated)), _moment(moment(secret.next_rotation)), str(entry.days_late),
        several([text(entry.facts.lifetime.sentence), *_former(entry)]),
    )  # fmt: skip


def _former(entry: Entry) -> Iterator[str]:
    if entry.former_ends:
        verb = "ended" if entry.former_ends <= entry.now else "ends"
        yield f'<span class="soft">The former one {verb} {_moment(moment(entry.former_ends))}</span>'


def _access(entry: Entry) -> tuple[str, ...]:
    secret, access = entry.facts.secret, entry.facts.access
    names = (
        (map(text, access.readers), map(text, access.denied)) if access else ([text("not read")], [text("not read")])
    )
    return name(secret.name), text(secret.kms_key or AWS_KEY), text(entry.last_read), *map(several, names)


def _result(entry: Entry) -> str:
    return badge(KINDS[entry.result], entry.result)


def _finding(finding: Finding) -> str:
    kind = "bad" if finding.counts else "waived" if finding.waiver else "soft"
    waiver = finding.waiver
    waived = f" Waived until {finding.waived_until}: {text(waiver.reason)}" if waiver else ""
    return f'<b class="{kind}">{finding.rule.value}</b> {text(finding.text)}{waived}'


def _verification(found: Verification | None) -> str:
    if found is None:
        return text(None)
    said = f" {text(found.text)}" if found.text else ""
    return f"{badge(_VERIFIED.get(found.outcome, 'waived'), found.outcome)} {_moment(moment(found.at))}{said}"


def _event(event: RotationEvent) -> str:
    kind = "bad" if event.name == FAILED else "good"
    event_id = f'<code class="id">{text(event.event_id)}</code>'
    return f'<span class="{kind}">{event.name}</span> {_moment(moment(event.at))} {event_id}'


def _moment(at: str | None) -> str:
    return f'<span class="moment">{at[:10]} {at[11:16]}</span>' if at else text(None)
