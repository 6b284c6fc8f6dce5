"""What check-on-aws expects to cost, its table, and that its template goes away whole."""

import os
import re
import signal
import sys
import traceback
from contextlib import suppress
from itertools import pairwise
from unittest.mock import Mock

import pytest
import yaml

from lab.lambda_environment.code import REPOSITORY
from lab.pairing import PAIRINGS
from scripts.check_on_aws.__main__ import _carry_out
from scripts.check_on_aws.client import app
from scripts.check_on_aws.cloud import Cloud
from scripts.check_on_aws.costs import HERE, STORAGE_GB, estimate
from scripts.check_on_aws.promises import ALL, PAGE_ROWS, STACK, Promise, Table
from scripts.check_on_aws.run import Run
from scripts.check_on_aws.stacks import NOT_THERE, Stack, delete_all

PAGE = REPOSITORY / "docs" / "never-run-on-aws.md"


class Loader(yaml.SafeLoader):
    """Takes CloudFormation's short forms for what stands behind them."""


Loader.add_multi_constructor("!", lambda loader, _, node: getattr(node, "value", loader))


@pytest.fixture
def table() -> Table:
    """The table of all functions, with all of it held."""
    table = Table(list(PAIRINGS.values()))
    table.note(ALL, STACK, "it did", held=True)
    for pairing in PAIRINGS.values():
        for promise in Promise:
            if promise.concerns(pairing):
                table.note(pairing.words, promise, "seen", held=True)
    return table


def test_a_table_begins_with_nothing_tried() -> None:
    """A run that sees nothing promises nothing."""
    table = Table(list(PAIRINGS.values()))
    lines = [line for line in table.lines() if line.startswith("  ")]
    assert all(line.startswith("  not tried  ") for line in lines)
    assert len(lines) == 1 + 4 * (len(Promise) - 1) + 1
    assert not table.all_held()


def test_all_hold_only_where_each_does(table: Table) -> None:
    """One that did not hold is enough, and so is one that was not tried."""
    assert table.all_held()
    some = PAIRINGS["mysql_single_user"].words
    table.note(some, Promise.ALARM, "not within\n600 s", held=False)
    assert not table.all_held()
    assert f"  NOT HELD   {Promise.ALARM}: not within 600 s" in table.lines()


def test_what_is_left_out_has_the_reason() -> None:
    """What was noted before stays."""
    pairing = PAIRINGS["postgresql_single_user"]
    table = Table([pairing])
    table.note(pairing.words, Promise.DRY_RUN, "it failed", held=False)
    table.leave_out(pairing.words, "the dry run did not pass")
    lines = list(table.lines())
    assert f"  NOT HELD   {Promise.DRY_RUN}: it failed" in lines
    assert f"  not tried  {Promise.ROTATION}: the dry run did not pass" in lines
    assert not table.was_tried(pairing.words, Promise.ROTATION)
    assert not table.all_held()


def test_promote_early_concerns_whom_it_helps() -> None:
    """The one function with a gap."""
    concerned = {pairing.function for pairing in PAIRINGS.values() if Promise.PROMOTE_EARLY.concerns(pairing)}
    assert concerned == {"postgresql_single_user"}


def test_the_rows_that_it_tries_are_on_the_page() -> None:
    """Whoever changes the page sees what a run is said to cover."""
    cells = re.findall(r"(?m)^\| ([^|]+?) \|", PAGE.read_text())
    missing = [row for row in PAGE_ROWS if not any(cell.startswith(row) for cell in cells)]
    assert not missing


def test_more_engines_cost_more() -> None:
    """Of both engines it is cents for a run, and under two dollars for a day that --keep leaves."""
    estimates = [estimate(()), estimate(("mysql",)), estimate(("mysql", "postgresql"))]
    assert all(
        less.dollars_a_day < more.dollars_a_day and less.minutes < more.minutes for less, more in pairwise(estimates)
    )
    both = estimates[-1]
    instances, endpoints = 2 * 0.016 * 24, 2 * 0.01 * 24
    assert instances + endpoints < both.dollars_a_day < 2
    assert both.dollars == pytest.approx(both.dollars_a_day / 24 * 2 + 2 * 0.05)  # two hours, and the calls
    assert "June 2026" in str(both)


class Unyielding(Stack):
    """A stack that cannot be deleted, or at which somebody loses patience."""

    def delete(self) -> bool:
        """Fail as its name says."""
        if "impatient" in self.name:
            raise KeyboardInterrupt
        return "stays" not in self.name


@pytest.mark.parametrize(
    ("names", "left"),
    [
        (["databases", "suite"], []),
        (["databases", "suite stays", "client"], ["suite stays"]),
        (["databases", "suite impatient", "client"], ["databases", "suite impatient"]),
    ],
)
def test_what_could_not_be_deleted_is_told(names: list[str], left: list[str]) -> None:
    """Each is tried, the last first, until somebody ends that."""
    stacks = [Unyielding(name, "eu-central-1", None) for name in names]
    assert [stack.name for stack in delete_all(stacks)] == left


class Recorded(Stack):
    """A stack that somebody seems to have made, and that tells what would be done."""

    def _status(self) -> str:
        """It is there as long as nobody has deleted it."""
        return NOT_THERE if any(words[:1] == ("delete",) for words in self.cloudformation) else "CREATE_COMPLETE"

    def _sam(self, command: str, *arguments: str) -> None:
        self.cloudformation.append((command, *arguments))


@pytest.mark.parametrize("ending", [KeyboardInterrupt, RuntimeError, BrokenPipeError])
def test_what_was_made_is_deleted_although_nobody_listens(
    monkeypatch: pytest.MonkeyPatch, ending: type[BaseException]
) -> None:
    """`| head` has ended, the terminal is closed, or the disk is full: nothing that is printed keeps it from that."""
    deeds: list[tuple[str, ...]] = []
    run = Run(Cloud("eu-central-1"), ["mysql"], HERE, "arm64")
    run.stacks = (Recorded("made", "eu-central-1", deeds),)
    reader, writer = os.pipe()
    os.close(reader)
    monkeypatch.setattr(run, "go", Mock(side_effect=ending))
    monkeypatch.setattr(signal, "signal", Mock())
    with os.fdopen(writer, "w") as deaf, suppress(RuntimeError, BrokenPipeError):
        monkeypatch.setattr(sys, "stdout", deaf)
        monkeypatch.setattr(sys, "stderr", deaf)
        _carry_out(run, keeps=False)
    assert deeds == [("delete", "--no-prompts")]


def test_a_stack_has_a_folder_of_its_own() -> None:
    """What other stacks have in the bucket is not named by it, so that nothing of theirs is deleted with it."""
    deeds: list[tuple[str, ...]] = []
    with suppress(AttributeError):  # nobody describes the stack
        Recorded("made", "eu-central-1", deeds).deploy(HERE / "databases.yaml", {})
    (deployed,) = deeds
    assert deployed[deployed.index("--s3-prefix") + 1] == "made"


def test_databases_are_of_the_size_that_is_paid_for_and_go_away() -> None:
    """No snapshot, no backup and no secret stays; nobody reaches a database from outside."""
    resources = yaml.load((HERE / "databases.yaml").read_text(), Loader)["Resources"]  # noqa: S506 - derived from SafeLoader
    databases = [one for one in resources.values() if one["Type"] == "AWS::RDS::DBInstance"]
    secrets = [one for one in resources.values() if one["Type"] == "AWS::SecretsManager::Secret"]
    assert (len(databases), len(secrets)) == (2, 6)
    for one in databases + secrets:
        assert one["DeletionPolicy"] == one["UpdateReplacePolicy"] == "Delete"
    for database in (one["Properties"] for one in databases):
        assert database["DBInstanceClass"] == "db.t4g.micro"
        assert database["AllocatedStorage"] == str(STORAGE_GB)
        assert (database["BackupRetentionPeriod"], database["DeleteAutomatedBackups"]) == (0, True)
        assert database["PubliclyAccessible"] is False
        assert all("resolve:secretsmanager" in database[key] for key in ("MasterUsername", "MasterUserPassword"))


def test_no_security_group_admits_an_address() -> None:
    """Only other groups of the same stack."""
    text = (HERE / "databases.yaml").read_text()
    assert "SourceSecurityGroupId" in text
    assert "CidrIp" not in text


def test_of_a_clients_error_the_class_alone_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lambda logs what a function raises, and a driver may quote the statement with the password."""
    monkeypatch.setattr(app, "_current", lambda _: None)
    monkeypatch.setattr(app, "watch", lambda *_: 1 / int("hunter2"))
    with pytest.raises(app.FailedError) as caught:
        app.lambda_handler({"action": "watch", "secret": "s", "seconds": "1"}, None)
    assert str(caught.value) == "ValueError"
    told = "".join(traceback.format_exception(caught.value))
    assert "invalid literal" not in told


class Updating:
    """CloudFormation, in the middle of an update that ends; it counts how often it was asked for."""

    def __init__(self) -> None:
        self.statuses = ["UPDATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"]

    def describe_stacks(self, **_: str) -> dict[str, list[dict[str, str]]]:
        """The stack's status, each time a later one."""
        return {"Stacks": [{"StackStatus": self.statuses.pop(0) if self.statuses else "UPDATE_COMPLETE"}]}


def test_an_update_in_progress_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """CloudFormation would refuse to delete the stack before."""
    deleted: list[list[str]] = []
    monkeypatch.setattr("scripts.check_on_aws.stacks.POLL_SECONDS", 0)
    cloudformation = Updating()

    class Interrupted(Stack):
        def _sam(self, command: str, *_: str) -> None:
            deleted.append([command, *cloudformation.statuses])

    Interrupted("suite", "eu-central-1", cloudformation).delete()
    assert deleted == [["delete"]]
