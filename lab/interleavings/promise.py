"""The promise: what must hold in every state, and what must follow from every end.

AWSCURRENT logs in. Two exceptions are named:

- the gap: with a single user and one password, from setSecret's change to the finishSecret after it, be it the next
  rotation's, where this one was cleared away; where setSecret moves AWSCURRENT itself (PROMOTE_EARLY), to that move,
  unless the function dies or is overtaken before it;
- the late promotion: a finishSecret that was suspended between DescribeSecret and UpdateSecretVersionStage, while its
  AWSPENDING was cleared and the next rotation set its password. AWS has no promotion on the condition that the version
  is AWSPENDING. The next finishSecret ends it.
"""

import json
from collections.abc import Iterator

from lab.interleavings.deployment import Deployment
from lab.interleavings.explorer import Explorer
from lab.interleavings.processes import WHOLE, Process, Program, clear, rotate
from lab.interleavings.state import SecretVersion, SharedState
from secret_rotation.labels import AWSCURRENT, AWSPENDING

LATE_PROMOTION = "AWSCURRENT does not log in: a finishSecret promoted it when it was no longer AWSPENDING"
LOCKED_OUT = "AWSCURRENT does not log in"
BAD_LABELS = "AWSCURRENT is not on one version, or AWSPENDING on several"
NOT_HEALED = "the next rotation does not complete"


def logs_in(state: SharedState, version: SecretVersion) -> bool:
    """Whether a version's user name and password are accepted."""
    if version.text is None:
        return False
    value = json.loads(version.text)
    user = state.user(value["username"])
    return user is not None and user.accepts(value["password"])


def breaches(deployment: Deployment, state: SharedState) -> Iterator[str]:
    """What is wrong in a state."""
    labels = [label for version in state.secret.versions for label in version.labels]
    if labels.count(AWSCURRENT) != 1 or labels.count(AWSPENDING) > 1:
        yield BAD_LABELS
    elif not logs_in(state, state.secret.current) and not (deployment.has_gap and _in_gap(state)):
        yield LATE_PROMOTION if state.promoted_unlabelled else LOCKED_OUT


def _in_gap(state: SharedState) -> bool:
    """Whether AWSPENDING logs in, or what may have been it: a version that was made since AWSCURRENT."""
    since = state.secret.current.created
    return any(
        (version.created > since or AWSPENDING in version.labels) and logs_in(state, version)
        for version in state.secret.versions
    )


def recover(program: Program, state: SharedState) -> Iterator[str]:
    """Do what an operator does in the end: clear AWSPENDING if it is stuck, and rotate.

    Yields:
        What is wrong after that.
    """
    stuck = state.secret.unfinished
    moves = [clear(stuck.version_id)] if stuck else []
    state, ended = run_alone(program, state, Process("recovery", "Z", (*moves, rotate("Z"), *WHOLE)))
    if ended:
        yield f"{NOT_HEALED}: {ended}"
    elif state.secret.current.version_id != "Z" or not logs_in(state, state.secret.current):
        yield f"{NOT_HEALED}: AWSCURRENT does not log in after it"


def run_alone(program: Program, shared: SharedState, process: Process) -> tuple[SharedState, str]:
    """Run a process with nothing else going on.

    Returns:
        The state after it, and how the process ended: "" for well, or the name of the error.
    """
    explorer = Explorer(program, [process], pauses=0)
    state = explorer.start(shared)
    while (ended := explorer.ends(state)[0]) is None:
        _, state = next(explorer.successors(state))
    return explorer.shared(state), ended
