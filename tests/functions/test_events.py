"""The sample events rotate the lab's secret that waits for them."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from lab.lambda_environment.code import REPOSITORY
from lab.up.sample_applications import BY_HAND, PAIRING_BY_HAND, add_sample_applications
from lab.world import World

if TYPE_CHECKING:
    from lab.observation import StepReport

FILES = ("create_secret.json", "set_secret.json", "test_secret.json", "finish_secret.json")


def test_the_sample_events_rotate(tmp_path: Path) -> None:
    """In turn, the events rotate the secret that they name, whose new version logs in; sent again, nothing changes."""
    events = [json.loads((REPOSITORY / "events" / file).read_text()) for file in FILES]
    reports: list[StepReport] = []
    with World(reports.append, ca_bundle=tmp_path / "ca.pem") as world:
        (server,) = world.start_servers([PAIRING_BY_HAND.kit])
        add_sample_applications(world, PAIRING_BY_HAND.kit, server)
        application = next(one for one in world.applications.values() if one.secret.name == BY_HAND)
        for event in events * 2:
            invocation = world.functions[PAIRING_BY_HAND.function].invoke(event)
            assert not invocation.failed, invocation.error_message
        assert application.logs_in()
        assert application.secret.version_with("AWSCURRENT") == events[0]["ClientRequestToken"]
    assert reports == []  # nobody but the events has rotated anything
