"""The contract of secret_rotation.engine, kept by every engine on a real server."""

import re
import secrets
import socket
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any

import pytest

from lab.engines import kit_of
from lab.relay import Relay
from secret_rotation.deadline import RESERVE_SECONDS, Deadline
from secret_rotation.engine import KnownPasswords
from secret_rotation.errors import (
    DatabaseUnreachableError,
    LoginRefusedError,
    LoginRejectedError,
    RotationError,
    StatementFailedError,
    UnsafeRotationError,
)
from secret_rotation.pairs import CLONE_SUFFIX, Holding
from secret_rotation.password import Password
from tests.engines.conftest import Subject
from tests.engines.holder import HOLDER

AWKWARD_PASSWORD = "p$$ %s {0} '\"`\\;-- \t"


def test_an_accepted_login_is_a_session(subject: Subject) -> None:
    """The right password gives a session that acts as the user."""
    with subject.session(subject.credentials()) as session:
        session.verify_account()
        session.verify_identity()


def test_a_writer_is_no_replica(subject: Subject) -> None:
    """A server that takes changes says nothing of replication."""
    with subject.session(subject.credentials()) as session:
        assert session.replication() is None


def test_a_wrong_password_is_rejected(subject: Subject) -> None:
    """A wrong password is a LoginRejectedError, and nothing else is, so that only now another one may be tried."""
    subject.fails(LoginRejectedError, password=Password("wrong"))


def test_an_unknown_user_is_rejected(subject: Subject) -> None:
    """Servers do not tell a user that does not exist from a wrong password, so neither does the engine."""
    subject.fails(LoginRejectedError, username="nobody_here")


def test_a_missing_database_is_refused(subject: Subject) -> None:
    """A missing database says nothing about the password, and the error names the database."""
    subject.fails(LoginRefusedError, "no_such_database", dbname="no_such_database")


def test_a_closed_port_is_unreachable(subject: Subject) -> None:
    """Where nothing listens, the error says so and names host and port."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        subject.fails(DatabaseUnreachableError, f"{subject.server.host}:{port}", port=port)


def test_an_unknown_host_is_unreachable(subject: Subject) -> None:
    """A name without an address is an error about DNS that names the host."""
    subject.fails(DatabaseUnreachableError, "no-such-host.invalid", host="no-such-host.invalid")


def test_a_silent_server_is_unreachable_in_time(subject: Subject) -> None:
    """A server that accepts the connection and then says nothing costs no more than the deadline allows."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        subject.fails(DatabaseUnreachableError, host="127.0.0.1", port=silent.getsockname()[1], seconds=10)


def test_no_time_is_left(subject: Subject) -> None:
    """With the invocation's time used up, no login is begun."""
    login = subject.engine.connect(subject.credentials(), Deadline.after(0))
    with pytest.raises(RotationError, match="time is used up"), login:
        pass


def test_a_certificate_of_an_unknown_authority_is_refused(subject: Subject) -> None:
    """A server whose certificate no trusted authority signed is not connected to, and the error says what to set."""
    engine = kit_of(subject.server).engine  # with the bundle of AWS, which did not sign the lab's certificate
    stranger = Subject(type(engine(subject.server.ca_bundle))(), subject.user)
    stranger.fails(DatabaseUnreachableError, "RDS_CA_BUNDLE")


@contextmanager
def alias(subject: Subject) -> Iterator[dict[str, Any]]:
    """Another host that leads to the server, of which the certificate does not speak: host and port of a secret."""
    with Relay(subject.server.port, "127.0.0.2") as relay:
        yield {"host": "127.0.0.2", "port": relay.port}


def test_a_host_that_is_an_alias_is_verified_by_the_name_that_the_secret_gives(subject: Subject) -> None:
    """A CNAME or a load balancer takes a `tlsname`: the certificate must be for that name, and no other one will do."""
    with alias(subject) as place:
        with subject.session(subject.credentials(**place, tlsname="localhost")) as session:
            session.verify_identity()
        subject.fails(DatabaseUnreachableError, "another name than 127.0.0.2", "'tlsname'", **place)
        other = {**place, "tlsname": "db.example.com"}
        subject.fails(DatabaseUnreachableError, "another name than db.example.com", **other)


def test_an_alias_needs_an_authority_all_the_same(subject: Subject) -> None:
    """A name to verify replaces the host's, and nothing else: an unknown authority is refused as ever."""
    engine = kit_of(subject.server).engine
    stranger = Subject(type(engine(subject.server.ca_bundle))(), subject.user)
    with alias(subject) as place:
        stranger.fails(DatabaseUnreachableError, "RDS_CA_BUNDLE", **place, tlsname="localhost")


def test_a_sleeping_server_is_waited_for_by_the_first_login_alone(subject: Subject) -> None:
    """The first login of an invocation may take what the rest can spare, as a paused database needs; the second not."""
    with Relay(subject.server.port) as relay:
        place: dict[str, Any] = {"host": "127.0.0.1", "port": relay.port}
        deadline = Deadline(Deadline.after(RESERVE_SECONDS + 20).remaining_seconds, login_seconds=1)
        relay.wakes_after_seconds = 2.5
        with subject.engine.connect(subject.credentials(**place), deadline) as session:
            session.verify_identity()
        late = subject.engine.connect(subject.credentials(**place), deadline)
        with pytest.raises(DatabaseUnreachableError), late:
            pass


def test_plaintext_is_by_the_secret_only(subject: Subject) -> None:
    """A secret with "ssl": false is connected to without TLS."""
    with subject.session(subject.credentials(tls=False)) as session:
        session.verify_identity()


@pytest.mark.parametrize("text", [AWKWARD_PASSWORD, "x" * 64])
def test_a_user_sets_its_own_password(subject: Subject, text: str) -> None:
    """The new password logs in, whatever characters it is of; the old one does where the engine keeps it."""
    new = Password(text)
    with subject.session(subject.credentials()) as session:
        session.set_own_password(subject.password, new)
    assert subject.logs_in(new)
    assert subject.logs_in(subject.password) == subject.engine.keeps_old_password


def test_only_one_session_holds_the_lock_of_a_user(subject: Subject) -> None:
    """While one session holds a user's lock, another one gives up in time; the lock of another user is free."""
    name = subject.user.username
    with (
        subject.session(subject.credentials()) as holder,
        subject.engine.connect_superuser(subject.superuser(), Deadline.after(20)) as other,
    ):
        assert not holder.lock(name)
        with pytest.raises(StatementFailedError, match="lock"):
            other.lock(name)
        assert not other.lock(f"{name}2")


def test_a_lock_that_had_to_be_waited_for_is_told(subject: Subject) -> None:
    """A session that gets the lock only when another one ends says that it had to wait."""

    def had_to_wait(seconds: float) -> bool:
        with subject.session(subject.credentials()) as waiting, ThreadPoolExecutor() as executor:
            with subject.session(subject.credentials()) as holder:
                holder.lock(subject.user.username)
                waited = executor.submit(waiting.lock, subject.user.username)
                assert not wait([waited], timeout=seconds).done
            return waited.result(60)

    assert any(map(had_to_wait, (0.3, 1, 3)))  # the next one where it came too late to wait


def test_the_lock_of_a_function_that_died_is_free_in_the_end(subject: Subject) -> None:
    """A session whose client neither speaks nor hangs up is ended by the server once its invocation must be over."""

    def is_free() -> bool:
        try:
            other.lock(subject.user.username)
        except StatementFailedError:
            return False
        return True

    with (
        subject.superuser_session() as other,
        subject.engine.connect(subject.credentials(), Deadline.after(10)) as dead,
    ):
        dead.lock(subject.user.username)
        end = time.monotonic() + 40
        while not is_free():
            assert time.monotonic() < end


def test_the_old_password_is_discarded(subject: Subject) -> None:
    """After discard_old_password only the new password logs in, and repeating it does no harm."""
    new = Password(secrets.token_urlsafe())
    with subject.session(subject.credentials()) as session:
        session.set_own_password(subject.password, new)
    with subject.session(subject.credentials(password=new)) as session:
        session.discard_old_password()
        session.discard_old_password()
    assert subject.logs_in(new)
    assert not subject.logs_in(subject.password)


def test_the_superuser_sets_a_password(subject: Subject) -> None:
    """The superuser sets the password of another user, as often as asked."""
    new = Password(AWKWARD_PASSWORD)
    with subject.superuser_session() as session:
        session.set_password(subject.user.username, new)
        session.set_password(subject.user.username, new)
    assert subject.logs_in(new)


def test_another_account_of_an_unknown_password_is_left_alone(subject: Subject) -> None:
    """A password that is none of the secret's is nobody's to replace; without such accounts nothing is done at all."""
    passwords = KnownPasswords(Password("new"), [Password("unknown")], list)
    with subject.superuser_session() as session:
        assert session.other_accounts(subject.user.username, "another's", passwords) is None
    assert subject.logs_in(subject.password)
    assert not subject.logs_in(Password("new"))


def test_the_superuser_knows_who_exists(subject: Subject) -> None:
    """A user exists or it does not; a pair is on record only once its clone was made."""
    with subject.superuser_session() as session:
        assert session.exists(subject.pair.original)
        assert not session.exists(subject.pair.clone)
        assert session.holding(subject.pair) is None


def test_an_application_user_is_not_privileged(subject: Subject) -> None:
    """The password of an application's user may be reset."""
    with subject.superuser_session() as session:
        session.refuse_privileged(subject.user.username)


@pytest.mark.parametrize("who", ["superuser", "administrator", "nobody_here"])
def test_a_privileged_user_is_refused(subject: Subject, who: str) -> None:
    """The superuser never resets itself, a mightier user, or one that does not exist."""
    names = {"superuser": subject.server.superuser.username, "administrator": subject.server.administrator.username}
    with subject.superuser_session() as session, pytest.raises(UnsafeRotationError):
        session.refuse_privileged(names.get(who, who))


def test_mirror_makes_a_clone_that_works(subject: Subject) -> None:
    """The clone logs in and does what the original does; the two are a pair, and the original is untouched."""
    new = Password(AWKWARD_PASSWORD)
    with subject.superuser_session() as session:
        session.mirror(subject.pair, subject.pair.clone, new, HOLDER)
        assert session.holding(subject.pair) == Holding(HOLDER, is_intact=True)
    assert subject.works(subject.pair.clone, new)
    assert subject.works(subject.pair.original, subject.password)
    with subject.session(subject.credentials(subject.pair.clone, new)) as session:
        session.verify_identity()


def test_mirror_goes_both_ways(subject: Subject) -> None:
    """Each turn changes the password of one user and leaves the other's, and its open sessions, as they are."""
    passwords = {subject.pair.original: subject.password}
    for username in (subject.pair.clone, subject.pair.original, subject.pair.clone):
        in_use = subject.pair.other(username)
        with subject.user.session(in_use, passwords[in_use].reveal()) as work:
            passwords[username] = Password(secrets.token_urlsafe())
            subject.mirror(username, passwords[username])
            assert work()
        assert all(subject.works(name, password) for name, password in passwords.items())


def test_mirror_can_be_repeated(subject: Subject) -> None:
    """A second run of the same mirror, as after an interruption, changes nothing."""
    new = Password(secrets.token_urlsafe())
    for _ in range(2):
        subject.mirror(subject.pair.clone, new)
        assert subject.works(subject.pair.clone, new)


def test_check_mirror_changes_nothing(subject: Subject) -> None:
    """What `mirror` is about to do is looked at before each turn; there is no clone after the first look."""
    first, second = (Password(secrets.token_urlsafe()) for _ in range(2))
    with subject.superuser_session() as session:
        session.check_mirror(subject.pair, subject.pair.clone, HOLDER)
        assert not session.exists(subject.pair.clone)
        assert session.holding(subject.pair) is None
        session.mirror(subject.pair, subject.pair.clone, first, HOLDER)
        session.check_mirror(subject.pair, subject.pair.original, HOLDER)
        session.check_mirror(subject.pair, subject.pair.clone, HOLDER)
        session.mirror(subject.pair, subject.pair.original, second, HOLDER)
    assert subject.works(subject.pair.clone, first)
    assert subject.works(subject.pair.original, second)


def test_mirror_needs_the_original(subject: Subject) -> None:
    """A clone whose original does not exist is not made: the error names the original."""
    lonely = subject.pair.of("no_such_original")
    with subject.superuser_session() as session:
        with pytest.raises(UnsafeRotationError, match="no_such_original"):
            session.mirror(lonely, lonely.clone, Password("unused"), HOLDER)
        with pytest.raises(UnsafeRotationError, match="no_such_original"):
            session.check_mirror(lonely, lonely.clone, HOLDER)
        assert not session.exists(lonely.clone)


def test_the_longest_user_name_works(subject: Subject) -> None:
    """A name that fills the engine's limit, `_clone` included, is no name cut short."""
    longest = "n" * (subject.engine.max_username_length - len(CLONE_SUFFIX))
    assert subject.engine.username_length(longest + CLONE_SUFFIX) == subject.engine.max_username_length
    with subject.superuser_session() as session:
        assert not session.exists(longest + CLONE_SUFFIX)


def test_no_password_is_in_the_servers_log(subject: Subject) -> None:
    """Neither a user's own change nor the superuser's leaves a password in the log of the server."""
    own, others, clones = (Password(secrets.token_urlsafe()) for _ in range(3))
    with subject.session(subject.credentials()) as session:
        session.set_own_password(subject.password, own)
    with subject.superuser_session() as superuser:
        superuser.set_password(subject.user.username, others)
        superuser.mirror(subject.pair, subject.pair.clone, clones, HOLDER)
    log = subject.server.log_path.read_text(errors="replace")
    assert not [password for password in (own, others, clones) if password.reveal() in log]


def test_no_password_is_in_an_error(subject: Subject) -> None:
    """A change that the server refuses is an error of ours without the password, and without the driver's exception."""
    new = Password(secrets.token_urlsafe())
    with subject.superuser_session() as session, pytest.raises(RotationError) as raised:
        session.set_password(subject.server.administrator.username, new)
    text = "".join(traceback.format_exception(raised.value))
    assert new.reveal() not in text
    assert kit_of(subject.server).driver.__name__ not in re.findall(r"^(\w+)\.", text, re.MULTILINE)
