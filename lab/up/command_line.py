"""``python -m lab`` keeps the lab up; ``login SECRET`` tries a secret of it, ``client COMMAND`` a client."""

import argparse
import signal
import sys

from lab import console
from lab.console import Printer
from lab.engines import KITS, Kit
from lab.up.client import add_client_options, try_client
from lab.up.endpoint import LabEndpoint, add_endpoint_options
from lab.up.files import FOLDER, ca_bundle, functions_log
from lab.up.follower import Follower
from lab.up.instructions import instructions
from lab.up.login import log_in
from lab.up.sample_applications import add_sample_applications, find_code
from lab.up.stack import complete_stack
from lab.world import World

DESCRIPTION = """\
Keep a local Secrets Manager, real databases and the functions up, and follow
rotations as they happen. Ctrl-C ends it.
"""


def main() -> int:
    """Run the command line, and return its exit status."""
    return console.run("lab", _work)


def _work() -> int:
    arguments = _parser().parse_args()
    endpoint = LabEndpoint(arguments.address, arguments.port)
    console.stay_local(endpoint.address)
    if arguments.command == "login":
        return 0 if log_in(arguments.secret, endpoint, Printer(sys.stdout)) else 1
    if arguments.command == "client":
        return 0 if try_client(arguments, Printer(sys.stdout)) else 1
    kits = [arguments.engine] if arguments.engine else KITS
    endpoint.require_free()
    keep_up(kits, endpoint, Printer(sys.stdout))
    return 0


def keep_up(kits: list[Kit], endpoint: LabEndpoint, printer: Printer) -> None:
    """Start everything, print what to type, and wait for Ctrl-C or SIGTERM."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with functions_log(endpoint).open("wb", buffering=0) as log, _world(endpoint, printer) as world:
        printer.line("Starting the lab (the first time, databases are downloaded) ...")
        servers = world.start_servers(kits)
        for kit, server in zip(kits, servers, strict=True):
            add_sample_applications(world, kit, server)
        complete_stack(world)
        for function in world.functions.values():
            function.follow(lambda line: log.write(f"{line}\n".encode()))
        greeting = instructions(world, kits, servers, endpoint)
        try:
            printer.line(greeting)  # who reads it may end the lab before the next line runs
            while True:
                signal.pause()
        except KeyboardInterrupt:
            printer.line("Ending the lab.")


def _world(endpoint: LabEndpoint, printer: Printer) -> World:
    return World(
        Follower(printer).report,
        ca_bundle=ca_bundle(endpoint),
        find_code=find_code,
        port=endpoint.port,
        address=endpoint.address,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m lab", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    subcommands = parser.add_subparsers(dest="command")
    login = subcommands.add_parser("login", help="try to log in with each version of a secret")
    login.add_argument("secret", metavar="SECRET", help="such as lab/postgresql-single-user")
    client = subcommands.add_parser("client", help="run a client of your own through rotations, and count what failed")
    console.add_engine_option(parser, client, default=None)
    add_client_options(client)
    add_endpoint_options(parser, login)
    return parser
