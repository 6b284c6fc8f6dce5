"""`rotationctl history`: what became of a secret's rotations, who asked for them, and who changed it by hand."""

import time
from dataclasses import replace
from datetime import UTC, datetime

import click

from rotationctl import fleet
from rotationctl.connection import Connection, takes_connection
from rotationctl.exits import Exit
from rotationctl.history import entries, report
from rotationctl.history.sources import Sources
from rotationctl.output import json_option
from rotationctl.remedies import Adviser
from rotationctl.rows import Status
from rotationctl.since import since_option
from rotationctl.state import State

JSON = {"With `--json`": report.JSON, "Each of its entries": entries.JSON}
"""The keys of what --json prints, in tables."""
_WORDS = "\n".join(f"{outcome.value:15}  {outcome.meaning}" for outcome in entries.Outcome)
HELP = f"""Show what became of a SECRET's rotations, the newest first: when, who asked, how each ended, why it failed.

It joins CloudTrail's event history with the function's log, by the version that each rotation was to. A rotation that
nobody asked for is the schedule's. What anybody but the rotation function changed is told, too: values put, labels
moved, rotation turned off. Without permission for one of the two it shows what the other has, and ends with 3.

CloudTrail keeps 90 days, may be 15 minutes late (what the log has is shown at once), and answers two calls a second
for 50 events each, of all secrets in the account and region: a history takes 12 calls at least, and more where many
secrets rotate. A shorter --since and a lower --limit take fewer.

How an entry ended is one of these words:

\b
{_WORDS}
"""


@click.command(help=HELP, short_help="What became of a secret's rotations, and who changed it.")
@click.argument("secret")
@since_option("90d", "How far back: 12h, 90d, or a date.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, metavar="NUMBER",
              help="How many entries at most.")  # fmt: skip
@json_option
@takes_connection
def command(*, secret: str, since: datetime, limit: int, as_json: bool, connection: Connection) -> Exit:  # noqa: D103 - its help is above
    adviser = Adviser(connection, datetime.now(UTC))
    found = fleet.describe_secret(connection.secrets_manager(), secret, connection.options)
    sources = Sources(connection, found, since, time.sleep)
    newest, is_whole = sources.entries(limit)
    log_command = adviser.log(found) if found.function_arn and found.function is None else None
    status = Status.of(found, adviser)
    if status.state is State.ROTATING and newest and newest[0].outcome is entries.Outcome.FAILED:
        status = replace(status, next_command=adviser.recover(found))  # to look on would not help
    shown = report.Report(status, since, newest, is_whole, sources.not_read, log_command)
    return shown.show(adviser.now, as_json=as_json)
