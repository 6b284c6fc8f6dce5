"""`rotationctl discover`: what could be attached, and is not."""

from datetime import UTC, datetime

import click

from rotationctl import fleet
from rotationctl.connection import Connection, takes_connection
from rotationctl.discovery import accounts, report
from rotationctl.discovery.candidate import Verdict
from rotationctl.discovery.databases import read_databases
from rotationctl.discovery.matching import Estate
from rotationctl.discovery.values import Read, read_contents
from rotationctl.exits import Exit
from rotationctl.local.option import Local, takes_local
from rotationctl.output import json_option
from rotationctl.remedies import Adviser
from rotationctl.state import State, judge

JSON = {
    "With `--json`": report.JSON,
    "Each of `found`": report.CANDIDATE_JSON,
    "Each of `accounts`": accounts.JSON,
}
"""The keys of what --json prints, in tables."""
_WORDS = "\n".join(f"{verdict.value:14}  {verdict.meaning}" for verdict in Verdict)
HELP = f"""Show the databases of RDS with the secrets that are theirs, who rotates them, and what could be attached.

A secret is a database's where RDS says so, or its tags do. With --read-values also where its value names one of the
database's hosts; then it is told what is missing in it, and which secrets name the same user. Of a value, host, user
name, engine and masterarn are looked at; no password is ever shown.

With --local and --superuser SECRET it logs in as that superuser, and compares who may log in there with the secrets:
accounts that have none, and those whose password is kept by a method that is going away (md5, mysql_native_password; on
RDS for PostgreSQL nobody may see that). Nothing is changed.

\b
{_WORDS}
"""


@click.command(help=HELP, short_help="What could be attached, and is not.")
@click.option("--read-values", is_flag=True, help="Read the values of all secrets, by twenty at once.")
@click.option("--superuser", metavar="SECRET", help="With --local and --read-values: the secret to log in with.")
@takes_local
@json_option
@takes_connection
def command(  # noqa: D103 - its help is above
    *, read_values: bool, superuser: str | None, local: Local | None, as_json: bool, connection: Connection
) -> Exit:
    if (superuser is None) != (local is None) or (superuser and not read_values):
        raise click.UsageError("--superuser goes with --local and --read-values, and --local with --superuser.")
    client, adviser = connection.secrets_manager(), Adviser(connection, datetime.now(UTC))
    listed = (secret for secret in fleet.list_secrets(client, {}) if judge(secret, adviser.now) is not State.REPLICA)
    secrets = sorted(listed, key=lambda secret: secret.name)
    databases = sorted(read_databases(connection.client("rds")), key=lambda database: database.name)
    read = read_contents(client, secrets) if read_values else Read({}, ())
    estate = Estate(databases, secrets, read.contents)
    candidates = list(estate.candidates())
    matched = {one.secret.arn for one in candidates if one.secret}
    unknown = [one for one in secrets if one.arn not in matched and judge(one, adviser.now) is State.NO_ROTATION]
    known = None
    if superuser and local:
        asked = fleet.describe_secret(client, superuser, connection.options)
        known = list(accounts.known_accounts(client, asked, estate, local))
    not_matched = 0 if read_values else len(unknown)
    found = report.Report(client.meta.region_name, candidates, not_matched, read.unread, known, adviser)
    if as_json:
        found.write_json()
    else:
        found.write()
    return Exit.PARTLY if read.unread else Exit.FINE
