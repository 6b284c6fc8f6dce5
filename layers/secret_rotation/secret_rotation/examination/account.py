"""What the account of a secret's user may do, as its own session sees it, and what the server knows of its pair."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from secret_rotation.commands import dry_run
from secret_rotation.credentials import require_superuser_arn, superuser_missing
from secret_rotation.doctor.findings import Finding, Result
from secret_rotation.examination.guarded import guarded
from secret_rotation.examination.reading import UNKNOWN_FUNCTION, Chart
from secret_rotation.examiner import ExaminedSession

_BY_DRY_RUN = "The doctor may not read that secret. The function does in a dry run, and tells in its log what it finds."
_OF_A_PAIR = {
    "grants.password": "Not needed: the superuser sets the passwords of a pair.",
    "grants.old_password": "Not needed: AWSPREVIOUS is the other user of the pair.",
}


@dataclass(frozen=True, slots=True)
class Account:
    """The account that AWSCURRENT has logged in to."""

    chart: Chart
    session: ExaminedSession

    def grants(self) -> Iterator[Finding]:
        """The checks of what the account may do."""
        for name, check in {
            "grants.writer": self._writer,
            **self._own("grants"),
            "grants.superuser": self._superuser,
        }.items():
            yield guarded(name, check)

    def pair(self) -> Iterator[Finding]:
        """The checks of the pair."""
        checks = self._own("pair")
        for name, check in checks.items():
            yield guarded(name, check)
        if not checks:
            is_known = self.chart.strategy is not None
            result, text = (
                (Result.OK, "Single user: there is no pair.") if is_known else (Result.SKIPPED, UNKNOWN_FUNCTION)
            )
            yield Finding("pair.users", result, text)
            yield Finding("pair.record", result, text)

    def _writer(self) -> Finding:
        name, progress = "grants.writer", self.session.replication()
        if progress is None:
            return Finding(name, Result.OK, "It is no replica.")
        place = f"{self.chart.user.host} is a replica or a reader."
        if self.chart.user.superuser_arn is None:
            return Finding(name, Result.FAILED, f"{place} Put the endpoint of the writer into 'host' of the secret.")
        text = f"{place} A rotation waits until it knows the new password. {progress}"
        return Finding(name, Result.WARNING, text)

    def _superuser(self) -> Finding:
        name, user, strategy = "grants.superuser", self.chart.user, self.chart.strategy
        if user.superuser_arn is None:
            if strategy is not None and strategy.superuser_required:
                raise superuser_missing(user)
            return Finding(name, Result.OK, "Not needed: the secret names none.")
        require_superuser_arn(user, self.chart.stored.arn)
        return Finding(name, Result.SKIPPED, _BY_DRY_RUN, dry_run(self.chart.stored.arn))

    def _own(self, layer: str) -> dict[str, Callable[[], Finding]]:
        checks = self.session.checks(self.chart.subject)
        found = {name: check for name, check in checks.items() if name.startswith(f"{layer}.")}
        if self.chart.subject.pair is not None:
            found |= {
                name: partial(Finding, name, Result.OK, text) for name, text in _OF_A_PAIR.items() if name in found
            }
        return found
