"""The sample events are what Secrets Manager sends, and the environment file is what the functions read."""

from __future__ import annotations

import json
from pathlib import Path

from secret_rotation.model import RotationRequest, Step

ROOT = Path(__file__).parents[2]
EVENTS = ROOT / "events"
FILES = {
    Step.CREATE_SECRET: "create_secret.json",
    Step.SET_SECRET: "set_secret.json",
    Step.TEST_SECRET: "test_secret.json",
    Step.FINISH_SECRET: "finish_secret.json",
}


def test_there_is_one_event_for_each_step() -> None:
    """Each file is a valid event of the step that it is named after."""
    requests = {
        step: RotationRequest.from_event(json.loads((EVENTS / file).read_text())) for step, file in FILES.items()
    }
    assert {step: request.step for step, request in requests.items()} == {step: step for step in Step}


def test_the_events_are_one_rotation() -> None:
    """All events have one secret and one token, so that running them in turn rotates."""
    requests = [RotationRequest.from_event(json.loads((EVENTS / file).read_text())) for file in FILES.values()]
    assert len({(request.secret_arn, request.token) for request in requests}) == 1


def test_the_environment_file_sets_what_the_template_has() -> None:
    """`sam local` passes on only variables that the template sets; the file names no other."""
    template = (ROOT / "template.yaml").read_text()
    for variable in json.loads((EVENTS / "env.json").read_text())["Parameters"]:
        assert f"        {variable}: !Ref " in template
