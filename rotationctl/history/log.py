"""What the function logged about one secret's rotations, by the version that each was about.

Functions of this product log a JSON object for each step: how it ended, with the error's class and message.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rotationctl.function_log import Logs, dated_lines
from rotationctl.history.entries import Problem
from rotationctl.secret import Secret


@dataclass(frozen=True, slots=True)
class Line:
    """How a step ended.

    Attributes:
        began: when the step began.
        at: when it ended.
        problem: why it failed; None where it did not.
    """

    version: str
    step: str
    began: datetime
    at: datetime
    problem: Problem | None


def read_lines(client: Logs, group: str, secret: Secret, since: datetime) -> dict[str, list[Line]]:
    """The lines about a secret's rotations since a moment, the oldest first, by their versions."""
    pattern = f"{{ $.secret_arn = {json.dumps(secret.arn)} }}"
    found: dict[str, list[Line]] = defaultdict(list)
    for at, logged in dated_lines(client, group, since, pattern):
        if {"version_id", "step", "duration_ms"} <= logged.keys():
            line = _line(logged, at)
            found[line.version].append(line)
    return {version: sorted(lines, key=lambda line: line.at) for version, lines in found.items()}


def _line(logged: Mapping[str, Any], at: datetime) -> Line:
    step = str(logged["step"])
    failed = Problem(step, str(logged["error"]), str(logged.get("message", ""))) if "error" in logged else None
    return Line(str(logged["version_id"]), step, at - timedelta(milliseconds=logged["duration_ms"]), at, failed)


def last_problem(lines: Sequence[Line]) -> Problem | None:
    """Why the last step failed that did."""
    return next((line.problem for line in reversed(lines) if line.problem), None)
