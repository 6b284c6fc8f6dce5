"""`make lab LAB_ADDRESS=...`: a lab for containers; 127.0.0.2 stands in for the host's address on their network."""

import json
import re
import socket
from collections.abc import Iterator

import pytest

from lab.lambda_environment import LambdaEnvironment
from lab.up.sample_applications import find_code
from tests.fixtures.processes import descendants, listening_addresses
from tests.lab.commands import ROOT, read_until, run
from tests.lab.up import CREDENTIALS, Lab, lab_up

ADDRESS = "127.0.0.2"
EVENTS = ROOT / "events"
STEPS = ("create_secret", "set_secret", "test_secret", "finish_secret")
pytestmark = pytest.mark.xdist_group("lab address")


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A lab with both engines at another address of this machine."""
    with lab_up(ADDRESS) as lab:
        yield lab


def assert_logs_in(lab: Lab, secret: str) -> None:
    """Fail unless the secret's AWSCURRENT logs in at the lab's address, over TLS that verifies it."""
    login = lab.log_in(secret)
    assert (login.returncode, login.stderr) == (0, "")
    assert re.search(rf"^AWSCURRENT +\w+ logs in at {re.escape(ADDRESS)}:\d+$", login.stdout, re.MULTILINE)


@pytest.mark.parametrize("secret", ["lab/postgresql-alternating-users", "lab/mysql-alternating-users"])
def test_databases_rotate_at_another_address(lab: Lab, secret: str) -> None:
    """Rotations reach Secrets Manager and the databases at the address, with the superuser's login too."""
    version = json.loads(lab.aws("rotate-secret", "--secret-id", secret))["VersionId"]
    read_until(lab.process, f"AWSCURRENT is now version {version}")
    assert_logs_in(lab, secret)


def test_the_sample_events_and_environment_rotate(lab: Lab) -> None:
    """A function that knows only what events/env.json sets rotates with the files of events/, as in `sam local`."""
    ca_bundle = ROOT / re.findall(r"Their CA +(\S+)", lab.greeting)[0]
    here = {"SECRETS_MANAGER_ENDPOINT": lab.url, "RDS_CA_BUNDLE": str(ca_bundle)}
    parameters = json.loads((EVENTS / "env.json").read_text())["Parameters"]
    variables = {name: here.get(name, value) for name, value in parameters.items()}
    code = find_code("postgresql_single_user")
    events = [json.loads((EVENTS / f"{step}.json").read_text()) for step in STEPS]
    with LambdaEnvironment(code, {**variables, **CREDENTIALS}, name="sam-local") as function:
        assert not any(function.invoke(event).failed for event in events)
    stages = json.loads(lab.aws("describe-secret", "--secret-id", "lab/by-hand"))["VersionIdsToStages"]
    assert "AWSCURRENT" in stages[events[0]["ClientRequestToken"]]
    assert_logs_in(lab, "lab/by-hand")


def test_its_lines_fit_a_terminal(lab: Lab) -> None:
    """An address and a port of its own, which the lab then prints for each command, do not make lines too long."""
    assert max(map(len, lab.greeting.splitlines())) <= 80


def test_it_listens_nowhere_else(lab: Lab) -> None:
    """The lab listens at the address and, for itself, at 127.0.0.1, where Secrets Manager is no longer."""
    assert listening_addresses({lab.process.pid, *descendants(lab.process.pid)}) == {"127.0.0.1", ADDRESS}
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(lab.port)), timeout=1)


@pytest.mark.parametrize("address", ["192.0.2.1", "0.0.0.0", "::1", "localhost"])  # noqa: S104 - to be refused
def test_an_address_that_is_not_this_machines(address: str) -> None:
    """An address that is another's, all of them, or none, is refused before anything starts."""
    done = run("lab", LAB_ADDRESS=address)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{address!r} is no IPv4 address of this machine. Set LAB_ADDRESS" in done.stderr
