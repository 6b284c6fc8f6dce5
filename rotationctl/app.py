"""The program: finds its commands, runs one, and ends with an exit code and a sentence, whatever happens."""

import importlib
import os
import pkgutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from types import ModuleType

import click

import rotationctl
from rotationctl import commands
from rotationctl.exits import Exit, Failure, ReaderGoneError
from rotationctl.output import STDOUT, say

PROGRAM = "rotationctl"
COMPLETION = 'eval "$(_ROTATIONCTL_COMPLETE=bash_source rotationctl)"'


class Commands(click.Group):
    """The commands: each is a module of `rotationctl.commands`."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names of all commands, in alphabetical order."""
        return sorted(module.name for module in pkgutil.iter_modules(commands.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = self.module(cmd_name).command
        return command

    @staticmethod
    def module(name: str) -> ModuleType:
        """The module of a command."""
        return importlib.import_module(f"{commands.__name__}.{name}")

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - as above
        """The exit codes, and how to complete commands."""
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(int(code)), code.meaning) for code in Exit])
        with formatter.section("Completion in bash (or zsh, fish)"):
            formatter.write_text(COMPLETION)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(rotationctl.__version__, prog_name=PROGRAM)
def cli() -> None:
    """See how the passwords in AWS Secrets Manager rotate, let them rotate, and mend what does not.

    Data goes to standard output, everything else to standard error. No command shows a secret's value.
    """


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the program on a command line.

    Returns:
        The exit code.
    """
    # A name in an alphabet that the terminal does not know is no reason to end.
    for stream in (sys.stdout, sys.stderr):
        getattr(stream, "reconfigure", lambda **_: None)(errors="backslashreplace")
    try:
        return _run(arguments)
    except (ReaderGoneError, BrokenPipeError):
        _close_stdout()
        return Exit.BROKEN_PIPE
    except OSError as error:
        _close_stdout()
        say(f"{PROGRAM}: {error.strerror or error}{f': {error.filename}' if error.filename else ''}")
        return Exit.NOT_FINE


def _run(arguments: Sequence[str] | None) -> int:
    stdout = sys.stdout
    try:
        code: int | None = cli.main(arguments, prog_name=PROGRAM, standalone_mode=False)
    except click.ClickException as error:
        with suppress(BrokenPipeError):
            error.show()
        return error.exit_code
    except click.Abort:
        return Exit.INTERRUPTED
    except SystemExit:
        if sys.stdout is stdout:
            raise
        sys.stdout = stdout  # click ends by itself where nobody reads its help, and has replaced the output for that
        raise ReaderGoneError from None
    except Failure as failure:
        say(f"{PROGRAM}: {failure}")
        return failure.code
    return code or Exit.FINE


def _close_stdout() -> None:
    """Write what is left of the output to nowhere, so that Python does not fail over it when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), STDOUT)
