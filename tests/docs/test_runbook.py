"""Whatever can call somebody at night has its place in the runbook: each error, each alarm, each mail."""

import re
import shlex
from typing import Any

import click
import pytest

from rotationctl.app import cli
from secret_rotation.doctor.catalogue import LAYERS
from secret_rotation.errors import RotationError
from tests.docs.markdown import DOCUMENTS, REFERENCE, code, document
from tests.docs.template import template

RUNBOOK = document("docs/operations.md")
TEXT = RUNBOOK.path.read_text()
NAMED = {text for page in DOCUMENTS for line in page.prose() for text in code(line) if text.startswith("rotationctl ")}
ROWS = document("docs/permissions.md").table("Command | Actions")
PERMITTED = {f"rotationctl {text}" for row in ROWS for text in code(row["Command"])}


def _section(title: str) -> str:
    """What stands below a heading, up to the next one that is not below it."""
    [(marks, text)] = re.findall(rf"(?ms)^(##+) {re.escape(title)}\n(.*?)(?=^## |\Z)", TEXT)
    return str(text) if marks == "##" else str(text).partition("\n###")[0]


def _all_errors(kind: type[RotationError] = RotationError) -> set[str]:
    """The names of a class and of all that derive from it."""
    return {kind.__name__}.union(*map(_all_errors, kind.__subclasses__()))


def _of_type(kind: str) -> dict[str, dict[str, Any]]:
    resources = template()["Resources"].items()
    return {name: resource["Properties"] for name, resource in resources if resource["Type"] == kind}


def test_every_error_has_a_meaning_and_a_remedy() -> None:
    """Each class is once in the table of errors and once in the runbook, and no other name is."""
    errors = sorted(_all_errors())
    assert sorted(name for row in REFERENCE.table("Error | What it means") for name in code(row["Error"])) == errors
    assert sorted(re.findall(r"(?m)^### (\w+)$", _section("An error"))) == errors
    assert all(_section(name).strip() for name in errors)


def test_every_alarm_and_every_mail_is_explained() -> None:
    """Each alarm, by its name without that of a function, and each event that is mailed has one row."""
    functions = "|".join(name.removesuffix("Function") for name in _of_type("AWS::Serverless::Function"))
    alarms = {re.sub(f"^({functions})(?!Silent)|Alarm$", "", name) for name in _of_type("AWS::CloudWatch::Alarm")}
    patterns: list[Any] = [rule.get("EventPattern") for rule in _of_type("AWS::Events::Rule").values()]
    mails = {
        name
        for pattern in patterns
        if pattern
        for name in pattern.get("detail", {}).get("eventName", pattern["detail-type"])
    }
    rows = [
        name for row in RUNBOOK.table("Alarm or mail") for name in code(row["Alarm or mail"].partition(" (mail,")[0])
    ]
    assert sorted(rows) == sorted(alarms | mails)


def test_every_layer_of_checks_is_explained() -> None:
    """Each layer of the doctor's checks has a row, in their order; docs/checks.md has each check."""
    assert [name for row in RUNBOOK.table("Layer | Is about") for name in code(row["Layer"])] == list(LAYERS)


def test_the_log_groups_are_those_of_the_template() -> None:
    """The runbook names each function as its log group does."""
    for group in _of_type("AWS::Logs::LogGroup").values():
        name = group["LogGroupName"]["Sub"].rpartition("/")[2]
        assert name in TEXT


@pytest.mark.parametrize("text", sorted(NAMED | PERMITTED))
def test_a_command_that_is_named_in_a_sentence_exists_with_its_options(text: str) -> None:
    """Sentences and tables name commands of rotationctl, with options that these have."""
    _, name, *words = shlex.split(text)
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    options = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    assert {word.partition("=")[0] for word in words if word.startswith("-")} <= options
