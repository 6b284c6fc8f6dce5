"""The promise: what must hold in every state, and what must follow from every end.

AWSCURRENT logs in. Two exceptions are named:

- the gap: with a single user and one password, from setSecret's change to the finishSecret after it, be it the next
  rotation's, where this one was cleared away;
- the late promotion: a finishSecret that was suspended between DescribeSecret and UpdateSecretVersionStage, while its
  AWSPENDING was cleared and the next rotation set its password. AWS has no promotion on the condition that the version
  is AWSPENDING. The next finishSecret ends it.
"""

import json
from collections.abc import Iterator

from lab.secretsmanager.versions import CURRENT, PENDING
from tests.model.deliveries import WHOLE, Delivery, Program, clear, rotate
from tests.model.explorer import Explorer
from tests.model.setup import Setup
from tests.model.world import StoredVersion, World

LATE_PROMOTION = "AWSCURRENT does not log in: a finishSecret promoted it when it was no longer AWSPENDING"
LOCKED_OUT = "AWSCURRENT does not log in"
BAD_LABELS = "AWSCURRENT is not on one version, or AWSPENDING on several"
NOT_HEALED = "the next rotation does not complete"


def logs_in(world: World, version: StoredVersion) -> bool:
    """Whether a version's user name and password are accepted."""
    if version.text is None:
        return False
    value = json.loads(version.text)
    account = world.account(value["username"])
    return account is not None and account.accepts(value["password"])


def breaches(setup: Setup, world: World) -> Iterator[str]:
    """What is wrong in a state."""
    labels = [label for version in world.secret.versions for label in version.labels]
    if labels.count(CURRENT) != 1 or labels.count(PENDING) > 1:
        yield BAD_LABELS
    elif not logs_in(world, world.secret.current) and not (setup.has_gap and _in_gap(world)):
        yield LATE_PROMOTION if world.promoted_unlabelled else LOCKED_OUT


def _in_gap(world: World) -> bool:
    """Whether AWSPENDING logs in, or what may have been it: a version that was made since AWSCURRENT."""
    since = world.secret.current.created
    return any(
        (version.created > since or PENDING in version.labels) and logs_in(world, version)
        for version in world.secret.versions
    )


def recover(program: Program, world: World) -> Iterator[str]:
    """Do what an operator does in the end: clear AWSPENDING if it is stuck, and rotate; what is wrong with that."""
    stuck = world.secret.unfinished
    moves = [clear(stuck.version_id)] if stuck else []
    world, ended = run_alone(program, world, Delivery("recovery", "Z", (*moves, rotate("Z"), *WHOLE)))
    if ended:
        yield f"{NOT_HEALED}: {ended}"
    elif world.secret.current.version_id != "Z" or not logs_in(world, world.secret.current):
        yield f"{NOT_HEALED}: AWSCURRENT does not log in after it"


def run_alone(program: Program, world: World, delivery: Delivery) -> tuple[World, str]:
    """Run a delivery with nothing else going on; the world after it, and how it ended."""
    explorer = Explorer(program, [delivery], pauses=0)
    state = explorer.start(world)
    while (ended := explorer.ends(state)[0]) is None:
        _, state = next(explorer.successors(state))
    return explorer.world(state), ended
