"""The contract of secret_rotation.engine, kept by every engine on a real server."""

import re
import secrets
import socket
import time
import traceback
from concurrent.futures import ThreadPoolExecutor, wait

import pytest

from secret_rotation.deadline import Deadline
from secret_rotation.engine import CLONE_SUFFIX
from secret_rotation.errors import (
    DatabaseError,
    DatabaseUnreachableError,
    LoginRefusedError,
    LoginRejectedError,
    RotationError,
    StatementFailedError,
    UnsafeRotationError,
)
from secret_rotation.model import Credentials, Password
from tests.engines.conftest import ENGINES, Subject

AWKWARD_PASSWORD = "p$$ %s {0} '\"`\\;-- \t"


def _failure(subject: Subject, credentials: Credentials, seconds: float = 10) -> DatabaseError:
    with pytest.raises(DatabaseError) as raised, subject.engine.connect(credentials, Deadline.after(seconds)):
        pass
    return raised.value


def test_an_accepted_login_is_a_session(subject: Subject, deadline: Deadline) -> None:
    """The right password gives a session that acts as the user."""
    with subject.engine.connect(subject.credentials(), deadline) as session:
        session.verify_identity()


def test_a_wrong_password_is_rejected(subject: Subject) -> None:
    """A wrong password is a LoginRejectedError, and nothing else is, so that only now another one may be tried."""
    failure = _failure(subject, subject.credentials(password=Password("wrong")))
    assert type(failure) is LoginRejectedError


def test_an_unknown_user_is_rejected(subject: Subject) -> None:
    """Servers do not tell a user that does not exist from a wrong password, so neither does the engine."""
    assert type(_failure(subject, subject.credentials(username="nobody_here"))) is LoginRejectedError


def test_a_missing_database_is_refused(subject: Subject) -> None:
    """A missing database says nothing about the password, and the error names the database."""
    failure = _failure(subject, subject.credentials(dbname="no_such_database"))
    assert type(failure) is LoginRefusedError
    assert "no_such_database" in str(failure)


def test_a_closed_port_is_unreachable(subject: Subject) -> None:
    """Where nothing listens, the error says so and names host and port."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        failure = _failure(subject, subject.credentials(port=port))
    assert type(failure) is DatabaseUnreachableError
    assert f"{subject.server.host}:{port}" in str(failure)


def test_an_unknown_host_is_unreachable(subject: Subject) -> None:
    """A name without an address is an error about DNS that names the host."""
    failure = _failure(subject, subject.credentials(host="no-such-host.invalid"))
    assert type(failure) is DatabaseUnreachableError
    assert "no-such-host.invalid" in str(failure)


def test_a_silent_server_is_unreachable_in_time(subject: Subject) -> None:
    """A server that accepts the connection and then says nothing costs no more than the deadline allows."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        failure = _failure(subject, subject.credentials(host="127.0.0.1", port=silent.getsockname()[1]), seconds=4)
    assert type(failure) is DatabaseUnreachableError


def test_no_time_is_left(subject: Subject) -> None:
    """With the invocation's time used up, no login is begun."""
    with (
        pytest.raises(RotationError, match="time is used up"),
        subject.engine.connect(subject.credentials(), Deadline.after(0)),
    ):
        pass


def test_a_certificate_of_an_unknown_authority_is_refused(subject: Subject) -> None:
    """A server whose certificate no trusted authority signed is not connected to, and the error says what to set."""
    engine = ENGINES[subject.server.engine]  # with the bundle of AWS, which did not sign the lab's certificate
    stranger = Subject(type(engine(subject.server.ca_bundle))(), subject.user)
    failure = _failure(stranger, stranger.credentials())
    assert type(failure) is DatabaseUnreachableError
    assert "RDS_CA_BUNDLE" in str(failure)


def test_plaintext_is_by_the_secret_only(subject: Subject, deadline: Deadline) -> None:
    """A secret with "ssl": false is connected to without TLS."""
    with subject.engine.connect(subject.credentials(tls=False), deadline) as session:
        session.verify_identity()


@pytest.mark.parametrize("text", [AWKWARD_PASSWORD, "x" * 64])
def test_a_user_sets_its_own_password(subject: Subject, deadline: Deadline, text: str) -> None:
    """The new password logs in, whatever characters it is of; the old one does where the engine keeps it."""
    new = Password(text)
    with subject.engine.connect(subject.credentials(), deadline) as session:
        session.set_own_password(subject.password, new)
    assert subject.logs_in(new)
    assert subject.logs_in(subject.password) == subject.engine.keeps_old_password


def test_only_one_session_holds_the_lock_of_a_user(subject: Subject) -> None:
    """While one session holds a user's lock, another one gives up in time; the lock of another user is free."""
    name = subject.user.username
    with (
        subject.session(subject.credentials()) as holder,
        subject.engine.connect_superuser(subject.superuser(), Deadline.after(6)) as other,
    ):
        assert not holder.lock(name)
        with pytest.raises(StatementFailedError, match="lock"):
            other.lock(name)
        assert not other.lock(f"{name}2")


def test_a_lock_that_had_to_be_waited_for_is_told(subject: Subject) -> None:
    """A session that gets the lock only when another one ends says that it had to wait."""
    with subject.session(subject.credentials()) as waiting, ThreadPoolExecutor() as executor:
        with subject.session(subject.credentials()) as holder:
            holder.lock(subject.user.username)
            waited = executor.submit(waiting.lock, subject.user.username)
            assert not wait([waited], timeout=0.3).done
        assert waited.result(10)


def test_the_lock_of_a_function_that_died_is_free_in_the_end(subject: Subject, deadline: Deadline) -> None:
    """A session whose client neither speaks nor hangs up is ended by the server once its invocation must be over."""
    with (
        subject.engine.connect(subject.credentials(), Deadline.after(5)) as dead,
        subject.engine.connect_superuser(subject.superuser(), deadline) as other,
    ):
        dead.lock(subject.user.username)
        time.sleep(5)
        other.lock(subject.user.username)


def test_the_old_password_is_discarded(subject: Subject, deadline: Deadline) -> None:
    """After discard_old_password only the new password logs in, and repeating it does no harm."""
    new = Password(secrets.token_urlsafe())
    with subject.engine.connect(subject.credentials(), deadline) as session:
        session.set_own_password(subject.password, new)
    with subject.engine.connect(subject.credentials(password=new), deadline) as session:
        session.discard_old_password()
        session.discard_old_password()
    assert subject.logs_in(new)
    assert not subject.logs_in(subject.password)


def test_the_superuser_sets_a_password(subject: Subject, deadline: Deadline) -> None:
    """The superuser sets the password of another user, as often as asked."""
    new = Password(AWKWARD_PASSWORD)
    with subject.engine.connect_superuser(subject.superuser(), deadline) as session:
        session.set_password(subject.user.username, new)
        session.set_password(subject.user.username, new)
    assert subject.logs_in(new)


def test_the_superuser_knows_who_exists(subject: Subject, deadline: Deadline) -> None:
    """A user exists or it does not; a pair is one only once its clone was made."""
    with subject.engine.connect_superuser(subject.superuser(), deadline) as session:
        assert session.exists(subject.pair.original)
        assert not session.exists(subject.pair.clone)
        assert not session.is_pair(subject.pair)


def test_an_application_user_is_not_privileged(subject: Subject, deadline: Deadline) -> None:
    """The password of an application's user may be reset."""
    with subject.engine.connect_superuser(subject.superuser(), deadline) as session:
        session.refuse_privileged(subject.user.username)


@pytest.mark.parametrize("who", ["superuser", "administrator", "nobody_here"])
def test_a_privileged_user_is_refused(subject: Subject, deadline: Deadline, who: str) -> None:
    """The superuser never resets itself, a mightier user, or one that does not exist."""
    names = {"superuser": subject.server.superuser.username, "administrator": subject.server.administrator.username}
    with (
        subject.engine.connect_superuser(subject.superuser(), deadline) as session,
        pytest.raises(UnsafeRotationError),
    ):
        session.refuse_privileged(names.get(who, who))


def test_mirror_makes_a_clone_that_works(subject: Subject, deadline: Deadline) -> None:
    """The clone logs in and does what the original does; the two are a pair, and the original is untouched."""
    new = Password(AWKWARD_PASSWORD)
    with subject.engine.connect_superuser(subject.superuser(), deadline) as session:
        session.mirror(subject.pair, subject.pair.clone, new)
        assert session.is_pair(subject.pair)
    assert subject.works(subject.pair.clone, new)
    assert subject.works(subject.pair.original, subject.password)
    with subject.engine.connect(subject.credentials(subject.pair.clone, new), deadline) as session:
        session.verify_identity()


def test_mirror_goes_both_ways(subject: Subject, deadline: Deadline) -> None:
    """Each turn changes the password of one user and leaves the other's, and its open sessions, as they are."""
    passwords = {subject.pair.original: subject.password}
    for username in (subject.pair.clone, subject.pair.original, subject.pair.clone):
        in_use = subject.pair.other(username)
        with subject.user.session(in_use, passwords[in_use].reveal()) as work:
            passwords[username] = Password(secrets.token_urlsafe())
            with subject.engine.connect_superuser(subject.superuser(), deadline) as session:
                session.mirror(subject.pair, username, passwords[username])
            assert work()
        assert all(subject.works(name, password) for name, password in passwords.items())


def test_mirror_can_be_repeated(subject: Subject, deadline: Deadline) -> None:
    """A second run of the same mirror, as after an interruption, changes nothing."""
    new = Password(secrets.token_urlsafe())
    for _ in range(2):
        with subject.engine.connect_superuser(subject.superuser(), deadline) as session:
            session.mirror(subject.pair, subject.pair.clone, new)
        assert subject.works(subject.pair.clone, new)


def test_mirror_needs_the_original(subject: Subject, deadline: Deadline) -> None:
    """A clone whose original does not exist is not made: the error names the original."""
    lonely = subject.pair.of("no_such_original")
    with subject.engine.connect_superuser(subject.superuser(), deadline) as session:
        with pytest.raises(UnsafeRotationError, match="no_such_original"):
            session.mirror(lonely, lonely.clone, Password("unused"))
        assert not session.exists(lonely.clone)


def test_the_longest_user_name_works(subject: Subject, deadline: Deadline) -> None:
    """A name that fills the engine's limit, `_clone` included, is no name cut short."""
    longest = "n" * (subject.engine.max_username_length - len(CLONE_SUFFIX))
    assert subject.engine.username_length(longest + CLONE_SUFFIX) == subject.engine.max_username_length
    with subject.engine.connect_superuser(subject.superuser(), deadline) as session:
        assert not session.exists(longest + CLONE_SUFFIX)


def test_no_password_is_in_the_servers_log(subject: Subject, deadline: Deadline) -> None:
    """Neither a user's own change nor the superuser's leaves a password in the log of the server."""
    own, others, clones = (Password(secrets.token_urlsafe()) for _ in range(3))
    with subject.engine.connect(subject.credentials(), deadline) as session:
        session.set_own_password(subject.password, own)
    with subject.engine.connect_superuser(subject.superuser(), deadline) as superuser:
        superuser.set_password(subject.user.username, others)
        superuser.mirror(subject.pair, subject.pair.clone, clones)
    log = subject.server.log_path.read_text(errors="replace")
    assert not [password for password in (own, others, clones) if password.reveal() in log]


def test_no_password_is_in_an_error(subject: Subject, deadline: Deadline) -> None:
    """A change that the server refuses is an error of ours without the password, and without the driver's exception."""
    new = Password(secrets.token_urlsafe())
    with (
        subject.engine.connect_superuser(subject.superuser(), deadline) as session,
        pytest.raises(RotationError) as raised,
    ):
        session.set_password(subject.server.administrator.username, new)
    text = "".join(traceback.format_exception(raised.value))
    assert new.reveal() not in text
    assert not {"psycopg2", "pymysql"} & set(re.findall(r"^(\w+)\.", text, re.MULTILINE))
