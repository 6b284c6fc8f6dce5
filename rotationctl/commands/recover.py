"""`rotationctl recover`: in which condition a rotation is that does not go on, and the way out."""

from collections.abc import Sequence
from datetime import UTC, datetime

import click

from rotationctl import fleet, recovering
from rotationctl.asking import is_agreed, yes_option
from rotationctl.connection import Connection, takes_connection
from rotationctl.exits import Exit
from rotationctl.local.option import Local, takes_local
from rotationctl.local.probing import probe
from rotationctl.local.values import Values
from rotationctl.mending import Mender
from rotationctl.output import json_option, say
from rotationctl.plans import Deed, Step, plan
from rotationctl.recovery import Condition, Diagnosis, diagnose
from rotationctl.remedies import Adviser
from rotationctl.rotation import Rotator
from rotationctl.rows import Status
from rotationctl.secret import Secret
from rotationctl.state import State, judge
from rotationctl.timeout import timeout_option
from rotationctl.versions import read_versions

JSON = {
    "With `--json`": recovering.JSON,
    "Each of its versions": recovering.VERSION_JSON,
    "Each step of its plan": recovering.STEP_JSON,
}
"""The keys of what --json prints, in tables."""
_WORDS = "\n".join(f"{condition.value:18}  {condition.meaning}" for condition in Condition)
HELP = f"""Say in which condition the rotation of a SECRET is, and the safe way out, as commands to type or with --yes.

By itself it reads labels and dates, and changes nothing. With --local it also logs in as the versions of the secret, to
find out which of them the database accepts: the likeliest first, at most four rejected logins.

--yes does the one safe step of the plan: it rotates, and follows that to its end; before that it takes AWSPENDING off
where that is outdated. AWSCURRENT is put on a version only where a login has proven it. Whatever interrupts it, and
whoever does the same beside it: run it again. The exit code is 1 where somebody has to do something.

The condition is the first of these that holds:

\b
{_WORDS}
"""


@click.command(help=HELP, short_help="The way out, where a rotation does not go on.")
@click.argument("secret")
@takes_local
@yes_option("Do the one safe step of the plan.")
@click.option("--give-up", is_flag=True, help="With --yes: give up a rotation that can never succeed.")
@timeout_option(600, "How long to follow a rotation at most.")
@json_option
@takes_connection
def command(  # noqa: D103, PLR0913 - its help is above, and click hands over each option by its name
    *, secret: str, local: Local | None, yes: bool, give_up: bool, timeout: float, as_json: bool, connection: Connection
) -> Exit:
    rotator = Rotator(connection.secrets_manager(), Adviser(connection, datetime.now(UTC)), timeout)
    found = _diagnose(fleet.describe_secret(rotator.client, secret, connection.options), rotator, local)
    steps = plan(found, rotator.adviser)
    report = recovering.Report(Status.of(found.secret, rotator.adviser), found, steps)
    if not as_json:
        report.write()
    step = _step(steps, give_up=give_up)
    ended = _do(Mender(rotator, found), step, yes=yes)
    if as_json:
        report.write_json(ended)
    elif step and ended is None:
        options = [*(local.options if local else ()), *(["--give-up"] if give_up else ()), "--yes"]
        say(f"To have that done: {rotator.adviser.recover(found.secret, *options)}")
    return report.code if ended is None else ended


def _step(steps: Sequence[Step], *, give_up: bool) -> Step | None:
    """The step of the plan to be done."""
    return next((step for step in steps if step.deed and (step.deed is Deed.GIVE_UP or not give_up)), None)


def _diagnose(secret: Secret, rotator: Rotator, local: Local | None) -> Diagnosis:
    now = rotator.adviser.now
    versions = [] if judge(secret, now) is State.DELETED else read_versions(rotator.client, secret)
    found = diagnose(secret, versions, now)
    if local is None or found.condition in (Condition.ELSEWHERE, Condition.ROTATING):
        return found
    return diagnose(secret, versions, now, probe(Values(rotator.client, secret), versions, local))


def _do(mender: Mender, step: Step | None, *, yes: bool) -> Exit | None:
    """Do the step, unless there is none, or nobody agrees."""
    secret = mender.found.secret
    if step is None:
        if yes:
            say("There is nothing that --yes could do.")
        return None
    if not is_agreed(mender.question(step), yes=yes):
        return None
    try:
        return mender.do(step)
    except KeyboardInterrupt:
        say(f"A rotation that has begun goes on by itself. How it stands: {mender.rotator.adviser.recover(secret)}")
        raise
