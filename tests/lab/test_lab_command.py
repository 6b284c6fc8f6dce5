"""`make lab`: what it says can be typed, and works: the AWS command line rotates real databases through it."""

import json
import re
import signal
from collections.abc import Iterator

import pytest

from lab.lambda_environment.http_function import HttpFunction
from lab.servers.process import free_port
from secret_rotation.request import Step
from tests.fixtures.processes import descendants, is_alive, listening_addresses
from tests.lab.commands import ROOT, end, read_until, run
from tests.lab.helpers import wait_until
from tests.lab.up import SECRETS, Lab, lab_up

COLUMNS = 80
STEPS = tuple(Step)
pytestmark = pytest.mark.xdist_group("lab command")


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A lab with both engines, on a port of its own."""
    with lab_up() as lab:
        yield lab


@pytest.mark.parametrize("secret", SECRETS)
def test_the_aws_command_line_rotates_a_database(lab: Lab, secret: str) -> None:
    """`aws secretsmanager rotate-secret` rotates through the built function, and the lab tells of each step."""
    assert ".aws-sam/host (sam build)" in lab.greeting
    version = json.loads(lab.aws("rotate-secret", "--secret-id", secret))["VersionId"]
    steps = read_until(lab.process, f"AWSCURRENT is now version {version}")
    name = secret.removeprefix("lab/")
    assert re.findall(rf"^\d\d:\d\d:\d\d {name} +(\w+)", steps, re.MULTILINE) == list(STEPS)
    listed = json.loads(lab.aws("list-secret-version-ids", "--secret-id", secret))["Versions"]
    assert [v["VersionId"] for v in listed if "AWSCURRENT" in v["VersionStages"]] == [version]
    login = lab.log_in(secret)
    assert (login.returncode, login.stderr) == (0, "")
    assert re.search(r"^AWSCURRENT +\w+ logs in", login.stdout)
    logged = map(json.loads, lab.functions_log.read_text().splitlines())
    steps_logged = [line["step"] for line in logged if line.get("version_id") == version]
    assert list(dict.fromkeys(steps_logged)) == list(STEPS)


@pytest.mark.parametrize("secret", SECRETS)
def test_nothing_is_wrong_with_a_secret_of_the_lab(lab: Lab, secret: str) -> None:
    """`rotationctl check` goes through all layers: the roles are there, and the doctor logs in to the database."""
    assert f"rotationctl check {SECRETS[0]}" in lab.greeting
    done = lab.rotationctl("check", secret, "--json")
    found = {check["check"]: check["result"] for check in json.loads(done.stdout)["checks"]}
    assert (done.returncode, done.stderr) == (0, "")
    assert {found[name] for name in ("role.secret", "function.doctor", "tls.chain", "login.current")} == {"ok"}


def test_a_dry_run_is_told_from_a_rotation(lab: Lab) -> None:
    """What `--no-rotate-immediately` does is one step, which the lab says."""
    lab.aws("rotate-secret", "--secret-id", SECRETS[0], "--no-rotate-immediately")
    steps = read_until(lab.process, "A dry run: nothing was changed")
    assert re.search(r" testSecret +2 calls, 2 conn\., \d+ ms\n +A dry run", steps)


def test_the_sample_events_rotate_by_hand(lab: Lab) -> None:
    """The secret of events/ waits in the middle of a rotation, under the token of the events."""
    event = json.loads((ROOT / "events" / "create_secret.json").read_text())
    stages = json.loads(lab.aws("describe-secret", "--secret-id", event["SecretId"]))["VersionIdsToStages"]
    assert stages[event["ClientRequestToken"]] == ["AWSPENDING"]
    assert lab.log_in("lab/by-hand").returncode == 0
    url = re.findall(r"--data @events/create_secret\.json \\\n +(\S+)", lab.greeting)[0]
    assert not HttpFunction(url).invoke(event).failed
    wait_until(lambda: event["ClientRequestToken"] in lab.functions_log.read_text())


def test_it_says_what_to_type(lab: Lab) -> None:
    """What the lab prints names its port, its servers, and each secret, in lines that a terminal does not break."""
    for text in (lab.url, "PostgreSQL ", "MySQL ", *SECRETS, "lab/by-hand", "python -m lab login"):
        assert text in lab.greeting
    assert max(map(len, lab.greeting.splitlines())) <= COLUMNS


def test_it_listens_at_127_0_0_1_only(lab: Lab) -> None:
    """Unless told otherwise, the lab is reached from this machine alone."""
    assert listening_addresses({lab.process.pid, *descendants(lab.process.pid)}) == {"127.0.0.1"}


def test_a_secret_that_is_not_there(lab: Lab) -> None:
    """A login with a secret that does not exist is an error in one sentence."""
    done = lab.log_in("lab/nothing")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "can't find the specified secret" in done.stderr


def test_a_port_that_is_taken(lab: Lab) -> None:
    """A second lab on the same port says that it is taken, and how to choose another."""
    done = run("lab", LAB_PORT=lab.port)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert f"Port {lab.port} is taken" in done.stderr
    assert "LAB_PORT" in done.stderr
    assert len(done.stderr.strip()) <= COLUMNS


def test_another_lab_leaves_this_one_alone(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a second lab is up at another port, with an authority of its own, the first one's secrets still log in.

    The second one is started as all labs of tests are: again, where its port was taken in the meantime.
    """
    ports = iter([int(lab.port), free_port()])
    monkeypatch.setattr("tests.lab.up.free_port", lambda: next(ports))
    with lab_up(engine="postgres") as second:
        assert second.port != lab.port
        login = lab.log_in("lab/by-hand")
    assert (login.returncode, login.stderr) == (0, "")


@pytest.mark.parametrize("port", ["0", "65536", "http"])
def test_a_port_that_is_none(port: str) -> None:
    """A port that cannot be one is refused before anything starts."""
    done = run("lab", "--port", port)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{port!r} is no port" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly(number: signal.Signals) -> None:
    """Ctrl-C and SIGTERM end the lab, well and with all that it started; ENGINE chooses what that is."""
    with lab_up(engine="postgresql") as lab:
        assert "MySQL" not in lab.greeting
        started = descendants(lab.process.pid)
        status, rest = end(lab.process, number)
    assert (status, rest.strip()) == (0, "Ending the lab.")
    assert len(started) >= 3  # a database's and two functions' supervisors, and more below them
    assert not [pid for pid in started if is_alive(pid)]
