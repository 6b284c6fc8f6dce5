"""How LAB_POSTGRES and LAB_MYSQL choose servers: versions, their source, and what is said of a wrong choice."""

import subprocess
import sys

import pytest

from lab.engines import KITS, Kit, kit_of_server_name
from lab.engines.mysql import MYSQL
from lab.engines.postgresql import POSTGRESQL
from lab.servers import ProvisionError, ServerError
from tests.lab.helpers import ENGINE_IDS, IMPORTS_AS_HERE

NOWHERE = "unix:///nonexistent/docker.sock"
NO_ENGINE = r"No Docker engine answers|no docker on PATH"


@pytest.mark.parametrize(
    ("kit", "choice", "names"),
    [
        (POSTGRESQL, "18, 14", ["postgres14", "postgres18"]),
        (POSTGRESQL, "docker:17,15", ["postgres15", "postgres17"]),
        (POSTGRESQL, "docker", ["postgres14", "postgres15", "postgres16", "postgres17", "postgres18"]),
        (MYSQL, "docker", ["mysql8.0", "mysql8.4", "mysql9.7"]),
        (MYSQL, "docker:8.4", ["mysql8.4"]),
        (MYSQL, "local", ["mysql"]),
    ],
    ids=str,
)
def test_choice_of_versions(kit: Kit, choice: str, names: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A choice lists versions, or images, or versions of images; a server's name has its version, the newest last."""
    monkeypatch.setenv(kit.choice_variable, choice)
    assert list(kit.chosen_server_names()) == names
    assert {kit_of_server_name(name) for name in names} == {kit}


@pytest.mark.parametrize("kit", KITS, ids=ENGINE_IDS)
def test_unknown_version_of_an_image_is_refused(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """A version without an image is an error that names the variable and lists those that have one."""
    monkeypatch.setenv(kit.choice_variable, "docker:5")
    with pytest.raises(ProvisionError, match=rf"{kit.choice_variable} is 'docker:5'.*{', '.join(kit.images)}"):
        kit.chosen_server_names()


@pytest.mark.parametrize("kit", KITS, ids=ENGINE_IDS)
def test_server_without_an_engine_is_an_error(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no Docker engine answers, a server from an image is an error that says so, and no other source is taken."""
    monkeypatch.setenv(kit.choice_variable, "docker")
    monkeypatch.setenv("DOCKER_HOST", NOWHERE)
    with pytest.raises(ServerError, match=NO_ENGINE):
        kit.start(kit.chosen_server_names()[-1])


def test_fetching_images_without_an_engine_is_an_error() -> None:
    """`make test-docker` ends at its beginning, with one clear sentence, where no Docker engine answers."""
    environment = {**IMPORTS_AS_HERE, "DOCKER_HOST": NOWHERE, "LAB_POSTGRES": "docker", "LAB_MYSQL": "docker"}
    done = fetch_images(environment)
    assert done.returncode == 1
    assert "No Docker engine answers" in done.stderr or "no docker on PATH" in done.stderr
    assert "Traceback" not in done.stderr


def fetch_images(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """What `make test-docker` begins with."""
    command = [sys.executable, "-m", "lab.engines.images"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
