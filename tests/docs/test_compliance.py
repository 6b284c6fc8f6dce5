"""What the page for auditors says is what the program and the functions do."""

import json

import pytest

from rotationctl.functions import RotationFunction
from rotationctl.report.controls import AWS_DAYS, CONTROLS
from rotationctl.report.lifetime import lifetime
from rotationctl.report.schedule import Schedule, count
from rotationctl.report.waiver import REASON_TAG, UNTIL_TAG, Waiver
from tests.docs.markdown import code, document
from tests.docs.template import template
from tests.docs.test_audit import written
from tests.docs.test_commands import commands

PAGE = document("docs/compliance.md")
LIVES = PAGE.table("Rotates every")


def test_the_controls_are_those_of_the_report() -> None:
    """With the rules that speak against each."""
    documented = {
        row["Control"]: code(row["What speaks against it in a report"]) for row in PAGE.table("Control | What")
    }
    assert documented == {control.control_id: list(control.against) for control in CONTROLS}


@pytest.mark.parametrize("row", LIVES, ids=lambda row: row["Rotates every"])
def test_how_long_a_password_lives(row: dict[str, str]) -> None:
    """As the report computes it."""
    days = int(row.pop("Rotates every").partition(" ")[0])
    for title, said in row.items():
        engine, strategy = title.lower().split(", ")
        function = RotationFunction(engine, strategy.replace(" ", "_"), None)
        assert lifetime(function, Schedule(None, None, days)).days == int(said.partition(" ")[0])
        assert said == count(int(said.partition(" ")[0]))


def test_the_days_are_those_of_the_template_and_of_the_report() -> None:
    """How long logs are kept, and what is compared with."""
    kept = template()["Parameters"]["LogRetentionInDays"]
    rows = {row["Record"]: row["Kept for"] for row in PAGE.table("Record | Where")}
    assert rows["each step of each rotation"] == f"{kept['Default']} days, or `LogRetentionInDays`"
    assert 365 in kept["AllowedValues"]
    assert f"compare with {AWS_DAYS} days" in PAGE.path.read_text()


def test_the_exception_is_one() -> None:
    """The tags that the page has set are those that the report reads."""
    [command] = [
        command for command in commands("aws") if "tag-resource" in command.words and "exception" in str(command.words)
    ]
    tags = {tag["Key"]: tag["Value"] for tag in json.loads(command.words[-1])}
    assert tags.keys() == {REASON_TAG, UNTIL_TAG}
    waiver = Waiver.of_tags(tags)
    assert waiver is not None
    assert waiver.until is not None


def test_the_line_of_the_log_is_one() -> None:
    """It has the keys of a line that a step leaves when it is done, and says what such a line says."""
    [block] = [block for block in PAGE.blocks() if block.text.startswith("{")]
    shown, real = json.loads(block.text), next(line for line in written() if "duration_ms" in line)
    assert shown.keys() == real.keys()
    assert {key: type(value) for key, value in shown.items()} == {key: type(value) for key, value in real.items()}
    assert (shown["message"], list(shown)) == (real["message"], list(real))
