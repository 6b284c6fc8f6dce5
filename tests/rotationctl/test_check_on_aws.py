"""What check-on-aws does with each function, on the lab: real rotations, a real server, a client that logs in."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from typing import Any

import pytest

from lab.pairing import PAIRINGS, Pairing
from lab.relay import Relay
from lab.secretsmanager import OPERATOR_CALLER
from lab.servers import DatabaseServer
from scripts.check_on_aws.client import app
from scripts.check_on_aws.cloud import Cloud
from scripts.check_on_aws.promises import Promise, Table
from scripts.check_on_aws.trial import Place, Trial
from tests.fixtures.databases import MakeUser, newest_database_name
from tests.fixtures.rotation import Application, MakeApplication
from tests.fixtures.servers import server_called
from tests.lab.helpers import wait_until

REGION = "us-east-1"


class LabCloud(Cloud):
    """The lab, where the client is a call, and a relay that goes silent is a network that is cut off."""

    def __init__(self, relay: Relay) -> None:
        super().__init__(REGION)
        self._relay = relay

    def ask(self, action: str, **event: str) -> dict[str, Any]:
        """Call the client."""
        return dict(app.lambda_handler({"action": action, **event}, None))

    def hears(self, secret: str, kind: str, seconds: float, version: str | None = None) -> bool:  # noqa: ARG002 - as it is called
        """Nothing without a version: the lab has no queue. Of one that is named all has been told."""
        return version is not None

    def alarmed(self, alarm: str, seconds: float) -> bool:  # noqa: ARG002 - as it is called
        """Nothing: the lab has no alarms."""
        return False

    @contextmanager
    def cut_off(self, database_group: str, function_group: str, port: int) -> Iterator[None]:  # noqa: ARG002 - as it is called
        """The relay takes connections, and leaves them without an answer."""
        self._relay.silent = True
        try:
            yield
        finally:
            self._relay.silent = False


@dataclass(frozen=True)
class LabTrial(Trial):
    """A trial whose client has looked at the secret before that rotates, also where this machine is slow."""

    application: Application

    def _watch(self) -> Future[dict[str, Any]]:
        before = self._reads()
        ended = super()._watch()
        wait_until(lambda: self._reads() > before or ended.done())
        return ended

    def _reads(self) -> int:
        secret = self.application.secret
        return secret.cloud.calls.operations(secret_arn=secret.arn).count("GetSecretValue")


@pytest.fixture(params=[pairing for pairing in PAIRINGS.values() if not pairing.needs_superuser], ids=str)
def pairing(request: pytest.FixtureRequest) -> Pairing:
    """One function of each engine. Those that need a superuser would take as long again, and ask nothing more."""
    found: Pairing = request.param
    return found


@pytest.fixture
def server(pairing: Pairing, request: pytest.FixtureRequest) -> DatabaseServer:
    """The newest server of its engine."""
    return server_called(request.config, newest_database_name(pairing.kit))


@pytest.fixture
def application(
    pairing: Pairing,
    server: DatabaseServer,
    make_user: MakeUser,
    make_application: MakeApplication,
    unique_name: Callable[..., str],
) -> Application:
    """An application whose user nobody has made yet."""
    return make_application(make_user(server), pairing.strategy, username=unique_name())


@pytest.fixture
def trial(
    pairing: Pairing, application: Application, environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> Trial:
    """A trial of the function, which is deployed as that of a stack."""
    cloud = application.secret.cloud
    camel = pairing.function.title().replace("_", "")
    function = f"arn:aws:lambda:{REGION}:123456789012:function:prod-{camel}Function-1a2B3c4D5e6F"
    cloud.register(function, application.function)
    application.secret.client.cancel_rotate_secret(SecretId=application.secret.arn)
    more = {"AWS_ENDPOINT_URL": cloud.endpoint_url, "AWS_ACCESS_KEY_ID": OPERATOR_CALLER, "AWS_DEFAULT_REGION": REGION}
    for name, value in {**environment, **more}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("scripts.check_on_aws.trial.EVENT_SECONDS", 5)
    monkeypatch.setattr(app, "BUNDLE", application.user.server.ca_bundle)
    relay = application.user.relay
    assert isinstance(relay, Relay)
    place = Place(function, application.secret.arn, application.superuser_secret.arn, "alarm", "db", "functions", 0)
    return LabTrial(pairing, place, LabCloud(relay), Table([pairing]), application)


def test_all_of_it_holds(trial: Trial, application: Application) -> None:
    """From a user that is made to a rotation that was stuck and is brought to its end; the gap is seen where one is."""
    with redirect_stdout(StringIO()):
        trial.run()
    printed = "\n".join(trial.table.lines())
    for promise in set(Promise) - {Promise.EVENT, Promise.ALARM, Promise.PROMOTE_EARLY}:
        assert f"  held       {promise}: " in printed, printed
    assert f"  NOT HELD   {Promise.EVENT}: " in printed
    assert trial.may_rotate_early() is trial.pairing.has_gap
    trial.look_at_alarm()
    assert f"  NOT HELD   {Promise.ALARM}: " in "\n".join(trial.table.lines())
    assert str(application.secret.value()["password"]) not in printed
    assert application.logs_in()


@pytest.mark.parametrize(
    "pairing", [pairing for pairing in PAIRINGS.values() if pairing.has_gap], ids=str, indirect=True
)
@pytest.mark.parametrize(("promotes", "verdict"), [("true", "held     "), ("false", "NOT HELD ")])
def test_that_setsecret_moved_the_label_is_looked_at(
    trial: Trial, application: Application, make_application: MakeApplication, promotes: str, verdict: str
) -> None:
    """Labels that are as they should be in the end may be finishSecret's doing, as always."""
    early = make_application(application.user, trial.pairing.strategy, environ={"PROMOTE_EARLY": promotes})
    application.secret.cloud.register(trial.place.function, early.function)
    with redirect_stdout(StringIO()):
        trial.cloud.ask("make", superuser=trial.place.superuser, secret=trial.place.secret)
        application.secret.cloud.enable_rotation(application.secret.arn, trial.place.function)
        trial.rotate_early()
    printed = "\n".join(trial.table.lines())
    assert f"  {verdict}  {Promise.PROMOTE_EARLY}: that finishSecret found it done is " in printed, printed
