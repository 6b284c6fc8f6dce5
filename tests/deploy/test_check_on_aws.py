"""check-on-aws, at an AWS that others wrote: what it makes is asked about first, and gone in the end.

No database is behind what this AWS calls one, so the client in the network finds none, and nothing rotates.
"""

import os
import platform
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from lab.lambda_environment.code import REPOSITORY
from lab.lambda_environment.emulator import MACHINES
from tests.deploy.account import Account
from tests.deploy.deployment import TEMPLATE, nothing_left
from tests.deploy.ministack import ACCOUNT, REGION, MiniStack, wait_until
from tests.lab.commands import heed_ctrl_c
from tests.template.conftest import SAM_BIN

TIMEOUT_SECONDS = 300


@contextmanager
def check_on_aws(ministack: MiniStack, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The program, in a process of its own that knows of no other AWS."""
    environment = ministack.environment | {
        "PATH": os.pathsep.join([str(SAM_BIN), os.defpath]),
        "PYTHONPATH": str(REPOSITORY / "layers" / "secret_rotation"),
        "SAM_CLI_POLL_DELAY": "0.2",
    }
    here = ("--template", str(TEMPLATE), "--architecture", MACHINES[platform.machine().lower()])
    command = [sys.executable, "-m", "scripts.check_on_aws", *here, *arguments]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    process = subprocess.Popen(  # type: ignore[call-overload]
        command,
        cwd=REPOSITORY,
        env=environment,
        text=True,
        preexec_fn=heed_ctrl_c,  # noqa: PLW1509 - it takes no lock
        **pipes,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def stacks(account: Account) -> list[str]:
    """The stacks that are there and are the program's."""
    return [name for name in account.inventory() if name.startswith("stacks: rotation-check-")]


@pytest.mark.parametrize("said", ["", "n\n", "\n", "yes please\n"])
def test_without_a_yes_nothing_is_made(said: str, ministack: MiniStack, account: Account) -> None:
    """It says what it would make, where, for how much, and how to delete it; then it asks."""
    with nothing_left(account), check_on_aws(ministack) as process:
        out, err = process.communicate(said, timeout=TIMEOUT_SECONDS)
    assert (process.returncode, err) == (1, "")
    assert f"In account {ACCOUNT}, region {REGION}" in out
    assert re.search(r"costs about \d+\.\d\d US dollars", out)
    assert len(re.findall(r"aws cloudformation delete-stack --region \S+ --stack-name rotation-check-", out)) == 3
    assert out.endswith("Nothing was made.\n")


@pytest.mark.timeout(TIMEOUT_SECONDS)
def test_all_that_is_made_is_deleted(ministack: MiniStack, account: Account) -> None:
    """Three stacks come up; no user can be made, which the table tells of each function; then all is deleted."""
    with nothing_left(account), check_on_aws(ministack, "--yes") as process:
        out, err = process.communicate(timeout=TIMEOUT_SECONDS)
    assert (process.returncode, err) == (1, "")
    assert "held       CloudFormation makes the stack: it did" in out
    assert len(re.findall(r"not tried  A dry run passes: the client could not make: [\w.]*Error", out)) == 4
    assert "Left" not in out


@pytest.mark.timeout(TIMEOUT_SECONDS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_deletes_what_it_made(
    number: signal.Signals, ministack: MiniStack, account: Account
) -> None:
    """Whatever was there by then."""
    with nothing_left(account), check_on_aws(ministack, "--yes", "--engine", "postgresql") as process:
        wait_until(lambda: stacks(account), "a stack", TIMEOUT_SECONDS)
        process.send_signal(number)
        out, err = process.communicate(timeout=TIMEOUT_SECONDS)
    assert (process.returncode, err) == (130, "Interrupted.\n")
    assert "Left" not in out


@pytest.mark.timeout(TIMEOUT_SECONDS)
def test_what_is_kept_is_named(ministack: MiniStack, account: Account) -> None:
    """With --keep, what was made is there, and so are the commands that delete it."""
    with nothing_left(account):
        with check_on_aws(ministack, "--yes", "--keep", "--engine", "mysql") as process:
            out, _ = process.communicate(timeout=TIMEOUT_SECONDS)
        kept = re.findall(r"delete-stack --region \S+ --stack-name (\S+)", out.partition("Left, and paid for")[2])
        assert sorted(stacks(account)) == sorted(f"stacks: {name}" for name in kept)
        cloudformation = account.client("cloudformation")
        for name in kept:
            cloudformation.delete_stack(StackName=name)
        wait_until(lambda: not stacks(account), "the end of the stacks")
