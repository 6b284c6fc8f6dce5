"""`rotationctl check`: what would keep a secret from rotating, and what to do about it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from rotationctl.checks import layout, looking, report
from rotationctl.checks import local as drivers
from rotationctl.checks.case import Case
from rotationctl.checks.planned import Planned
from rotationctl.connection import Connection, takes_connection
from rotationctl.exits import Exit
from rotationctl.functions import Strategy
from rotationctl.local.option import Local, ca_bundle_option
from rotationctl.output import json_option, write, write_json
from rotationctl.remedies import Adviser
from secret_rotation.doctor.catalogue import CATALOGUE, LAYERS, Check, Place, UnknownCheckError, named

JSON = {
    "With `--json`": report.JSON,
    "Each of its checks": report.CHECK_JSON,
    "With `--list --json`, each of its checks": report.LIST_JSON,
}
"""The keys of what --json prints, in tables."""
HELP = f"""Find out whether a SECRET (a name or an ARN) can rotate, and what to do where it cannot.

The checks are in layers: {", ".join(LAYERS)}. One layer is looked at after the other, and none beyond one that is
broken, since what comes later would be noise. Nothing is changed. Whatever you lack the permission for is skipped, and
counted as such. Each check has a name, which is a heading in docs/checks.md.

What can only be seen within the database's network is looked at by the doctor's function, which the stack has with the
parameter Doctor. It logs in to the database once, as AWSCURRENT. With --local the same is done here: that needs
`pip install 'rotationctl[local]'`, a network that reaches the database, and the right to read the secret's value, which
is never shown.

The exit code is 1 where a check failed, or with --fail-on warning where one warned; 3 where none of those that were
asked for could be made.
"""


def _checks(_context: click.Context, _parameter: click.Parameter, names: Sequence[str]) -> list[Check]:
    """The checks of these names; without any, all that need not be asked for by name."""
    if not names:
        return [check for check in CATALOGUE if check.place is not Place.BY_NAME]
    try:
        return list(named(names))
    except UnknownCheckError as error:
        raise click.BadParameter(f"there is no check and no layer {error}. --list shows them all.") from None


@click.command(help=HELP, short_help="Whether a secret can rotate, and what to do where it cannot.")
@click.argument("secret", required=False)
@click.option("--only", "checks", multiple=True, metavar="CHECK", callback=_checks,
              help="Only this check, or all of this layer; repeat it for several.")  # fmt: skip
@click.option("--list", "list_all", is_flag=True, help="List all checks, and run none.")
@click.option("-o", "--output", type=click.Choice(["all", "short"]), default="all", show_default=True,
              help="short shows only what is not all right.")  # fmt: skip
@click.option("--fail-on", type=click.Choice([choice.value for choice in report.Threshold]), default="error",
              show_default=True, help="From what on the exit code is 1.")  # fmt: skip
@click.option("--pre", is_flag=True, help="Before anything is attached: what would stand in the way of --strategy.")
@click.option(
    "--strategy", type=click.Choice([choice.value for choice in Strategy]), help="What is to be attached, with --pre."
)
@click.option("--function", "function_arn", metavar="ARN", help="The function that is to be attached, with --pre.")
@click.option("--doctor", metavar="FUNCTION", help="The doctor's function, if not the one of the function's stack.")
@click.option("--local", is_flag=True, help="Look at the database from here.")
@ca_bundle_option
@click.option("--no-inside", is_flag=True, help="Leave out what can only be seen within the database's network.")
@click.option("--database", metavar="IDENTIFIER", help="The instance or cluster in RDS, to check its security groups.")
@json_option
@takes_connection
def command(  # noqa: D103, PLR0913 - its help is above, and click hands over each option by its name
    *,
    secret: str | None,
    checks: Sequence[Check],
    list_all: bool,
    output: str,
    fail_on: str,
    pre: bool,
    strategy: str | None,
    function_arn: str | None,
    doctor: str | None,
    local: bool,
    ca_bundle: Path | None,
    no_inside: bool,
    database: str | None,
    as_json: bool,
    connection: Connection,
) -> Exit:
    if list_all:
        if as_json:
            write_json(report.list_document())
        else:
            write(layout.catalogue())
        return Exit.FINE
    if secret is None:
        raise click.UsageError("Name a SECRET, or --list.")
    if pre != bool(strategy) or (function_arn and not pre):
        raise click.UsageError("--pre and --strategy belong together, and --function to them.")
    if sum(map(bool, (local, no_inside, doctor))) > 1:
        raise click.UsageError("--doctor, --local and --no-inside exclude each other.")
    if local:
        drivers.require_drivers()
    planned = Planned(Strategy(strategy), function_arn) if strategy else None
    case = Case(secret, Adviser(connection, datetime.now(UTC)), planned, database)
    way = looking.Way(doctor=doctor, local=Local(ca_bundle) if local else None, is_left_out=no_inside)
    options = [*(planned.options if planned else ()), *way.options, *(["--database", database] if database else ())]
    shown = report.Report(case, checks, partial(looking.look, case, way), report.Threshold(fail_on), options)
    return shown.show(as_json=as_json, is_short=output == "short")
