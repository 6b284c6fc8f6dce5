"""Nothing was lost: what must hold of a fleet once all of its rotations have ended."""

from concurrent.futures import ThreadPoolExecutor

from benchmarks.measure.connections import left_open
from benchmarks.measure.fleet import Fleet, Member
from secret_rotation.labels import AWSCURRENT, AWSPENDING, AWSPREVIOUS

SHOWN_PROBLEMS = 10


class FleetError(Exception):
    """A fleet is not as it must be. The message says which secrets, and why."""


def check(fleet: Fleet, at_once: int) -> None:
    """Log in with AWSCURRENT of each secret, look at its labels, and at the sessions that the database still has.

    Raises:
        FleetError: something is not as it must be.
    """
    with ThreadPoolExecutor(at_once) as executor:
        found = list(executor.map(problem_of, fleet.members))
    problems = [f"{member.secret.arn}: {text}" for member, text in zip(fleet.members, found, strict=True) if text]
    if sessions := left_open(fleet.server):
        problems.append(f"{sessions} sessions are still open")
    if problems:
        raise FleetError("\n".join([f"{fleet.pairing}: {len(problems)} problems", *problems[:SHOWN_PROBLEMS]]))


def problem_of(member: Member) -> str | None:
    """Look at the labels of a secret, and log in with its AWSCURRENT.

    Returns:
        What is wrong, or None where nothing is.
    """
    labels = member.secret.labels()
    if not are_legal(labels):
        return f"its labels are {sorted(map(sorted, labels.values()))}"
    username, password = member.credentials()
    if username not in (member.user.username, f"{member.user.username}_clone"):
        return f"AWSCURRENT names {username}"
    return None if member.user.can_log_in(username, password) else "AWSCURRENT does not log in"


def are_legal(labels: dict[str, set[str]]) -> bool:
    """Whether the labels are those of a secret whose rotation is complete."""
    current, previous, pending = (
        [version for version, carried in labels.items() if label in carried]
        for label in (AWSCURRENT, AWSPREVIOUS, AWSPENDING)
    )
    return len(current) == len(previous) == 1 and current != previous and pending in ([], current)
