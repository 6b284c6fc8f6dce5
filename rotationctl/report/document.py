"""A report: its scope, its secrets, those that are left out, and what follows for controls."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import rotationctl
from rotationctl.output import moment
from rotationctl.report.controls import CHECKS, CONTROLS, Control
from rotationctl.report.entry import NOT_FINE, RESULTS, Entry
from rotationctl.report.population import Excluded
from rotationctl.report.rules import Rule

DIGEST = "sha256"
JSON = {
    "version": "the version of rotationctl",
    "account": "the account that was asked; null where AWS did not tell",
    "region": "the region that was asked",
    "caller": "the ARN of who asked, in the same way",
    "tags": "the tags that the secrets have to have",
    "max_age_days": "how old a password may be, in days",
    "read_at": "when",
    "counts": "how many secrets come out how",
    "rules": "for how many secrets each rule was found, waived or not",
    "left_out": "how many secrets are left out, by the kind of the reason",
    "not_read": "a sentence for each thing that could not be read, or was not asked for",
    "limits": "what the report cannot know, in sentences",
    "secrets": "the secrets, the worst first",
    "excluded": "the secrets that are left out",
    "controls": "the controls that it supports",
    "checks": "AWS's own checks, and how it agrees with them",
    DIGEST: f"the SHA-256 of the rest: `jq -cS 'del(.{DIGEST})' FILE | sha256sum`",
}
"""The keys of what is printed as JSON, each with its meaning."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What was asked, by whom, and what could not be.

    Attributes:
        not_read: a sentence for each thing that could not be read, or was not asked for.
        is_partial: whether there is one that could not.
        limits: what no report can know.
    """

    account: str | None
    region: str
    caller: str | None
    tags: Mapping[str, str]
    max_age_days: int
    read_at: datetime
    not_read: Sequence[str]
    is_partial: bool
    limits: Sequence[str]


@dataclass(frozen=True, slots=True)
class Report:
    """All that a form of the report shows."""

    scope: Scope
    entries: Sequence[Entry]
    excluded: Sequence[Excluded]

    @property
    def is_fine(self) -> bool:
        """Whether nothing counts."""
        return all(entry.result != NOT_FINE for entry in self.entries)

    def counts(self) -> dict[str, int]:
        """How many secrets come out how, the worst first."""
        counts = Counter(entry.result for entry in self.entries)
        return {result: counts[result] for result in RESULTS}

    def rules(self) -> dict[str, int]:
        """For how many secrets each rule was found, of those that were."""
        counts = Counter(finding.rule for entry in self.entries for finding in entry.findings)
        return {rule.value: counts[rule] for rule in Rule if counts[rule]}

    def left_out(self) -> dict[str, int]:
        """How many secrets are left out, by the kind of the reason."""
        counts = Counter(excluded.kind.value for excluded in self.excluded)
        return {kind: counts[kind] for kind in sorted(counts)}

    def against(self, control: Control) -> tuple[int, int]:
        """For how many secrets something speaks against a control, and for how many others it is waived."""
        found = [[f for f in entry.findings if f.rule in control.against] for entry in self.entries]
        open_ = sum(any(finding.waiver is None for finding in findings) for findings in found)
        return open_, sum(bool(findings) for findings in found) - open_

    def json(self) -> dict[str, object]:
        """The values for the keys of `JSON`."""
        document = self._content()
        return {**document, DIGEST: digest_of_json(document)}

    def _content(self) -> dict[str, object]:
        scope = self.scope
        return {
            "version": rotationctl.__version__,
            "account": scope.account,
            "region": scope.region,
            "caller": scope.caller,
            "tags": dict(scope.tags),
            "max_age_days": scope.max_age_days,
            "read_at": moment(scope.read_at),
            "counts": self.counts(),
            "rules": self.rules(),
            "left_out": self.left_out(),
            "not_read": list(scope.not_read),
            "limits": list(scope.limits),
            "secrets": [entry.json() for entry in self.entries],
            "excluded": [excluded.json() for excluded in self.excluded],
            "controls": [self._control(control) for control in CONTROLS],
            "checks": [{"check": c.check_id, "rule": c.rule, "agreement": c.agreement} for c in CHECKS],
        }

    def _control(self, control: Control) -> dict[str, object]:
        open_, waived = self.against(control)
        return {
            "control": control.control_id,
            "sentence": control.sentence,
            "against": [rule.value for rule in control.against],
            "not_fine": open_,
            "waived": waived,
            "secrets": len(self.entries),
        }


def sort(entries: Iterable[Entry]) -> list[Entry]:
    """The worst first, and by name."""
    return sorted(entries, key=lambda entry: (list(RESULTS).index(entry.result), entry.facts.secret.name))


def digest_of_json(document: Mapping[str, object]) -> str:
    """The SHA-256 of a document as `jq -cS .` writes it: on one line, with sorted keys, as UTF-8."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(f"{text}\n".encode(errors="surrogatepass")).hexdigest()
