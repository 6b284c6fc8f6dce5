"""What the doctor finds: nothing where all is well, and each fault by the check that is about it."""

import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from lab.engines import KITS, Kit
from lab.engines.postgresql import PostgresServer
from lab.secretsmanager import LocalSecretsManager, faults
from lab.servers import CertificateAuthority, DatabaseServer
from lab.servers.certificates import default_authority
from secret_rotation import __version__
from secret_rotation.doctor.catalogue import CATALOGUE, Place
from secret_rotation.doctor.findings import Result
from secret_rotation.examination.checkup import asked_for
from secret_rotation.examination.local import examine_here
from tests.doctor.conftest import MakeDoctor, results
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import SINGLE_USER, Application, MakeApplication
from tests.rotation.typed import remedies

BY_THE_SUPERUSER = {"grants.superuser", "grants.accounts", "pair.users", "pair.record"}
"""What only a superuser may see on some engine, so that it is left to the dry run."""


@pytest.fixture(scope="module", params=KITS, ids=str)
def own_server(request: pytest.FixtureRequest) -> Iterator[DatabaseServer]:
    """A server of each engine that the tests of this module may change; each leaves it as it was."""
    kit: Kit = request.param
    with kit.start() as server:
        yield server


@pytest.fixture
def own_application(own_server: DatabaseServer, make_user: MakeUser, make_application: MakeApplication) -> Application:
    """An application on that server."""
    return make_application(make_user(own_server), SINGLE_USER)


def test_all_is_well_before_and_after_a_rotation(any_application: Application, make_doctor: MakeDoctor) -> None:
    """Every check that needs no name has a finding; none is worse than ok, but for what the superuser alone sees."""
    doctor = make_doctor(any_application)
    for _ in range(2):
        checks = doctor.check()
        assert list(checks) == [check.name for check in CATALOGUE if check.place is Place.INSIDE]
        assert results(checks, "ok") | BY_THE_SUPERUSER == set(checks), checks
        assert results(checks, "skipped") <= BY_THE_SUPERUSER
        assert any_application.rotate().succeeded
    assert any_application.user.rejected_logins() == 0


def test_one_check_costs_one_login(application: Application, make_doctor: MakeDoctor) -> None:
    """TCP and TLS are looked at on one connection; what is not asked for does not log in."""
    doctor, relay = make_doctor(application), application.user.relay
    relay.connections = 0
    assert list(doctor.check("tls.chain", "network")) == [
        "network.secretsmanager", "network.rds", "network.dns", "network.tcp", "tls.chain",
    ]  # fmt: skip
    assert relay.connections == 1
    assert doctor.check("login.current")["login.current"]["result"] == "ok"
    assert relay.connections == 3


@pytest.mark.parametrize(
    ("changes", "failed", "words"),
    [
        ({"password": None}, "secret.value", "'password'"),
        ({"engine": "oracle"}, "secret.value", "'engine'"),
        ({"host": "db.proxy-abc123.eu-central-1.rds.amazonaws.com"}, "secret.host", "RDS Proxy"),
        ({"host": "no-such-host.invalid"}, "network.dns", "no address"),
        ({"tlsname": "other.example.com"}, "tls.name", "another name than other.example.com"),
        ({"username": "nobody_here"}, "login.current", "rejected"),
        ({"password": "wrong"}, "login.current", "AWSCURRENT"),
        ({"dbname": "no_such_database"}, "login.current", "database"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_fault_in_the_secret(
    application: Application, make_doctor: MakeDoctor, changes: dict[str, Any], failed: str, words: str
) -> None:
    """It is found by the check that is about it, and everything beyond that layer is skipped."""
    value = {**application.secret.value(), **changes}
    application.secret.put({key: kept for key, kept in value.items() if kept is not None})
    checks = make_doctor(application).check()
    assert results(checks, "failed") == {failed}
    assert words in checks[failed]["text"]
    assert not [name for name in results(checks, "ok") if name.startswith("grants.")]
    assert f"rests on {failed}" in checks["grants.writer"]["text"]


def test_a_closed_port(application: Application, make_doctor: MakeDoctor) -> None:
    """A port at which nothing listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    application.secret.change(port=port)
    checks = make_doctor(application).check()
    assert results(checks, "failed") == {"network.tcp"}
    assert "nothing listens" in checks["network.tcp"]["text"]


@pytest.mark.parametrize(
    ("says", "words"), [(b"HTTP/1.1 400 Bad Request\r\n\r\n", "no(t|) "), (b"", "says nothing")], ids=["HTTP", "silent"]
)
def test_another_server_at_the_port(
    application: Application, make_doctor: MakeDoctor, monkeypatch: pytest.MonkeyPatch, says: bytes, words: str
) -> None:
    """What answers is no database, or hangs."""
    seconds = 30.0 if says else 0.3  # an answer is waited for on any machine
    monkeypatch.setattr("secret_rotation.examination.certificates.HANDSHAKE_SECONDS", seconds)
    with ExitStack() as stack:
        listener = stack.enter_context(closing(socket.create_server(("127.0.0.1", 0))))

        def answer() -> None:
            connection = stack.enter_context(closing(listener.accept()[0]))
            connection.sendall(says)

        thread = threading.Thread(target=answer)
        thread.start()
        application.secret.change(port=listener.getsockname()[1])
        checks = make_doctor(application).check()
        thread.join()
    assert results(checks, "failed") == {"tls.offered"}
    assert re.search(words, checks["tls.offered"]["text"])


def test_an_unknown_authority(application: Application, make_doctor: MakeDoctor) -> None:
    """The layer's own bundle does not know the lab's authority."""
    checks = make_doctor(application, RDS_CA_BUNDLE="").check()
    assert results(checks, "failed") == {"tls.chain"}
    assert "signed by no authority" in checks["tls.chain"]["text"]


def test_a_certificate_that_ends_soon(
    own_application: Application, own_server: DatabaseServer, make_doctor: MakeDoctor
) -> None:
    """A warning is no failure: the user still logs in."""
    own_server.use_certificate(default_authority().issue(lifetime=timedelta(days=20)))
    try:
        checks = make_doctor(own_application).check()
    finally:
        own_server.use_certificate(default_authority().issue())
    assert results(checks, "warning") == {"tls.expiry"}
    assert "for 19 more days" in checks["tls.expiry"]["text"]
    assert checks["login.current"]["result"] == "ok"


def test_a_locked_user_is_let_in_as_the_remedy_says(application: Application, make_doctor: MakeDoctor) -> None:
    """The text has the statement that mends it."""
    user, doctor = application.user, make_doctor(application)
    user.administrate(user.kit.lock_out(user.username))
    checks = doctor.check()
    assert results(checks, "failed") == {"login.current"}
    typed = [statement for _, statement in remedies(checks["login.current"]["text"]) if statement.startswith("ALTER")]
    user.administrate(*typed)
    assert doctor.check()["login.current"]["result"] == "ok"


def test_after_a_rejection_nobody_else_logs_in(application: Application, make_doctor: MakeDoctor) -> None:
    """One rejected login for each examination, whatever else was asked for."""
    first = application.secret.value()
    application.secret.change(password="wrong")
    application.secret.put({**first, "password": "wrong too"}, stages=("AWSPENDING",))
    checks = make_doctor(application).check("login", "login.pending", "login.previous")
    assert checks["login.current"]["result"] == "failed"
    assert {checks[name]["result"] for name in ("login.pending", "login.previous")} == {"skipped"}
    assert application.user.rejected_logins() == 1


def test_another_version_by_its_name(application: Application, make_doctor: MakeDoctor) -> None:
    """AWSPENDING logs in only where it is asked for, and then alone."""
    doctor = make_doctor(application)
    assert "login.pending" not in doctor.check()
    assert doctor.check("login.pending")["login.pending"]["result"] == "skipped"  # there is none
    application.secret.put(application.secret.value(), stages=("AWSPENDING",))
    assert doctor.check("login.pending")["login.pending"]["result"] == "ok"


def test_plaintext_is_a_warning(application: Application, make_doctor: MakeDoctor) -> None:
    """Where the secret itself says so, nothing else of TLS is looked at."""
    application.secret.change(ssl=False)
    checks = make_doctor(application).check()
    assert results(checks, "warning") == {"tls.offered"}
    assert checks["login.current"]["result"] == "ok"


def test_no_value_leaves(either_strategy: Application, make_doctor: MakeDoctor) -> None:
    """Neither a password nor anything else of the JSON that messages do not name."""
    either_strategy.secret.change(comment="a note that is nobody's business", password="Not-The-Right-1")
    answer = str(make_doctor(either_strategy).ask(action="check"))
    assert "Not-The-Right-1" not in answer
    assert "nobody's business" not in answer


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ({"action": "drop"}, "check, verify"),
        ({}, "'action'"),
        ({"action": "check", "secret": ""}, "'secret'"),
        ({"action": "check", "only": "tls"}, "list"),
        ({"action": "check", "only": ["tls.colour"]}, r"tls\.colour"),
        ({"action": "check", "strategy": "both"}, "single_user"),
    ],
)
def test_what_cannot_be_asked(
    application: Application, make_doctor: MakeDoctor, event: dict[str, Any], words: str
) -> None:
    """A sentence says what can, and nothing is connected to."""
    application.user.relay.connections = 0
    invocation = make_doctor(application).ask(**event)
    assert invocation.error_type == "InvalidEventError"
    assert re.search(words, str(invocation.error_message))
    assert application.user.relay.connections == 0


def test_time_that_is_used_up(application: Application, make_doctor: MakeDoctor) -> None:
    """Nobody tries a check again by himself: it says what to type."""
    text = make_doctor(application, timeout_seconds=3.0).check("secret")["secret.value"]["text"]
    assert "The time for all these checks is used up." in text
    assert text.endswith("rotationctl check --only.")


def test_each_line_of_the_log_says_what_it_is_about(application: Application, make_doctor: MakeDoctor) -> None:
    """And which version wrote it; an event that is refused has no keys of the invocation before it."""
    doctor = make_doctor(application)
    verified = json.loads(doctor.ask(action="check").log)
    assert (verified["secret_arn"], verified["software_version"]) == (application.secret.arn, __version__)
    refused = json.loads(doctor.ask(action="drop").log)
    assert (refused["error"], refused["software_version"]) == ("InvalidEventError", __version__)
    assert not {"action", "secret_arn"} & refused.keys()


def test_the_same_from_ones_own_machine(application: Application, cloud: LocalSecretsManager) -> None:
    """With a client of one's own, and the strategy that is to be."""
    environ = {"RDS_CA_BUNDLE": str(application.user.server.ca_bundle)}
    client, rds_url = cloud.client(), lambda: cloud.endpoint_url
    for strategy in (SINGLE_USER, None):
        findings = examine_here(client, rds_url, application.secret.name, asked_for(None), strategy, environ)
        assert {finding.result for finding in findings} <= {Result.OK, Result.SKIPPED}, findings
        unknown = {"secret.username", "pair.users", "pair.record"}
        skipped = {finding.check for finding in findings if finding.result is Result.SKIPPED}
        assert (unknown <= skipped) == (strategy is None)


def test_a_secret_that_the_doctor_may_not_read(
    application: Application, make_doctor: MakeDoctor, cloud: LocalSecretsManager
) -> None:
    """It is not attached, or a policy denies it; nothing is connected to."""
    doctor, application.user.relay.connections = make_doctor(application), 0
    cloud.faults.add(faults.error("DescribeSecret", "AccessDeniedException"))
    checks = doctor.check()
    assert results(checks, "failed") == {"secret.value"}
    assert "attach it first" in checks["secret.value"]["remedy"]
    assert application.user.relay.connections == 0


def test_secrets_manager_out_of_reach(application: Application, make_doctor: MakeDoctor) -> None:
    """A function in a VPC without an endpoint: it is the network that failed, and not the secret."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    checks = make_doctor(application, SECRETS_MANAGER_ENDPOINT=f"http://127.0.0.1:{port}").check()
    assert results(checks, "failed") == {"network.secretsmanager"}
    assert "interface endpoint for secretsmanager" in checks["network.secretsmanager"]["text"]
    assert results(checks, "ok") == set()


def test_an_instance_of_rds_gets_the_command_for_a_new_certificate(
    own_application: Application, own_server: DatabaseServer, make_doctor: MakeDoctor, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Its name is the first part of its endpoint's."""
    host, region = "shop.abc123.eu-central-1.rds.amazonaws.com", CertificateAuthority("Amazon RDS eu-central-1 Root")
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(region.bundle)
    monkeypatch.setattr("secret_rotation.examination.network.addresses", lambda *_: ["127.0.0.1"])
    own_application.secret.change(host=host)
    own_server.use_certificate(region.issue([host], lifetime=timedelta(days=20)))
    try:
        checks = make_doctor(own_application, RDS_CA_BUNDLE=str(bundle)).check("tls")
    finally:
        own_server.use_certificate(default_authority().issue())
    assert results(checks, "warning") == {"tls.expiry"}
    assert "--db-instance-identifier shop " in checks["tls.expiry"]["remedy"]


def test_a_rejection_while_a_rotation_is_under_way(
    newest_postgres: PostgresServer, make_user: MakeUser, make_application: MakeApplication, make_doctor: MakeDoctor
) -> None:
    """PostgreSQL keeps one password: it is a failure of the moment, which nobody remembers."""
    application = make_application(make_user(newest_postgres), SINGLE_USER)
    doctor, token = make_doctor(application), application.begin()
    application.steps(token, "createSecret", "setSecret")
    checks = doctor.check()
    assert "check again once it is done" in checks["login.current"]["text"]
    application.steps(token, "testSecret", "finishSecret")
    assert doctor.check()["login.current"]["result"] == "ok"
    assert doctor.verify().metrics["SecretsVerified"] == 1
