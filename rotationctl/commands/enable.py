"""`rotationctl enable`: attach a rotation function to secrets, without rotating them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import click

from rotationctl import fleet
from rotationctl.asking import yes_option
from rotationctl.connection import Connection, takes_connection
from rotationctl.enabling import result
from rotationctl.enabling.attachment import Attachments
from rotationctl.enabling.configuration import SUGGESTED, Schedule, Window
from rotationctl.enabling.dry_run import DryRun
from rotationctl.enabling.plan import Planner
from rotationctl.enabling.session import Session
from rotationctl.enabling.target import Targets, Wanted, engines, functions_of, strategies
from rotationctl.exits import Exit
from rotationctl.following import CLOCK
from rotationctl.function_log import LogGroups, LogReader
from rotationctl.options import given, tag_option
from rotationctl.output import json_option
from rotationctl.remedies import Adviser
from rotationctl.text import printable
from rotationctl.timeout import timeout_option
from secret_rotation.commands import shell_line

JSON = {"With `--json`, each line: a secret": result.JSON}
"""The keys of what --json prints, in tables."""
_WORDS = "\n".join(f"{outcome.value:15}  {outcome.meaning}" for outcome in result.Outcome)
HELP = f"""Attach a rotation function to secrets without rotating them, and test it.

Secrets Manager tests a function that is attached: a dry run of testSecret on a copy of AWSCURRENT, which finds out what
a rotation would stop at. It is followed to its end in the function's log. Where it fails, what was there before is put
back: the former function and schedule, or no rotation. How to undo it is printed before anything is changed.

The function is the one for --strategy and the secret's engine, which its former function tells, or --engine, or, with
--read-value, the key `engine` of the value (which takes the right to read it; nothing of it is shown). Without
--schedule a secret keeps the one that it has.

A secret that rotates already by days or a rate() may do so once more by its old schedule while this goes on, says AWS.
Such secrets are told. A schedule such as {SUGGESTED} says when, and cannot.

Secrets are attached one after the other, and the first failure ends it, unless --keep-going. The same command again
goes on: what is attached is tested again, and stays as it is.

The outcomes:

\b
{_WORDS}
"""


@click.command(help=HELP, short_help="Attach a function without rotating, and test it.")
@click.argument("secrets", nargs=-1, metavar="[SECRET]...")
@tag_option("All secrets with this tag; with all of them, if repeated.")
@click.option("--strategy", type=click.Choice(strategies()), help="How it rotates.")
@click.option("--function", metavar="ARN", help="The function, in place of --strategy.")
@click.option("--stack", metavar="NAME", help="The stack whose functions to choose from, if there are several.")
@click.option("--engine", type=click.Choice(engines()), help="The engine, where metadata does not tell.")
@click.option("--read-value", is_flag=True, help="Read the engine out of the value, where metadata does not tell.")
@click.option("--schedule", type=Schedule(), metavar="EXPRESSION",
              help=f"When to rotate: 'rate(30 days)', or '{SUGGESTED}' in UTC.")  # fmt: skip
@click.option("--window", type=Window(), metavar="HOURS", help="How long after that it may begin: 2h.")
@timeout_option(120, "How long to wait for each dry run.")
@click.option("--keep-going", is_flag=True, help="Go on with the next secret after a failure.")
@click.option("--dry-run", is_flag=True, help="Show what would be attached, and attach nothing.")
@yes_option("Attach several, too.")
@json_option
@takes_connection
def command(  # noqa: D103, PLR0913 - its help is above, and click hands over each option by its name
    *,
    secrets: Sequence[str],
    tags: Mapping[str, str],
    strategy: str | None,
    function: str | None,
    stack: str | None,
    engine: str | None,
    read_value: bool,
    schedule: str | None,
    window: str | None,
    timeout: float,
    keep_going: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    connection: Connection,
) -> Exit:
    if bool(secrets) == bool(tags):
        raise click.UsageError("Name each SECRET, or take those of a --tag: one of the two.")
    if bool(strategy) == bool(function):
        raise click.UsageError("Say how it rotates by --strategy, or by --function: one of the two.")
    client, functions = connection.secrets_manager(), connection.client("lambda")
    adviser = Adviser(connection, datetime.now(UTC))
    wanted = Wanted(function, strategy, engine, read_value)
    targets = Targets(wanted, [] if function else functions_of(functions, stack), client)
    planner = Planner(client, adviser, targets, schedule, window)
    names = secrets or sorted(secret.arn for secret in fleet.list_secrets(client, tags))
    planned = {plan.secret.arn: plan for plan in map(planner.plan, dict.fromkeys(names))}  # a secret has two names
    session = Session(
        Attachments(client, CLOCK, timeout),
        DryRun(client, LogReader(connection.client("logs"), connection.options), CLOCK, timeout),
        LogGroups(lambda: functions),
        adviser,
        CLOCK,
        _again(click.get_current_context(), connection, secrets),
    )
    return session.run(list(planned.values()), dry_run=dry_run, yes=yes, keep_going=keep_going, as_json=as_json)


def _again(context: click.Context, connection: Connection, secrets: Sequence[str]) -> str:
    """The command that goes on."""
    options = [*given(context, without=("dry_run",)), *connection.options]
    return printable(shell_line(["rotationctl", "enable", *options, *(["--", *secrets] if secrets else [])]))
