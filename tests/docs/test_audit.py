"""What the documents tell operators and auditors to look for is what the functions leave."""

import json
import re
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import pytest

from secret_rotation.engine import CONNECT_TIMEOUT_SECONDS, STATEMENT_TIMEOUT_SECONDS
from secret_rotation.errors import RotationError, UnsafeRotationError
from secret_rotation.labels import Verdict
from secret_rotation.model import RotationRequest, Step
from secret_rotation.telemetry import Telemetry
from tests.docs.markdown import README, ROOT, code, document
from tests.docs.template import granted_actions, template

SECURITY = document("docs/security.md")
OPERATIONS = document("docs/operations.md")
REQUEST = RotationRequest(Step.SET_SECRET, "arn:of:secret", "version-1")


def written() -> list[dict[str, Any]]:
    """All lines that a step that succeeds and one that fails leave."""
    stdout = StringIO()
    with redirect_stdout(stdout):
        telemetry = Telemetry("single_user", "mysql", {})
        with telemetry.step(REQUEST) as record:
            record.verdict = Verdict.ACT
        with pytest.raises(UnsafeRotationError), telemetry.step(REQUEST):
            raise UnsafeRotationError("no")
    return [json.loads(line) for line in stdout.getvalue().splitlines()]


def all_errors(kind: type[RotationError] = RotationError) -> set[str]:
    """The names of a class and of all that derive from it."""
    return {kind.__name__}.union(*map(all_errors, kind.__subclasses__()))


def test_every_error_has_a_remedy() -> None:
    """The README's table of errors names each class once, and none that does not exist."""
    documented = [name for row in README.table("Error | What it means") for name in code(row["Error"])]
    assert sorted(documented) == sorted(name for name in all_errors() if name.endswith("Error"))


def test_every_key_of_a_log_line_is_documented() -> None:
    """The table of log keys is the keys that lines of a step have."""
    documented = {name for row in SECURITY.table("Key | Content") for name in code(row["Key"])}
    assert documented == {key for line in written() if "_aws" not in line for key in line}


def test_every_metric_is_documented_with_its_unit_and_dimensions() -> None:
    """The table of metrics is what CloudWatch makes of a step's lines."""
    directives = [line["_aws"]["CloudWatchMetrics"][0] for line in written() if "_aws" in line]
    rows = SECURITY.table("Metric | Unit")
    emitted = {metric["Name"]: metric["Unit"] for directive in directives for metric in directive["Metrics"]}
    assert {code(row["Metric"])[0]: row["Unit"] for row in rows} == emitted
    assert set(code(rows[0]["Dimensions"])) == {name for d in directives for names in d["Dimensions"] for name in names}


def test_every_action_that_a_role_grants_is_documented() -> None:
    """The table of permissions is what the template grants, no more and no less."""
    documented = {action for row in SECURITY.table("Statement | Actions") for action in code(row["Actions"])}
    assert documented == granted_actions()


def test_the_log_groups_of_the_runbook_are_those_of_the_template() -> None:
    """The runbook names each function as its log group does."""
    groups = [r for r in template()["Resources"].values() if r["Type"] == "AWS::Logs::LogGroup"]
    text = OPERATIONS.path.read_text()
    for group in groups:
        assert group["Properties"]["LogGroupName"]["Sub"].rpartition("/")[2] in text


def test_the_times_are_those_of_the_code() -> None:
    """The table of time limits is what engine.py, aws.py and the template state."""
    limits = [row["Limit"] for row in document("docs/how-it-works.md").table("What | Limit")]
    stated = re.search(r"ends after (\d+) s", (ROOT / "layers/secret_rotation/secret_rotation/aws.py").read_text())
    assert stated
    timeout = template()["Globals"]["Function"]["Timeout"]
    assert limits == [
        f"{int(seconds)} s" for seconds in (stated[1], CONNECT_TIMEOUT_SECONDS, STATEMENT_TIMEOUT_SECONDS, timeout)
    ]
