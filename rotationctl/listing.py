"""What `rotationctl status` prints: secrets with their states, and how it ends."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import rotationctl
from rotationctl import fleet, rows
from rotationctl.exits import Exit, Failure
from rotationctl.output import columns, moment, say, write, write_json
from rotationctl.remedies import Adviser
from rotationctl.rows import Status
from rotationctl.secret import Secret
from rotationctl.state import State

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

JSON = {
    "version": "the version of rotationctl",
    "region": "the region that was asked",
    "read_at": "when",
    "counts": "how many of the secrets are in each state",
    "secrets": "the secrets, the most urgent first",
    "not_read": "a sentence for each secret that was named and could not be read",
}
"""The keys of what is printed as JSON, each with its meaning."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Which secrets to show.

    Attributes:
        names: names or ARNs; all secrets where there are none.
        tags: that each has to have.
        states: in which each has to be.
    """

    names: Sequence[str]
    tags: Mapping[str, str]
    states: Collection[State]

    def show(self, client: "SecretsManagerClient", adviser: Adviser, *, as_json: bool) -> Exit:
        """Read the secrets, print them, and say how the command ends.

        Raises:
            Failure: nothing could be read.
        """
        found, failures = self._read(client, adviser.connection.options)
        statuses = rows.sort(s for s in (Status.of(secret, adviser) for secret in found) if s.state in self.states)
        if as_json:
            write_json(_document(statuses, failures, adviser, client.meta.region_name))
        else:
            write(rows.as_table(statuses, columns()))
            say(summary(statuses, client.meta.region_name))
        for failure in failures:
            say(str(failure))
        return Exit.PARTLY if failures else Exit.NOT_FINE if rows.is_alarming(statuses) else Exit.FINE

    def _read(
        self, client: "SecretsManagerClient", options: Sequence[str]
    ) -> tuple[Iterable[Secret], Sequence[Failure]]:
        if not self.names:
            return fleet.list_secrets(client, self.tags), ()
        secrets, failures = fleet.describe_secrets(client, self.names, options)
        if failures and not secrets:
            for failure in failures[:-1]:
                say(str(failure))
            raise failures[-1]
        return [secret for secret in secrets if fleet.has_tags(secret, self.tags)], failures


def _document(
    statuses: Sequence[Status], failures: Sequence[Failure], adviser: Adviser, region: str
) -> dict[str, object]:
    return {
        "version": rotationctl.__version__,
        "region": region,
        "read_at": moment(adviser.now),
        "counts": rows.count(statuses),
        "secrets": [status.json() for status in statuses],
        "not_read": [str(failure) for failure in failures],
    }


def summary(statuses: Sequence[Status], region: str) -> str:
    """How many secrets there are, and in which states."""
    counts = ", ".join(f"{number} {state}" for state, number in rows.count(statuses).items())
    noun = "secret" if len(statuses) == 1 else "secrets"
    return f"{len(statuses) or 'No'} {noun} in {region}{counts and f': {counts}'}."
