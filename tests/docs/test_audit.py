"""What the documents tell operators and auditors to look for is what the functions leave."""

import json
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import pytest

from secret_rotation.deadline import CONNECT_TIMEOUT_SECONDS
from secret_rotation.engine import STATEMENT_TIMEOUT_SECONDS
from secret_rotation.errors import UnsafeRotationError
from secret_rotation.labels import Verdict
from secret_rotation.patience import PATIENCE
from secret_rotation.request import RotationRequest, Step
from secret_rotation.telemetry import Telemetry
from tests.docs.markdown import code, document
from tests.docs.template import granted_actions, template

SECURITY = document("docs/security.md")
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


def test_the_times_are_those_of_the_code() -> None:
    """The table of time limits is what the functions wait, and what the template states."""
    limits = [row["Limit"] for row in document("docs/how-it-works.md").table("What | Limit")]
    timeout = template()["Globals"]["Function"]["Timeout"]
    waits = (PATIENCE.aws_call_seconds, CONNECT_TIMEOUT_SECONDS, STATEMENT_TIMEOUT_SECONDS, timeout)
    assert limits == [f"{int(seconds)} s" for seconds in waits]
