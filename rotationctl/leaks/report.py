"""What `rotationctl leaked` prints."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rotationctl.by_hand import by_hand
from rotationctl.exits import Exit
from rotationctl.functions import ALTERNATING_USERS
from rotationctl.leaks.leak import Leak
from rotationctl.leaks.trial import Found, Proof
from rotationctl.output import columns, write, write_json
from rotationctl.plans import Step
from rotationctl.text import INDENT, NOTHING, Row, printable, table

TITLES = ("USER", "SESSION", "FROM", "PROGRAM", "SINCE", "ENDED")
JSON = {
    "secret": "its name",
    "arn": "its ARN",
    "version": "the version that has leaked",
    "rotations": "how many rotations it takes until its password is dead",
    "why": "why so many",
    "rotated": "the version that each rotation led to",
    "sessions": "with --local: the sessions that were open when the last rotation had ended; else null",
    "proof": f"with --local: {', '.join(Proof)}; else null",
    "by_hand": "what is left to type where the database cannot be reached from here: `why` and `command` of each step",
    "remains": "what remains, a sentence each",
    "ended": "the exit code",
}
SESSION_JSON = {
    "username": "whose it is",
    "number": "by which the server knows it",
    "address": "of the client; null where it has none",
    "program": "what the client calls itself; null where the server does not tell",
    "since": "when it began; null where the server does not tell",
    "ended": "whether --end-sessions has ended it; null without",
}


@dataclass(slots=True)
class Report:
    """What is planned, and what became of it."""

    leak: Leak
    by_hand: Sequence[Step]
    rotated: list[str] = field(default_factory=list)
    sessions: list[Found] | None = None
    proof: Proof | None = None
    sentence: str = ""
    code: Exit = Exit.NOT_FINE

    def plan(self, *, end_sessions: bool) -> Iterator[str]:
        """What is going to be done, for a person."""
        leak = self.leak
        labels = sorted(leak.secret.labels.stages_by_version.get(leak.version, ()))
        yield printable(f"{leak.secret.name}: version {leak.version} ({', '.join(labels) or 'no label'}) has leaked.")
        if leak.is_pending:
            yield "- Take AWSPENDING off it: a rotation that goes on would set this very password."
        times = "once" if leak.rotations == 1 else f"{leak.rotations} times"
        yield f"- Rotate {times}: {leak.why}."
        if self.by_hand:
            yield "- Print what to type to end open sessions and to try the password: without --local, that is by hand."
            return
        sessions = "End" if end_sessions else "Show"
        yield f"- {sessions} the sessions that are open under the secret's user names by then."
        yield "- Prove that the password is refused, by one login with it, which counts as a failed one."

    def write(self) -> None:
        """Print what became of it, for a person."""
        write([""])
        if self.sessions is not None:
            no_session = ["No session is open under the secret's user names."]
            write(table(TITLES, [_row(found) for found in self.sessions], columns()) or no_session)
        if self.sentence:
            write([self.sentence])
        for number, step in enumerate(self.by_hand, start=1):
            write(["", printable(f"{number}. {step.why}")])
            write([INDENT + printable(step.command)] if step.command else [])
        write(["", "What remains:", *(f"- {sentence}" for sentence in self.remains())])

    def write_json(self) -> None:
        """Print it as JSON."""
        leak = self.leak
        write_json(
            {
                "secret": leak.secret.name,
                "arn": leak.secret.arn,
                "version": leak.version,
                "rotations": leak.rotations,
                "why": leak.why,
                "rotated": self.rotated,
                "sessions": None if self.sessions is None else [_session(found) for found in self.sessions],
                "proof": self.proof,
                "by_hand": [{"why": step.why, "command": step.command} for step in self.by_hand],
                "remains": list(self.remains()),
                "ended": self.code,
            }
        )

    def remains(self) -> Iterator[str]:
        """What no rotation changes."""
        yield (
            "The leaked version can be read by its id (GetSecretValue) until Secrets Manager deletes it, as it does "
            "with the oldest of more than 100; CloudTrail says who has."
        )
        yield "Clients that keep a password in a cache are refused until they read AWSCURRENT again (docs/clients.md)."
        function = self.leak.secret.function
        is_new = len(self.rotated) > 1
        password = (
            "a password that is new too" if is_new else "the password that AWSCURRENT had before the last rotation"
        )
        if function and function.strategy == ALTERNATING_USERS:
            yield f"AWSPREVIOUS is the other user, with {password}; it logs in until the next rotation."
        elif self.leak.rotations > 1 or not function or by_hand(function.engine).KEEPS_OLD_PASSWORD:
            yield f"AWSPREVIOUS has {password}; it may log in until the next rotation."
        yield (
            "Whoever knew the password may have made a login of their own with it (docs/operations.md, A password has "
            "leaked)."
        )


def _row(found: Found) -> Row:
    one = found.session
    ended = {None: "no", True: "yes", False: "NOT"}[found.ended]
    return Row(
        [found.username, str(one.number), *(text or NOTHING for text in (one.address, one.program, one.since)), ended]
    )


def _session(found: Found) -> dict[str, object]:
    one = found.session
    return {
        "username": found.username,
        "number": one.number,
        "address": one.address,
        "program": one.program,
        "since": one.since,
        "ended": found.ended,
    }
