"""`rotationctl report`: what an auditor asks of all secrets that rotate."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from rotationctl.connection import Connection, takes_connection
from rotationctl.exits import Exit
from rotationctl.options import tag_option
from rotationctl.output import json_option
from rotationctl.report import controls, document, entry, events, population, rules, verifications, waiver
from rotationctl.report.publishing import Publication
from rotationctl.report.reading import Asked, Reader
from rotationctl.report.sources import SOURCES

JSON = {
    "With `--json`": document.JSON,
    "Each of its secrets": entry.JSON,
    "Each of its findings": rules.JSON,
    "Each of its rotations": events.JSON,
    "Its verification": verifications.JSON,
    "Its exception": waiver.JSON,
    "Each secret that is left out": population.JSON,
    "Each of the controls": controls.CONTROL_JSON,
    "Each of AWS's checks": controls.CHECK_JSON,
}
"""The keys of what --json prints, in tables."""
_RULES = "\n".join(f"{rule.value:22}  {rule.meaning}" for rule in rules.Rule if rule.counts)
_NOTES = "\n".join(f"{rule.value:22}  {rule.meaning}" for rule in rules.Rule if not rule.counts)
_SOURCES = "\n".join(f"{name:22}  {what}." for name, what in SOURCES.items())
HELP = f"""Show for each secret that a function rotates what shall happen, what did, and what proves it.

It reads metadata and events, and no value: ListSecrets, and where it may, each secret's own policy, CloudTrail's events
of rotations, and the log of the doctor's daily logins. What it could not read it says. The exit code is 1 where a
finding counts and no exception covers it, and otherwise 3 where something could not be read.

What counts:

\b
{_RULES}

What is a note:

\b
{_NOTES}

An exception is made by two tags of the secret: {waiver.REASON_TAG} has the reason, {waiver.UNTIL_TAG} the last day, as
2026-12-31. What it covers stays in the report. It covers nothing about who may read, and no password that was rejected.

What may be skipped:

\b
{_SOURCES}
"""
AGE = re.compile(r"(\d{1,4})d?")


def _age(_context: click.Context, _parameter: click.Parameter, text: str) -> timedelta:
    found = AGE.fullmatch(text)
    if found is None or int(found[1]) == 0:
        raise click.BadParameter(f"{text!r} is no number of days, as 90d.")
    return timedelta(days=int(found[1]))


_FILE = click.Path(path_type=Path, allow_dash=False)


@click.command(help=HELP, short_help="What an auditor asks of all secrets.")
@tag_option("Only secrets with this tag; with all of them, if repeated.")
@click.option("--max-age", default="90d", show_default=True, metavar="DAYS", callback=_age,
              help="How old a password may be.")  # fmt: skip
@click.option("--owner-tag", default="owner", show_default=True, metavar="KEY", help="The tag that names an owner.")
@click.option("--events", "most", type=click.IntRange(1, 50), default=3, show_default=True, metavar="NUMBER",
              help="How many rotations to prove for each secret.")  # fmt: skip
@click.option("--doctor-log", "doctor_logs", multiple=True, metavar="GROUP",
              help="The log group of the doctor, if it is not in the functions' stack.")  # fmt: skip
@click.option("--skip", multiple=True, type=click.Choice(list(SOURCES)), help="Do not read this; may be repeated.")
@click.option("--html", "page", type=_FILE, metavar="FILE", help="Write a page that prints well.")
@click.option("--csv", "spreadsheet", type=_FILE, metavar="FILE", help="Write a row for each secret.")
@click.option("--fail-on", type=click.Choice(["finding", "none"]), default="finding", show_default=True,
              help="What makes the exit code 1.")  # fmt: skip
@json_option
@takes_connection
def command(  # noqa: D103, PLR0913 - its help is above, and click hands over each option by its name
    *,
    tags: Mapping[str, str],
    max_age: timedelta,
    owner_tag: str,
    most: int,
    doctor_logs: Sequence[str],
    skip: Sequence[str],
    page: Path | None,
    spreadsheet: Path | None,
    fail_on: str,
    as_json: bool,
    connection: Connection,
) -> Exit:
    publication = Publication(page, spreadsheet, as_json=as_json, may_fail=fail_on == "finding")
    publication.check()
    asked = Asked(tags, max_age, owner_tag, most, doctor_logs, skip)
    return publication.publish(Reader(connection, asked, datetime.now(UTC)).read(), connection.options)
