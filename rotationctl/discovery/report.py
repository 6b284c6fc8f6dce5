"""What `rotationctl discover` prints."""

from collections.abc import Sequence
from dataclasses import dataclass

from rotationctl.discovery import accounts
from rotationctl.discovery.accounts import KnownAccount
from rotationctl.discovery.candidate import Candidate, Verdict
from rotationctl.output import columns, say, write, write_json
from rotationctl.remedies import Adviser
from rotationctl.rows import function_of
from rotationctl.text import NOTHING, Row, plural, table

TITLES = ("VERDICT", "DATABASE", "ENGINE", "SECRET", "USER", "ROTATED BY", "FITS", "REMARK")
JSON = {
    "region": "the region that was asked",
    "found": "each database with each of its secrets, and secrets for databases that are none of RDS's here",
    "not_matched": "how many secrets without rotation are no database's by what was read",
    "not_read": "with --read-values: a sentence for each secret that could not be read",
    "accounts": "with --superuser: who may log in to that superuser's database; else null",
}
CANDIDATE_JSON = {
    "verdict": "one of the words above",
    "database": "the cluster's or instance's identifier; null where RDS has no such host here",
    "engine": "what RDS, or else the secret, calls the engine",
    "endpoints": "the database's host names",
    "secret": "the secret's name; null where none is known",
    "arn": "its ARN",
    "known_by": "how it is known to be the database's: RDS, tag, or value",
    "username": "with --read-values: its user",
    "function_arn": "the function that rotates it; null where none does",
    "fits": "the engine and strategy of the function that fits; null where none does",
    "missing": "with --read-values: the keys that its value lacks for that",
    "shares": "with --read-values: other secrets for the same user of the same database, or for its clone",
    "next_command": "what to type next; null where there is nothing to do",
}


@dataclass(frozen=True, slots=True)
class Report:
    """What was found."""

    region: str
    candidates: Sequence[Candidate]
    not_matched: int
    not_read: Sequence[str]
    accounts: Sequence[KnownAccount] | None
    adviser: Adviser

    def write(self) -> None:
        """Print it for a person."""
        write(table(TITLES, [self._row(one) for one in self.candidates], columns()))
        if self.accounts is not None:
            write(["", *table(accounts.TITLES, [one.row() for one in self.accounts], columns())])
        for sentence in self.not_read:
            say(sentence)
        names = {one.database.name for one in self.candidates if one.database}
        say(f"{len(names) or 'No'} database{'' if len(names) == 1 else 's'} of RDS in {self.region}.")
        if self.not_matched:
            several = plural(self.not_matched, "secret")
            say(f"{several} without rotation may be a database's: --read-values looks at their hosts.")

    def write_json(self) -> None:
        """Print it as JSON."""
        write_json(
            {
                "region": self.region,
                "found": [self._json(one) for one in self.candidates],
                "not_matched": self.not_matched,
                "not_read": list(self.not_read),
                "accounts": None if self.accounts is None else [one.json() for one in self.accounts],
            }
        )

    def _row(self, one: Candidate) -> Row:
        verdict, secret = one.verdict(self.adviser), one.secret
        cells = (
            verdict.value,
            one.database and one.database.name,
            one.engine,
            secret and secret.name,
            one.contents and one.contents.username,
            secret and function_of(secret),
            (_fits(one) or "").replace("-", " "),  # as the column before it calls it
            _remark(one, verdict),
        )
        return Row([cell or NOTHING for cell in cells], verdict.colour, one.next_command(self.adviser))

    def _json(self, one: Candidate) -> dict[str, object]:
        secret = one.secret
        return {
            "verdict": one.verdict(self.adviser).value,
            "database": one.database and one.database.name,
            "engine": one.engine,
            "endpoints": list(one.database.endpoints) if one.database else [],
            "secret": secret and secret.name,
            "arn": secret and secret.arn,
            "known_by": one.known_by,
            "username": one.contents and one.contents.username,
            "function_arn": secret and secret.function_arn,
            "fits": _fits(one),
            "missing": one.missing,
            "shares": list(one.shares),
            "next_command": one.next_command(self.adviser),
        }


def _fits(one: Candidate) -> str | None:
    return one.strategy and f"{one.function_engine}, {one.strategy}"


def _remark(one: Candidate, verdict: Verdict) -> str:
    missing = [f"{key} is missing" for key in one.missing if verdict is not Verdict.ROTATES]
    return "; ".join([*missing, *(f"same user as {name}" for name in one.shares)])
