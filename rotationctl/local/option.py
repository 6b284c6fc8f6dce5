"""--local, and how a database is reached from here."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import Any

import click

from secret_rotation.credentials import Credentials

_ADDRESS = re.compile(r"(?P<host>[A-Za-z0-9][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5})")
MAX_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Local:
    """How databases are reached from here.

    Attributes:
        ca_bundle: authorities to trust instead of RDS's own.
        through: host and port of a tunnel to the database.
    """

    ca_bundle: Path | None = None
    through: tuple[str, int] | None = None

    @property
    def options(self) -> list[str]:
        """The same options again, for a command that is printed."""
        bundle = ["--ca-bundle", str(self.ca_bundle)] if self.ca_bundle else []
        tunnel = ["--through", ":".join(map(str, self.through))] if self.through else []
        return ["--local", *bundle, *tunnel]

    def reach(self, credentials: Credentials) -> Credentials:
        """The same through the tunnel: the server's certificate has to be for the name that the secret has."""
        if self.through is None:
            return credentials
        host, port = self.through
        tlsname = credentials.certified_name if credentials.tls else None
        return replace(credentials, host=host, port=port, tlsname=tlsname)


def _address(_context: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[str, int] | None:
    if value is None:
        return None
    found = _ADDRESS.fullmatch(value)
    if found is None or not 1 <= int(found["port"]) <= MAX_PORT:
        raise click.BadParameter("it is no HOST:PORT such as 127.0.0.1:5433")
    return found["host"].strip("[]"), int(found["port"])


ca_bundle_option = click.option(
    "--ca-bundle", metavar="FILE", envvar="RDS_CA_BUNDLE", type=click.Path(dir_okay=False, path_type=Path),
    help="With --local: certificate authorities to trust instead of those of RDS (or RDS_CA_BUNDLE).",
)  # fmt: skip
_OPTIONS = (
    click.option("--local", is_flag=True,
                 help="Read values and log in from here. It takes a network that reaches the database, the right to "
                 "read the secret, and `pip install 'rotationctl[local]'`."),
    ca_bundle_option,
    click.option("--through", metavar="HOST:PORT", callback=_address,
                 help="With --local: a tunnel to the database. The certificate has to be the database's all the same."),
)  # fmt: skip


def takes_local(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options; it takes them as one `local`, which is None without --local."""

    @wraps(command)
    def call(*, local: bool, ca_bundle: Path | None, through: tuple[str, int] | None, **others: object) -> object:
        if through and not local:
            raise click.UsageError("--through goes with --local.")
        return command(local=Local(ca_bundle, through) if local else None, **others)

    for option in reversed(_OPTIONS):
        call = option(call)
    return call
