"""`rotationctl leaked`: a password that others know is made worthless."""

from datetime import UTC, datetime

import click

from rotationctl import fleet
from rotationctl.asking import is_agreed, yes_option
from rotationctl.connection import Connection, takes_connection
from rotationctl.exits import Exit
from rotationctl.leaks import commands, report
from rotationctl.leaks.ending import Ender
from rotationctl.leaks.leak import Leak
from rotationctl.leaks.trial import Trial
from rotationctl.local.option import Local, takes_local
from rotationctl.local.values import Values
from rotationctl.mending import Mender
from rotationctl.output import json_option, say, write
from rotationctl.recovery import diagnose
from rotationctl.remedies import Adviser
from rotationctl.rotation import Rotator
from rotationctl.state import NOT_OURS, judge
from rotationctl.text import printable
from rotationctl.timeout import timeout_option
from rotationctl.versions import read_versions

JSON = {"With `--json`": report.JSON, "Each of its sessions": report.SESSION_JSON}
"""The keys of what --json prints, in tables."""
HELP = """End a password of a SECRET that others know.

It rotates until the leaked password is dead: once where a user has one password, twice where two users alternate or an
old password stays valid beside the new one. A version that is not AWSCURRENT takes as many, unless --local finds the
other one of two users in it. Each rotation is followed to its end before the next begins.

With --local it then shows the sessions that are still open under the secret's user names, with --end-sessions it ends
them, and it proves by one login with the leaked password that it is refused. It logs in as the secret's own users; no
superuser takes part. Without --local it prints what to type for that where the database can be reached.

Without --yes, or a yes on a terminal, it says what it would do, and does nothing. What Ctrl-C leaves goes on by itself;
run it again with the version's id. The exit code is 1 where something is left to do, and 3 where all that is left is
what it prints to be typed where the database can be reached.
"""


@click.command(help=HELP, short_help="End a password that others know.")
@click.argument("secret")
@click.option("--version-id", metavar="ID", help="The version that has leaked, if not AWSCURRENT.")
@click.option("--rotations", type=click.IntRange(0, 5), metavar="NUMBER",
              help="How often to rotate, if you know better; 0 for sessions and proof alone.")  # fmt: skip
@click.option("--end-sessions", is_flag=True, help="With --local: end the sessions that are open under its user names.")
@takes_local
@yes_option("Do it.")
@timeout_option(600, "How long to follow each rotation at most.")
@json_option
@takes_connection
def command(  # noqa: D103, PLR0913 - its help is above, and click hands over each option by its name
    *,
    secret: str,
    version_id: str | None,
    rotations: int | None,
    end_sessions: bool,
    local: Local | None,
    yes: bool,
    timeout: float,
    as_json: bool,
    connection: Connection,
) -> Exit:
    if end_sessions and local is None:
        raise click.UsageError("--end-sessions goes with --local.")
    rotator = Rotator(connection.secrets_manager(), Adviser(connection, datetime.now(UTC)), timeout)
    asked, adviser = fleet.describe_secret(rotator.client, secret, connection.options), rotator.adviser
    versions = [] if judge(asked, adviser.now) in NOT_OURS else read_versions(rotator.client, asked)
    found = diagnose(asked, versions, adviser.now)
    values = Values(rotator.client, asked)
    leak = Leak.of(found, version_id, rotations, adviser, values if local else None)
    trial = Trial.of(leak, values, local) if local else None
    plan = report.Report(leak, [] if local else list(commands.steps(leak, adviser)))
    if not as_json:
        write(plan.plan(end_sessions=end_sessions))
    options = [*(local.options if local else ()), *(["--end-sessions"] if end_sessions else ())]
    again = adviser.leaked(asked, ["--version-id", leak.version, *options])
    if is_agreed(printable(f"Do that with {asked.name}?"), yes=yes):
        Ender(Mender(rotator, found), plan, trial, again).run(end_sessions=end_sessions)
        if not as_json:
            plan.write()
    elif not as_json:
        say(printable(f"Nothing was done. To do it: {again} --yes"))
    if as_json:
        plan.write_json()
    return plan.code
