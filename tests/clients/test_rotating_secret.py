"""How the examples log in: with what, how often, how long, and to whom."""

import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from importlib import import_module
from itertools import count
from types import ModuleType
from typing import Any

import pytest

import with_pymysql
from lab.application import Secret
from lab.engines.postgresql import PostgresServer
from lab.relay import Relay
from lab.secretsmanager import faults
from rotating_secret import OUTAGE_SECONDS, WAITS_SECONDS, RotatingSecret
from secret_rotation.tls import SHIPPED_BUNDLE
from tests.fixtures.cloud import MakeSecret, refused
from tests.fixtures.databases import ApplicationUser, MakeUser
from tests.fixtures.rotation import SINGLE_USER, Application, MakeApplication

ALIAS = "127.0.0.2"
"""A host that leads to a test's server, and for which no certificate is made."""
CLOCK = "rotating_secret.time.{}"
TOKEN = "f" * 32
THREADS = 8


@pytest.fixture
def in_the_gap(newest_postgres: PostgresServer, make_user: MakeUser, make_application: MakeApplication) -> Application:
    """An application whose AWSCURRENT is refused: that of a single user on PostgreSQL, after setSecret."""
    application = make_application(make_user(newest_postgres), SINGLE_USER)
    assert not application.steps(application.secret.begin(TOKEN), "createSecret", "setSecret").failed
    return application


def _finish(application: Application) -> None:
    assert not application.steps(TOKEN, "testSecret", "finishSecret").failed


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the examples have waited, which takes no time here."""
    waits: list[float] = []
    now = count()  # so the secret was never read just now
    monkeypatch.setattr(CLOCK.format("monotonic"), lambda: float(next(now)))
    monkeypatch.setattr(CLOCK.format("sleep"), waits.append)
    return waits


def test_in_a_gap_it_waits_and_logs_in_when_that_is_over(
    in_the_gap: Application, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused in the gap, a client waits longer each time, and logs in as soon as there is a new password."""
    attempts: list[Mapping[str, Any]] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            _finish(in_the_gap)

    monkeypatch.setattr(CLOCK.format("sleep"), wait)
    with closing(_log_in(in_the_gap, attempts)):
        old, new = (in_the_gap.secret.value(label)["password"] for label in ("AWSPREVIOUS", "AWSCURRENT"))
    assert [attempt["password"] for attempt in attempts] == [old, old, new]
    assert 0 < waits[0] < waits[1]


def test_in_the_end_it_gives_up(in_the_gap: Application, waits: list[float]) -> None:
    """While the gap lasts, the waits grow to some seconds in all, and then the refusal is told."""
    with pytest.raises(Exception, match="authentication failed"):
        _log_in(in_the_gap, [])
    assert waits == sorted(waits)
    assert 3 < sum(waits) < 10


def test_a_password_that_arrives_after_the_secret(
    any_secret: Application, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client waits for a server that does not know the secret's password yet, as a replica may not."""
    any_secret.secret.change(password="not there yet")

    def arrive(seconds: float) -> None:
        waits.append(seconds)
        any_secret.user.set_password("not there yet")

    monkeypatch.setattr(CLOCK.format("sleep"), arrive)
    attempts: list[Mapping[str, Any]] = []
    with closing(_log_in(any_secret, attempts)):
        assert len(attempts) == 2


def test_what_is_no_refusal_is_told_at_once(any_secret: Application, waits: list[float]) -> None:
    """A server that is not there is not tried again: whoever calls knows better."""
    any_secret.secret.change(host="nowhere.invalid")
    attempts: list[Mapping[str, Any]] = []
    with pytest.raises(any_secret.user.kit.driver.Error):
        _log_in(any_secret, attempts)
    assert (len(attempts), waits) == (1, [])


def test_many_that_are_refused_together_ask_together(in_the_gap: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the gap, threads that share a secret call Secrets Manager far less often than each of them looks."""
    monkeypatch.setattr(CLOCK.format("sleep"), lambda _: None)
    now = time.monotonic  # which goes so slowly that the waits are over before a further call is allowed
    monkeypatch.setattr(CLOCK.format("monotonic"), lambda: now() / 60)
    monkeypatch.setenv("CA_BUNDLE", str(in_the_gap.user.server.ca_bundle))
    secret, driver = RotatingSecret(in_the_gap.secret.arn), _driver(in_the_gap.user)
    calls = len(in_the_gap.secret.cloud.calls.all())
    with ThreadPoolExecutor(THREADS) as threads:
        attempts = [threads.submit(_connect, secret, driver) for _ in range(THREADS)]
    assert all(driver.is_refusal(attempt.exception()) for attempt in attempts)
    assert len(in_the_gap.secret.cloud.calls.all()) - calls < THREADS * len(WAITS_SECONDS) / 3


def test_a_stale_secret_is_read_once_more(user: ApplicationUser, make_application: MakeApplication) -> None:
    """Within the age of its cache a client calls Secrets Manager once, and once more when it is refused."""
    application = make_application(user, SINGLE_USER)
    secret, driver = RotatingSecret(application.secret.arn), _driver(user)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CA_BUNDLE", str(user.server.ca_bundle))
        _connect(secret, driver)
        _connect(secret, driver)
        for _ in range(2):
            assert application.rotate().succeeded
        before = len(application.secret.cloud.calls.all())
        _connect(secret, driver)
        _connect(secret, driver)
    assert len(application.secret.cloud.calls.all()) - before == 1


def test_the_age_of_the_cache_ends(any_secret: Application, waits: list[float]) -> None:
    """A secret that is older than its age is read again, without any refusal."""
    del waits
    secret = RotatingSecret(any_secret.secret.arn, max_age_seconds=0)
    before = secret.values()
    any_secret.secret.change(dbname="another")
    assert secret.values() == {**before, "dbname": "another"}


@pytest.fixture
def shared(make_secret: MakeSecret, function_environment: Mapping[str, str]) -> Secret:
    """A secret with a password."""
    del function_environment  # it is used
    return make_secret({"password": "old"})


def test_one_thread_reads_and_the_others_go_on(shared: Secret) -> None:
    """While Secrets Manager takes its time to answer one thread, the others get what it said before, at once."""
    secret = RotatingSecret(shared.arn, max_age_seconds=0)
    secret.values()
    shared.change(password="new")
    asked, go_on = threading.Event(), threading.Event()

    def hold_back() -> None:
        asked.set()
        go_on.wait(30)

    shared.cloud.faults.add(faults.call("GetSecretValue", hold_back, times=None))
    with ThreadPoolExecutor() as threads:
        reading = threads.submit(secret.values)
        assert asked.wait(30)
        others = [threads.submit(secret.values) for _ in range(THREADS)]
        assert {other.result(30)["password"] for other in others} == {"old"}
        assert not reading.done()
        go_on.set()
        assert reading.result(30)["password"] == "new"


def test_threads_that_begin_together_read_once(shared: Secret) -> None:
    """At first there is nothing to go on with: all wait for the one that reads."""
    secret = RotatingSecret(shared.arn)
    with ThreadPoolExecutor() as threads:
        found = [threads.submit(secret.values) for _ in range(THREADS)]
    assert [one.result()["password"] for one in found] == ["old"] * THREADS
    assert shared.cloud.calls.operations(secret_arn=shared.arn).count("GetSecretValue") == 1


def test_an_outage_is_survived(shared: Secret, waits: list[float], caplog: pytest.LogCaptureFixture) -> None:
    """What was read before is still right. Secrets Manager is asked again now and then, and not by each request."""
    del waits  # each look at the clock takes a second
    secret = RotatingSecret(shared.arn, max_age_seconds=0)
    secret.values()
    shared.cloud.faults.add(faults.error("GetSecretValue", "AccessDeniedException", times=2))
    with shared.cloud.calls.recorded() as calls:
        for _ in range(int(OUTAGE_SECONDS)):
            assert secret.values() == {"password": "old"}
    assert [call.result for call in calls] == ["AccessDeniedException"]
    with shared.cloud.calls.recorded() as calls:
        for _ in range(3 * int(OUTAGE_SECONDS)):
            assert secret.values() == {"password": "old"}
    assert [call.result for call in calls][:2] == ["AccessDeniedException", "OK"]
    assert caplog.messages == [f"{shared.arn} cannot be read (ClientError): going on with what it was."] * 2


def test_a_value_that_nobody_can_read(shared: Secret, waits: list[float], caplog: pytest.LogCaptureFixture) -> None:
    """Text that is no JSON, put by hand, is as good as no answer, and never quoted."""
    del waits
    secret = RotatingSecret(shared.arn, max_age_seconds=0)
    secret.values()
    shared.put("not JSON")
    assert secret.values() == {"password": "old"}
    assert "not JSON" not in caplog.text


def test_without_any_value_the_error_is_told(shared: Secret) -> None:
    """There is nothing to go on with."""
    shared.cloud.faults.add(faults.error("GetSecretValue", "AccessDeniedException"))
    secret = RotatingSecret(shared.arn)
    with refused("AccessDeniedException"):
        secret.values()
    assert secret.values() == {"password": "old"}


def test_whoever_changes_the_values_changes_a_copy(shared: Secret) -> None:
    """Threads that share a secret share no dictionary, and what a driver does to its own is no newer password."""
    secret = RotatingSecret(shared.arn)
    secret.values().clear()
    assert secret.log_in(lambda values: values.pop("password"), lambda _: False) == "old"
    assert secret.values() == {"password": "old"}


@pytest.fixture
def any_secret(user: ApplicationUser, make_application: MakeApplication) -> Application:
    """An application on one server of each engine."""
    return make_application(user, SINGLE_USER)


@pytest.fixture
def connect(user: ApplicationUser, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Connect as the example of this engine does, with other values for some keys of the secret."""
    monkeypatch.setenv("CA_BUNDLE", str(user.server.ca_bundle))
    with_pymysql.verified.cache_clear()
    return lambda **changes: closing(_driver(user).connect(user.secret_value(**changes)))


@pytest.fixture
def alias(user: ApplicationUser) -> Iterator[dict[str, Any]]:
    """Host and port of an alias of the user's server."""
    with Relay(user.server.port, ALIAS) as relay:
        yield {"host": ALIAS, "port": str(relay.port)}


def test_an_alias_is_verified_by_the_name_of_the_certificate(
    connect: Callable[..., Any], alias: dict[str, Any]
) -> None:
    """With `tlsname` a client reaches an alias; without it, or with a wrong one, it refuses the server."""
    with connect(**alias, tlsname="localhost"):
        pass
    for name in ({}, {"tlsname": "db.example.com"}):
        with pytest.raises(Exception, match=r"certificate"), connect(**alias, **name):
            pass


@pytest.mark.parametrize(
    ("ssl", "is_verified"), [(None, True), ("", True), (True, True), ("require", True), (False, False)]
)
def test_only_a_secret_that_says_so_is_sent_to_a_server_that_nobody_vouches_for(
    connect: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, ssl: object, *, is_verified: bool
) -> None:
    """A server whose authority is not in the bundle is refused, unless the secret has `"ssl": false`."""
    monkeypatch.setenv("CA_BUNDLE", str(SHIPPED_BUNDLE))
    assert ("certificate" in _outcome(connect, ssl)) is is_verified


def _outcome(connect: Callable[..., Any], ssl: object) -> str:
    """What a driver says; a server that demands TLS may say no, too."""
    with_pymysql.verified.cache_clear()
    try:
        with connect(ssl=ssl):
            return "connected"
    except Exception as error:  # noqa: BLE001 - each driver has its own
        return str(error)


def _driver(user: ApplicationUser) -> ModuleType:
    return import_module(f"with_{user.kit.driver.__name__}")


def _connect(secret: RotatingSecret, driver: ModuleType) -> None:
    secret.log_in(driver.connect, driver.is_refusal).close()


def _log_in(application: Application, attempts: list[Mapping[str, Any]]) -> Any:  # noqa: ANN401 - the driver's
    driver = _driver(application.user)

    def connect(values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - the driver's
        attempts.append(values)
        return driver.connect(values)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CA_BUNDLE", str(application.user.server.ca_bundle))
        return RotatingSecret(application.secret.arn).log_in(connect, driver.is_refusal)


def test_a_driver_that_would_go_on_without_tls_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyMySQL before 1.2 sends the password to a server that offers no TLS, which may be anybody's."""
    monkeypatch.setattr("pymysql.VERSION", (1, 1, 2, "final"))
    monkeypatch.delitem(sys.modules, "with_pymysql")
    with pytest.raises(ImportError, match=r"1\.2 or newer"):
        import_module("with_pymysql")
