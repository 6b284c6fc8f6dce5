"""`rotationctl status`: how every secret's rotation stands."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial

import click

from rotationctl import fleet, following, listing, rows
from rotationctl.connection import Connection, takes_connection
from rotationctl.exits import Exit
from rotationctl.options import tag_option
from rotationctl.output import json_option
from rotationctl.remedies import Adviser
from rotationctl.state import ALARMING, State
from rotationctl.timeout import timeout_option

JSON = {
    "With `--json`": listing.JSON,
    "Each of its secrets": rows.JSON,
    "With `--watch --json`, each line": following.JSON,
}
"""The keys of what --json prints, in tables."""
_WORDS = "\n".join(f"{state.value:14}  {state.meaning}" for state in State)
HELP = f"""Show how the rotation of every secret stands, and what to type next where one is not fine.

Without a SECRET (a name or an ARN), all secrets of the account and region are read by ListSecrets, which may miss what
happened within the last five minutes. Those that are named are read by DescribeSecret, which misses nothing. The exit
code is 1 if one is {", ".join(ALARMING[:-1])} or {ALARMING[-1]}.

The state of a secret is the first of these words that holds:

\b
{_WORDS}

AWS does not say when a rotation was last tried. CHANGED is when anything about the secret last changed: a label, a
value, a tag. So no word can tell a rotation that is tried again just now from one that nobody tries any more (both are
stuck or failing), nor a function that could not be invoked from one that failed and was given up (both are overdue).
PENDING is the version of a rotation that is not complete.
"""


@click.command(help=HELP, short_help="How every secret's rotation stands.")
@click.argument("secrets", nargs=-1, metavar="[SECRET]...")
@tag_option("Only secrets with this tag; with all of them, if repeated.")
@click.option("--stuck", is_flag=True, help="Only those that are stuck or failing.")
@click.option("--overdue", is_flag=True, help="Only those that are overdue or failing.")
@click.option("--watch", is_flag=True, help="Follow the rotation of one SECRET until it ends.")
@timeout_option(600, "How long to follow it at most.")
@json_option
@takes_connection
def command(  # noqa: D103, PLR0913 - its help is above, and click hands over each option by its name
    *,
    secrets: Sequence[str],
    tags: Mapping[str, str],
    stuck: bool,
    overdue: bool,
    watch: bool,
    timeout: float,
    as_json: bool,
    connection: Connection,
) -> Exit:
    if watch and (len(secrets) != 1 or tags or stuck or overdue):
        raise click.UsageError("--watch follows one SECRET, without --tag, --stuck and --overdue.")
    client, adviser = connection.secrets_manager(), Adviser(connection, datetime.now(UTC))
    if watch:
        read = partial(fleet.describe_secret, client, secrets[0], connection.options)
        return following.Follower(read, as_json).run(adviser, timeout)
    return listing.Listing(secrets, tags, _states(stuck=stuck, overdue=overdue)).show(client, adviser, as_json=as_json)


def _states(*, stuck: bool, overdue: bool) -> frozenset[State]:
    """The states to show: all, unless some were asked for."""
    asked = {State.STUCK: stuck, State.OVERDUE: overdue, State.FAILING: stuck or overdue}
    return frozenset(state for state, wanted in asked.items() if wanted) or frozenset(State)
