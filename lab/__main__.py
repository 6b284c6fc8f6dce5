"""``python -m lab`` keeps the lab up; ``python -m lab login SECRET`` tries a secret of it."""

import argparse
import errno
import signal
import sys

from lab import console
from lab.console import Printer
from lab.up.follower import Follower
from lab.up.instructions import instructions
from lab.up.login import log_in
from lab.up.place import Place, add_place_options
from lab.up.residents import find_code, move_in, prepare_ca_bundle
from lab.world import EngineName, World

DESCRIPTION = """\
Keep a local Secrets Manager, real databases and the four functions up, and follow
rotations as they happen. Ctrl-C ends it.
"""


def main() -> int:
    """Do what the command line says; returns the exit status."""
    arguments = _parser().parse_args()
    place = Place(arguments.address, arguments.port)
    console.stay_local(place.address)
    if arguments.command == "login":
        return 0 if log_in(arguments.secret, place, Printer(sys.stdout)) else 1
    engines = [arguments.engine] if arguments.engine else list(EngineName)
    keep_up(engines, place, Printer(sys.stdout))
    return 0


def keep_up(engines: list[EngineName], place: Place, printer: Printer) -> None:
    """Start everything, print what to type, and wait for Ctrl-C or SIGTERM."""
    with _world(place, printer) as world:
        printer.line("Starting the lab (the first time, databases are downloaded) ...")
        servers = world.start_servers(engines)
        for engine, server in zip(engines, servers, strict=True):
            move_in(world, engine, server)
        printer.line(instructions(world, engines, servers, place))
        try:
            while True:
                signal.pause()
        except KeyboardInterrupt:
            printer.line("Ending the lab.")


def _world(place: Place, printer: Printer) -> World:
    try:
        return World(
            Follower(printer).report,
            ca_bundle=prepare_ca_bundle(place),
            find_code=find_code,
            port=place.port,
            address=place.address,
        )
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        message = f"Port {place.port} is taken: is another lab up? End it, or choose another port with --port"
        raise OSError(error.errno, message) from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m lab", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    console.add_engine_option(parser, default=None)
    login = parser.add_subparsers(dest="command").add_parser(
        "login", help="try to log in with each version of a secret"
    )
    login.add_argument("secret", metavar="SECRET", help="such as lab/postgresql-single-user")
    add_place_options(parser, login)
    return parser


if __name__ == "__main__":
    sys.exit(console.run("lab", main))
