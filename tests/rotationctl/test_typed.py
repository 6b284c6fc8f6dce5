"""What rotationctl prints to be typed next, typed: into a shell that has rotationctl and the AWS command line."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from lab.secretsmanager import faults
from rotationctl.exits import Exit
from tests.rotationctl.conftest import Account, Program
from tests.rotationctl.shell import type_in
from tests.rotationctl.waves import settle


@pytest.mark.parametrize("name", ["prod/shop", "prod/a=b+c.d@e", "=prod/shop", "-prod/\u7528 '\"$(touch canary)"])
def test_the_command_works_as_it_is_printed(
    account: Account, rotationctl: Program, typed: Mapping[str, str], name: str, tmp_path: Path
) -> None:
    """A secret that has never rotated: what is printed is pasted into a shell, and then it is fine."""
    account.add(name)
    lines = rotationctl("status").out.splitlines()
    done = type_in(lines[2], typed, tmp_path)
    assert done.returncode == Exit.FINE, done
    assert not (tmp_path / "canary").exists()
    settle(account, name)
    assert rotationctl("status", "--json").states() == {name: "fine"}


def test_what_a_report_ends_with(
    account: Account, rotationctl: Program, typed: Mapping[str, str], tmp_path: Path
) -> None:
    """The command below a report shows what to type for each of its secrets."""
    account.age = timedelta(days=20)
    account.add("prod/shop").rotate(RotationRules={"AutomaticallyAfterDays": 10})
    account.age = timedelta()
    command = rotationctl("report").err.split("`")[1]
    done = type_in(command, typed, tmp_path)
    assert done.returncode == Exit.NOT_FINE, done
    assert done.stdout.splitlines()[1].startswith("overdue  prod/shop ")


@pytest.mark.parametrize("name", ["-prod/\u7528 '\"$(touch canary)", "=cat"])
def test_odd_names_can_be_typed(
    account: Account, rotate: Program, typed: Mapping[str, str], name: str, tmp_path: Path
) -> None:
    """What is printed to go on names the secret so that a shell takes it for nothing else."""
    secret = account.add(name)
    fault = faults.error("RotateSecret", "AccessDeniedException", times=None)
    account.cloud.faults.add(fault)
    result = rotate("--", name)
    assert result.code == Exit.NOT_ASKED
    account.cloud.faults.remove(fault)
    again = next(line for line in result.err.splitlines() if line.startswith("rotationctl rotate"))
    done = type_in(again, typed, tmp_path)
    assert (done.returncode, list(tmp_path.glob("canary"))) == (Exit.FINE, [])
    assert account.cloud.wait_for_rotation(secret.arn).succeeded
