"""The sample events are what Secrets Manager sends, and the environment file is what the functions read."""

import json
import re
from pathlib import Path, PurePosixPath

from lab.up.endpoint import DEFAULT_PORT, LabEndpoint
from lab.up.files import ca_bundle
from secret_rotation.examination.requests import Action, DoctorRequest
from secret_rotation.request import RotationRequest, Step

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


def test_the_environment_file_names_the_lab_that_the_readme_starts() -> None:
    """Secrets Manager and RDS are where the README's `make lab` puts them, and the CA bundle where its `cp` does."""
    readme = (EVENTS / "README.md").read_text()
    endpoint = LabEndpoint(re.findall(r"make lab LAB_ADDRESS=(\S+)", readme)[0], DEFAULT_PORT)
    parameters = json.loads((EVENTS / "env.json").read_text())["Parameters"]
    assert {parameters["SECRETS_MANAGER_ENDPOINT"], parameters["RDS_ENDPOINT"]} == {endpoint.url}
    copied = re.findall(r"cp (\S+) \.aws-sam/build/PostgresqlSingleUserFunction/(\S+)", readme)
    assert copied == [(str(ca_bundle(endpoint).relative_to(ROOT)), PurePosixPath(parameters["RDS_CA_BUNDLE"]).name)]


def test_there_is_one_event_for_each_action_of_the_doctor() -> None:
    """Each file asks for what its name says, and for the secret that waits in the lab."""
    secret = json.loads((EVENTS / FILES[Step.CREATE_SECRET]).read_text())["SecretId"]
    for action in Action:
        request = DoctorRequest.from_event(json.loads((EVENTS / f"doctor_{action}.json").read_text()))
        assert request.action is action
        assert request.secret in (secret, "")
