"""`rotationctl rotate`: rotate one secret or a fleet, a few at a time, and see each to its end."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import click

from rotationctl.asking import yes_option
from rotationctl.connection import Connection, takes_connection
from rotationctl.exits import Exit
from rotationctl.options import Moment, given, tag_option
from rotationctl.output import json_option
from rotationctl.timeout import timeout_option
from rotationctl.waves import result
from rotationctl.waves.asked import Asked
from rotationctl.waves.choice import Choice
from rotationctl.waves.run import Limits
from rotationctl.waves.session import Session

JSON = {"With `--json`, each line: a secret": result.JSON}
"""The keys of what --json prints, in tables."""
MOST_AT_ONCE = 25
"""Each rotation writes twice, and takes a second or more: Secrets Manager takes 50 such writes a second of an account.

Source: Secrets Manager User Guide, "Quotas": PutSecretValue and UpdateSecretVersionStage together, not adjustable.
"""
STATE_MACHINE = "secret-rotation-fleet"
"""What the state machine is called, if its template was not told otherwise."""
SHORTEST_INTERVAL = timedelta(hours=4)
"""No schedule rotates a secret again sooner, so who has rotated since then was rotated on purpose.

Source: Secrets Manager API Reference, RotationRulesType.
"""
_OF_THIS_PROGRAM = frozenset({"--at-once", "--per-database", "--known", "--keep-going", "--timeout"})
"""Options that a state machine does not know."""
_NOT_AGAIN = ("not_since", "dry_run")
"""Options that a run that goes on is not given again as they are."""
_WORDS = "\n".join(f"{outcome.value:12}  {outcome.meaning}" for outcome in result.Outcome)
HELP = f"""Rotate secrets now, a few at a time, and follow each to its end.

One SECRET (a name or an ARN) rotates at once. Several, those of a --tag, or --all of this account and region rotate in
waves: one alone, then the first of each database, then a few of each at once. The first failure of a new kind stops the
run: what is under way is followed to its end, and nothing more begins. A kind is what ERROR shows; --known and
--keep-going let the run go on.

Why a rotation fails is read from the log of its function. Without the right to do that (logs:FilterLogEvents), and for
functions that are not of this product, a rotation has failed when it is given up, turned off or not over within
--timeout. AWS repeats a rotation that fails by itself: what succeeds before the run ends is done.

Ctrl-C ends the run, and no rotation: what was begun goes on in AWS. The state of a run is in the secrets, nowhere else.
So the same command again goes on where it was: it leaves out whoever has rotated within the last four hours, as no
schedule does, or since --not-since. One SECRET alone always rotates. Two people who run it at once begin one rotation.

A fleet that takes longer than anybody wants to sit before it rotates --in-aws: the state machine of fleet/template.yaml
rotates as many at once as its parameters say, and stops at the failures that they do not tolerate. This looks on; after
Ctrl-C it goes on, and the same command later leaves out what is done.

The outcomes:

\b
{_WORDS}
"""


@click.command(help=HELP, short_help="Rotate now, one secret or many in waves.")
@click.argument("secrets", nargs=-1, metavar="[SECRET]...")
@tag_option("All secrets with this tag; with all of them, if repeated.")
@click.option("--all", "everything", is_flag=True, help="All secrets of the account and region that rotate.")
@click.option("--any-function", is_flag=True, help="Those of functions that are not of this product, too.")
@click.option("--group-by", metavar="TAG", help="The tag that says which database a secret is of, if RDS's does not.")
@click.option("--at-once", type=click.IntRange(1, MOST_AT_ONCE), default=10, show_default=True, metavar="N",
              help=f"How many rotate at once, {MOST_AT_ONCE} at most.")  # fmt: skip
@click.option("--per-database", type=click.IntRange(1, MOST_AT_ONCE), default=2, show_default=True, metavar="N",
              help="How many of them on one database.")  # fmt: skip
@click.option("--known", multiple=True, metavar="KIND", help="Go on after failures of this kind; may be repeated.")
@click.option("--keep-going", is_flag=True, help="Go on after failures of any kind.")
@click.option("--not-since", type=Moment(), metavar="WHEN",
              help="Leave out who has rotated since: 2h, 2026-11-26T09:00Z, or now.")  # fmt: skip
@timeout_option(600, "How long to wait for each rotation.")
@click.option("--in-aws", is_flag=True, help="Let a state machine rotate them, and look on.")
@click.option("--state-machine", default=STATE_MACHINE, show_default=True, metavar="NAME",
              help="Its name or ARN: see fleet/template.yaml.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Show which would rotate, in which order, and rotate none.")
@yes_option("Rotate several, too.")
@json_option
@takes_connection
def command(  # noqa: D103, PLR0913 - its help is above, and click hands over each option by its name
    *,
    secrets: Sequence[str],
    tags: Mapping[str, str],
    everything: bool,
    any_function: bool,
    group_by: str | None,
    at_once: int,
    per_database: int,
    known: Sequence[str],
    keep_going: bool,
    not_since: datetime | None,
    timeout: float,
    in_aws: bool,
    state_machine: str,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    connection: Connection,
) -> Exit:
    if [bool(secrets), bool(tags), everything].count(True) != 1:
        raise click.UsageError("Name each SECRET, or take those of a --tag, or --all: one of the three.")
    if not_since is None and len(secrets) != 1:
        not_since = datetime.now(UTC) - SHORTEST_INTERVAL
    words = given(click.get_current_context(), without=_NOT_AGAIN)
    choice = Choice(secrets, tags, any_function, not_since)
    if in_aws and not _OF_THIS_PROGRAM.isdisjoint(words):
        raise click.UsageError("How many --in-aws rotates, and how long it waits, are parameters of its template.")
    machine = state_machine if in_aws else None
    limits = Limits(timeout, frozenset(known), keep_going)
    session = Session(connection, Asked(choice, limits, group_by, at_once, per_database, words, machine))
    return session.run(dry_run=dry_run, yes=yes, as_json=as_json)
