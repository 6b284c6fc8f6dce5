"""Nothing was lost: what must hold of a fleet once all of its rotations have ended."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from benchmarks.fleet.connections import left_open
from benchmarks.fleet.fleet import Fleet, Member

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

SHOWN_PROBLEMS = 10


class FleetError(Exception):
    """A fleet is not as it must be. The message says which secrets, and why."""


def check(fleet: Fleet, at_once: int) -> None:
    """Log in with AWSCURRENT of each secret, look at its labels, and at the sessions that the database still has.

    Raises:
        FleetError: something is not as it must be.
    """
    client = fleet.world.cloud.client()
    with ThreadPoolExecutor(at_once) as executor:
        found = list(executor.map(lambda member: problem_of(fleet, member, client), fleet.members))
    problems = [f"{member.secret_arn}: {text}" for member, text in zip(fleet.members, found, strict=True) if text]
    if sessions := left_open(fleet.server):
        problems.append(f"{sessions} sessions are still open")
    if problems:
        raise FleetError("\n".join([f"{fleet.function}: {len(problems)} problems", *problems[:SHOWN_PROBLEMS]]))


def problem_of(fleet: Fleet, member: Member, client: "SecretsManagerClient") -> str | None:
    """What is wrong with a secret; None where nothing is."""
    labels = fleet.world.cloud.labels(member.secret_arn)
    if not are_legal(labels):
        return f"its labels are {sorted(map(sorted, labels.values()))}"
    value = json.loads(client.get_secret_value(SecretId=member.secret_arn, VersionStage="AWSCURRENT")["SecretString"])
    if value["username"] not in (member.user.username, f"{member.user.username}_clone"):
        return f"AWSCURRENT names {value['username']}"
    return None if member.user.can_log_in(value["username"], value["password"]) else "AWSCURRENT does not log in"


def are_legal(labels: dict[str, set[str]]) -> bool:
    """Whether the labels are those of a secret whose rotation is complete."""
    current, previous, pending = (
        [version for version, carried in labels.items() if label in carried]
        for label in ("AWSCURRENT", "AWSPREVIOUS", "AWSPENDING")
    )
    return len(current) == len(previous) == 1 and current != previous and pending in ([], current)
