"""The program as a shell runs it: quick, plain when piped, and ending as it should whatever happens to it."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from lab.secretsmanager import faults
from rotationctl.app import cli
from rotationctl.exits import Exit
from tests.rotationctl.conftest import Account, Program
from tests.rotationctl.shell import TIMEOUT_SECONDS, on_a_terminal, running, shell_environment


@pytest.mark.parametrize("arguments", [["--help"], ["status", "--help"], ["--version"]], ids=" ".join)
def test_help_loads_nothing_of_aws(arguments: list[str]) -> None:
    """Help is there at once: boto3 and botocore, which take most of the time, are not imported, nor are drivers."""
    code = (
        "import sys; from rotationctl.app import run; code = run(sys.argv[1:]); "
        "print(*sys.modules, file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=shell_environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert not loaded & {"boto3", "botocore", "urllib3", "psycopg2", "pymysql", "aws_lambda_powertools"}


@pytest.mark.parametrize("name", cli.list_commands(None))  # type: ignore[arg-type] # it asks nothing of a context
def test_every_command_says_what_it_does(program: Program, name: str) -> None:
    """The list of commands has a line for each, and each has help of its own and --json."""
    assert f"\n  {name}  " in program("--help").out
    assert "--json" in program(name, "--help").out
    assert program(name, "-h").code == Exit.FINE


def test_the_exit_codes_are_in_the_help(program: Program) -> None:
    """Each with its meaning."""
    text = " ".join(program("--help").out.split())
    for code in Exit:
        assert f" {int(code)} {code.meaning}" in text


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("st", "plain,status"), ("status --wa", "plain,--watch"), ("status --end", "plain,--endpoint-url")],
)
def test_completion(typed: str, expected: str) -> None:
    """The shell is told the commands and options that begin so."""
    words = f"rotationctl {typed}"
    completing = {"_ROTATIONCTL_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    with running(env={**shell_environment(), **completing}) as process:
        out, _ = process.communicate(timeout=TIMEOUT_SECONDS)
    assert out.split() == [expected]


def test_colour_is_for_terminals(shell: Mapping[str, str], account: Account) -> None:
    """There are colours on a terminal, unless NO_COLOR is set or it can show none, and never in a pipe."""
    account.add("prod/shop")
    assert "\x1b[33mnever" in on_a_terminal("status", env=shell)
    assert "\x1b" not in on_a_terminal("status", env={**shell, "NO_COLOR": "1"})
    assert "\x1b" not in on_a_terminal("status", env={**shell, "TERM": "dumb"})
    with running("status", env=shell) as process:
        assert "\x1b" not in "".join(process.communicate(timeout=TIMEOUT_SECONDS))


def test_a_narrow_terminal(shell: Mapping[str, str], account: Account) -> None:
    """All of it is there, in paragraphs; a pipe gets the table, however long its lines."""
    account.add("prod/" + "x" * 100)
    narrow = on_a_terminal("status", env={**shell, "NO_COLOR": "1"}, columns=60)
    assert narrow.splitlines()[0] == f"never  prod/{'x' * 100}"
    assert "    function  postgresql, single user\n" in narrow
    with running("status", env={**shell, "COLUMNS": "60"}) as process:
        assert process.communicate(timeout=TIMEOUT_SECONDS)[0].startswith("STATE")


def test_whoever_reads_it_has_seen_enough(shell: Mapping[str, str], account: Account) -> None:
    """`rotationctl status | head -0` ends without a word."""
    account.add("prod/shop")
    reader, writer = os.pipe()
    os.close(reader)
    with running("status", env=shell, stdout=writer) as process:
        os.close(writer)
        _, err = process.communicate(timeout=TIMEOUT_SECONDS)
    assert (process.returncode, err) == (Exit.BROKEN_PIPE, "")


@pytest.mark.parametrize("arguments", [["--help"], ["status", "--help"], ["--version"]], ids=" ".join)
def test_whoever_reads_the_help_has_seen_enough(shell: Mapping[str, str], arguments: list[str]) -> None:
    """`rotationctl --help | head -0` ends so, too."""
    reader, writer = os.pipe()
    os.close(reader)
    with running(*arguments, env=shell, stdout=writer) as process:
        os.close(writer)
        _, err = process.communicate(timeout=TIMEOUT_SECONDS)
    assert (process.returncode, err) == (Exit.BROKEN_PIPE, "")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["status"], Exit.FINE), (["status", "none"], Exit.NOT_FINE), (["status", "--none"], Exit.USAGE)],
    ids=["fine", "not fine", "usage"],
)
def test_nobody_listens_to_the_talk(
    shell: Mapping[str, str], account: Account, arguments: list[str], code: Exit
) -> None:
    """What is said is lost where standard error is closed at its other end; the exit code is not."""
    account.add("prod/shop")
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "rotationctl", *arguments]
    done = subprocess.run(command, env=dict(shell), stdout=subprocess.DEVNULL, stderr=writer, check=False)
    os.close(writer)
    assert done.returncode == code


def test_a_disk_that_is_full(shell: Mapping[str, str], account: Account) -> None:
    """What the system says is told in a sentence."""
    account.add("prod/shop")
    with Path("/dev/full").open("w") as full, running("status", env=shell, stdout=full.fileno()) as process:
        _, err = process.communicate(timeout=TIMEOUT_SECONDS)
    assert (process.returncode, err) == (Exit.NOT_FINE, "rotationctl: No space left on device\n")


def test_an_output_that_is_closed(shell: Mapping[str, str], account: Account) -> None:
    """`rotationctl status >&-`, as a script has it that wants the exit code alone."""
    account.add("prod/shop").begin()
    account.client.cancel_rotate_secret(SecretId="prod/shop")
    command = f"exec {sys.executable} -m rotationctl status >&-"
    done = subprocess.run(["sh", "-c", command], env=dict(shell), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (Exit.NOT_FINE, "1 secret in us-east-1: 1 stuck.\n")


@pytest.mark.parametrize("arguments", [["status"], ["status", "--watch", "prod/shop"]], ids=" ".join)
def test_ctrl_c(shell: Mapping[str, str], account: Account, arguments: list[str]) -> None:
    """It ends at once and without a traceback, while it waits for AWS and while it follows a rotation."""
    account.add("prod/shop").begin()
    asked = faults.call("ListSecrets", lambda: os.killpg(process.pid, signal.SIGINT))
    followed = faults.call("DescribeSecret", lambda: os.killpg(process.pid, signal.SIGINT), nth=2)
    account.cloud.faults.add(asked)
    account.cloud.faults.add(followed)
    with running(*arguments, env=shell) as process:
        out, err = process.communicate(timeout=TIMEOUT_SECONDS)
    assert (process.returncode, out) == (Exit.INTERRUPTED, "")
    assert err.strip() == ""


def test_a_terminal_that_knows_no_other_alphabet(shell: Mapping[str, str], account: Account) -> None:
    """A name that cannot be shown is escaped. An output of ASCII alone is none: click takes that for a mistake."""
    account.add("prod/\u7528")
    with running("status", env={**shell, "PYTHONIOENCODING": "latin-1"}) as process:
        out, _ = process.communicate(timeout=TIMEOUT_SECONDS)
    assert (process.returncode, "never  prod/\\u7528 " in out) == (0, True)
