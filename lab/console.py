"""What the lab's command lines have in common: how they end, and what they print."""

import argparse
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn, TextIO

from botocore.exceptions import BotoCoreError, ClientError

from lab.address import LOOPBACK
from lab.engines import KITS, Kit, UnknownEngineError
from lab.lambda_environment import EmulatorMissingError, EmulatorStartError, FunctionCodeMissingError
from lab.servers import ServerError
from lab.start import INTERRUPTED

FAILURES = (
    ServerError, EmulatorMissingError, EmulatorStartError, FunctionCodeMissingError, OSError,
    UnknownEngineError, BotoCoreError, ClientError, *(kit.driver.Error for kit in KITS),
)  # fmt: skip
"""What can go wrong on a machine without being a defect here; the message says it all."""
ENGINE_VARIABLE = "ENGINE"


def add_engine_option(
    parser: argparse.ArgumentParser, *subcommands: argparse.ArgumentParser, default: Kit | None
) -> None:
    """Add --engine, whose value is a `Kit`; the environment variable ENGINE stands in for it."""
    metavar = "|".join(kit.name for kit in KITS)
    text = f"default: the environment variable {ENGINE_VARIABLE}, else {default or 'all'}"
    first = os.environ.get(ENGINE_VARIABLE) or default
    parser.add_argument("--engine", type=_engine, metavar=metavar, default=first, help=text)
    for subcommand in subcommands:
        # Suppressed, or its default would take the place of what was given before the subcommand.
        text = f"default: the environment variable {ENGINE_VARIABLE}, else {KITS[0]}"
        subcommand.add_argument("--engine", type=_engine, metavar=metavar, default=argparse.SUPPRESS, help=text)


def run(program: str, work: Callable[[], int]) -> int:
    """Do the work of a command line, and return its exit status.

    SIGTERM ends it as Ctrl-C does. A failure is a sentence on standard error, and status 1.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return work()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # whoever read this has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except FAILURES as error:
        print(f"{program}: {_sentence(error)}", file=sys.stderr)
        return 1


def stay_local(address: str = LOOPBACK) -> None:
    """Let nothing that the user has set for the real AWS reach the one at this address: profiles, files, proxies."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CA_BUNDLE"):
        os.environ.pop(name, None)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        os.environ[name] = os.devnull
    for name in ("no_proxy", "NO_PROXY"):
        os.environ[name] = ",".join(filter(None, [os.environ.get(name), *{LOOPBACK, "localhost", address}]))


@dataclass(frozen=True)
class Printer:
    """Prints at once, in colour where that is wanted: on a terminal, unless NO_COLOR is set (https://no-color.org)."""

    stream: TextIO

    def line(self, text: str = "") -> None:
        print(text, file=self.stream, flush=True)

    def heading(self, text: str) -> None:
        self.line()
        self.line(self._painted(text, "1"))

    def bad(self, text: str) -> str:
        """The text, painted as a failure."""
        return self._painted(text, "31")

    def _painted(self, text: str, code: str) -> str:
        coloured = self.stream.isatty() and not os.environ.get("NO_COLOR")
        return f"\033[{code}m{text}\033[0m" if coloured else text


def rotations(text: str) -> int:
    """The value of an option that says how often to rotate.

    Raises:
        argparse.ArgumentTypeError: it is no number, or none from 1 on.
    """
    if not (text.isascii() and text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of rotations: 1 or more.")
    return int(text)


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _engine(text: str) -> Kit:
    """The engine of that name, or of the only one that begins so: secrets say postgres."""
    begins_so = [kit for kit in KITS if kit.name.startswith(text.strip().lower() or " ")]
    if len(begins_so) != 1:
        names = " or ".join(kit.name for kit in KITS)
        raise argparse.ArgumentTypeError(f"{text!r} is no engine here. Set {ENGINE_VARIABLE} (or --engine) to {names}.")
    return begins_so[0]


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return str(error).strip()
