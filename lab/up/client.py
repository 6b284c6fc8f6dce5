"""``python -m lab client COMMAND``: does a client survive rotations?"""

import argparse
import errno
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from lab import console
from lab.client import ClientProcess, Plan, Trial
from lab.client.summary import summarize
from lab.console import Printer
from lab.engines import KITS
from lab.pairing import Pairing, StrategyName
from lab.secretsmanager import OPERATOR_CALLER, LocalSecretsManager
from lab.up.sample_applications import find_code
from lab.world import World

DESCRIPTION = """\
Run a command through rotations of a real database, and count what failed.

The command does one request after the other, and for each writes a line to its
standard output: "ok", or "failed" and why. It ends when it gets SIGTERM. Any
other line is shown as it is. It finds in its environment:

  SECRET_ID   the secret to log in with: host, port, dbname, username, password
  CA_BUNDLE   the file with the authority that signed the server's certificate
  AWS_...     credentials, region, and the address of the local Secrets Manager
"""
USERNAME, SECRET, SUPERUSER_SECRET = "client", "lab/client", "lab/client-superuser"


def add_client_options(parser: argparse.ArgumentParser) -> None:
    """Add what `try_client` asks for."""
    plan = Plan()
    parser.description, parser.formatter_class = DESCRIPTION, argparse.RawDescriptionHelpFormatter
    strategies = [str(name) for name in StrategyName]
    parser.add_argument("--strategy", choices=strategies, default=strategies[0], help="default: %(default)s")
    parser.add_argument("--rotations", type=console.rotations, default=plan.rotations, help="default: %(default)s")
    text = "seconds before the first rotation and after each, default: %(default)s"
    parser.add_argument("--pause", type=_seconds, default=plan.pause_seconds, help=text)
    text = "seconds by which each step takes longer, as invocations on AWS do, default: %(default)s"
    parser.add_argument("--step", type=_seconds, default=plan.step_seconds, help=text)
    text = "end the old password in finishSecret (OLD_PASSWORD=discard), where it would live on"
    parser.add_argument("--discard-old-password", action="store_true", help=text)
    parser.add_argument("client", nargs=argparse.PARSER, metavar="COMMAND", help="with its arguments")


def try_client(arguments: argparse.Namespace, printer: Printer) -> bool:
    """Start what the client needs, run it through rotations, and print what became of it.

    Returns:
        Whether no request failed.
    """
    command = _command(arguments.client)
    pairing = Pairing(arguments.engine or KITS[0], StrategyName(arguments.strategy))
    trial = Trial(Plan(arguments.rotations, arguments.pause, arguments.step), printer.line)
    settings = {"OLD_PASSWORD": "discard"} if arguments.discard_old_password else {}
    with (
        tempfile.TemporaryDirectory(prefix="lab-client-") as folder,
        World(
            trial.report,
            ca_bundle=Path(folder, "ca.pem"),
            find_code=find_code,
            address=arguments.address,
            settings=settings,
        ) as world,
    ):
        printer.line(f"Starting {pairing.words} (the first time, the database is downloaded) ...")
        [server] = world.start_servers([pairing.kit])
        application = world.add_application(pairing, server, USERNAME, SECRET, SUPERUSER_SECRET)
        environment = client_environment(world.cloud, SECRET, Path(folder, "ca.pem"))
        client = ClientProcess(command, environment, trial.tally, printer.line)
        faults = trial.run(application, client)
    summarize(trial.tally, faults, printer)
    return not faults


def client_environment(cloud: LocalSecretsManager, secret_id: str, ca_bundle: Path) -> Mapping[str, str]:
    """This process's variables, with those that lead a client to its secret and its database."""
    variables = {
        **cloud.environment,
        "AWS_ACCESS_KEY_ID": OPERATOR_CALLER,
        "SECRET_ID": secret_id,
        "CA_BUNDLE": str(ca_bundle),
    }
    return {**{name: value for name, value in os.environ.items() if name != "AWS_SESSION_TOKEN"}, **variables}


def _command(words: list[str]) -> list[str]:
    """The command and its arguments.

    Raises:
        OSError: there is no such command, or it cannot be run; said before a database is started for it.
    """
    command = words[1:] if words[0] == "--" else words
    if shutil.which(command[0]) is None:
        raise OSError(*_why_not(command[0]), command[0])
    return command


def _why_not(command: str) -> tuple[int, str]:
    """Why it is no command that can be run."""
    path = Path(command)
    if path.is_dir():
        return errno.EISDIR, os.strerror(errno.EISDIR)
    if not path.is_file():
        return errno.ENOENT, os.strerror(errno.ENOENT)
    if os.sep not in command:  # as a shell does, this looks for it on the PATH alone
        return errno.ENOENT, f"Not on the PATH (is it ./{command}?)"
    return errno.EACCES, "Not executable (chmod +x makes it so)"


def _seconds(text: str) -> float:
    if not (text.isascii() and text.replace(".", "", 1).isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds.")
    return float(text)
