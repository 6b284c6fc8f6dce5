"""What a step leaves in the function's log: structured lines and metrics."""

import json
import logging
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import pytest

from secret_rotation import __version__
from secret_rotation.errors import InvalidEventError, RotationError, UnsafeRotationError
from secret_rotation.labels import Verdict
from secret_rotation.request import RotationRequest, Step
from secret_rotation.telemetry import Telemetry

REQUEST = RotationRequest(Step.SET_SECRET, "arn:of:secret", "version-1", "rotation-token-never-to-be-seen")
CONTEXT = {"secret_arn": "arn:of:secret", "step": "setSecret", "version_id": "version-1"}
CONTEXT |= {"strategy": "single_user", "engine": "mysql", "software_version": __version__}
Lines = list[dict[str, Any]]


class Environment:
    """A Lambda environment: telemetry made at its init, and the stdout that it writes to."""

    def __init__(self, **environ: str) -> None:
        self.stdout = StringIO()
        with redirect_stdout(self.stdout):
            self.telemetry = Telemetry("single_user", "mysql", environ)

    def run(self, verdict: Verdict = Verdict.ACT, error: RotationError | None = None) -> None:
        """Run a step that ends with this verdict, or with this error."""
        with redirect_stdout(self.stdout), self.telemetry.step(REQUEST) as record:
            logging.getLogger("secret_rotation.older_versions").warning("Passing over %s", "AWSPREVIOUS")
            record.verdict = verdict
            if error is not None:
                raise error

    def refuse(self, error: InvalidEventError) -> None:
        """Be given an event that names no step."""
        with redirect_stdout(self.stdout):
            self.telemetry.refused(error)

    def lines(self) -> Lines:
        """What was written since this was last called."""
        written = [json.loads(line) for line in self.stdout.getvalue().splitlines()]
        self.stdout.seek(self.stdout.truncate(0))
        return written


def metric(lines: Lines, name: str) -> tuple[float, str, str]:
    """Value, unit and namespace of a metric, as CloudWatch reads it from the log."""
    found = [line for line in lines if name in line]
    assert len(found) == 1
    directive = found[0]["_aws"]["CloudWatchMetrics"][0]
    unit = next(entry["Unit"] for entry in directive["Metrics"] if entry["Name"] == name)
    return found[0][name][0], unit, directive["Namespace"]


def test_a_step_that_succeeds_is_logged_and_counted() -> None:
    """One line and one set of metrics tell secret, step, version, strategy, engine, outcome and duration."""
    environment = Environment()
    environment.run()
    lines = environment.lines()
    assert lines[1] == {**lines[1], **CONTEXT, "level": "INFO", "message": "setSecret succeeded"}
    assert lines[1]["duration_ms"] >= 0
    assert metric(lines, "StepSucceeded") == (1.0, "Count", "SecretRotation")
    assert metric(lines, "StepDuration")[1] == "Milliseconds"


def test_a_step_that_was_done_says_so() -> None:
    """A repeated step is told from one that did something."""
    environment = Environment()
    environment.run(Verdict.ALREADY_DONE)
    assert environment.lines()[1]["message"] == "setSecret was done already"


def test_a_step_that_fails_is_logged_counted_and_raised() -> None:
    """The error's words and class are logged, a failure is counted, and the error goes on to Lambda."""
    environment = Environment()
    with pytest.raises(UnsafeRotationError):
        environment.run(error=UnsafeRotationError("User app is somebody else's."))
    lines = environment.lines()
    expected = {**CONTEXT, "level": "ERROR", "message": "User app is somebody else's.", "error": "UnsafeRotationError"}
    assert lines[1] == {**lines[1], **expected}
    assert metric(lines, "StepFailed")[:2] == (1.0, "Count")


def test_an_event_without_a_step_is_counted_as_a_failure() -> None:
    """An event that names no step is logged and counted too, without the keys of the step before it."""
    environment = Environment()
    environment.run()
    environment.lines()
    environment.refuse(InvalidEventError("The event's Step is missing."))
    lines = environment.lines()
    assert lines[0]["message"] == "The event's Step is missing."
    assert "secret_arn" not in lines[0]
    assert metric(lines, "StepFailed")[0] == 1.0


def test_what_the_layer_logs_carries_the_same_keys() -> None:
    """A module's own log line is structured and names the secret as well, once."""
    environment = Environment()
    environment.run()
    lines = [line for line in environment.lines() if line.get("message") == "Passing over AWSPREVIOUS"]
    assert lines == [{**lines[0], **CONTEXT, "level": "WARNING"}]


def test_the_rotation_token_is_in_no_line() -> None:
    """The token that proves the function's identity is never logged."""
    environment = Environment()
    environment.run()
    assert "setSecret succeeded" in environment.stdout.getvalue()
    assert "never-to-be-seen" not in environment.stdout.getvalue()


def test_a_line_is_ascii() -> None:
    """What cannot be encoded is escaped, in the line of an error too, and comes out as it went in."""
    environment = Environment()
    with pytest.raises(RotationError):
        environment.run(error=RotationError("User \u00fc \U0001f511 \ud800 is unknown."))
    assert environment.stdout.getvalue().isascii()
    (line,) = (line for line in environment.lines() if line.get("level") == "ERROR")
    assert line["message"] == "User \u00fc \U0001f511 \\ud800 is unknown."


def test_debug_is_off_for_every_logger() -> None:
    """Once the log is set up no logger is heard at DEBUG, whatever level it has, or is given afterwards."""
    Environment()
    logger = logging.getLogger("botocore.parsers")
    logger.setLevel(logging.DEBUG)
    assert not logger.isEnabledFor(logging.DEBUG)
    assert logger.isEnabledFor(logging.INFO)
    logger.setLevel(logging.NOTSET)


def test_names_can_be_set() -> None:
    """Service and namespace come from the variables of Powertools."""
    environment = Environment(POWERTOOLS_SERVICE_NAME="our-passwords", POWERTOOLS_METRICS_NAMESPACE="Ours")
    environment.run()
    lines = environment.lines()
    assert {line["service"] for line in lines} == {"our-passwords"}
    assert metric(lines, "StepSucceeded")[2] == "Ours"
