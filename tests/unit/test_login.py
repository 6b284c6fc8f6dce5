"""The order of logins, on its own: which version is tried after which answer of the server."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import cast

import pytest

from secret_rotation.credentials import Credentials
from secret_rotation.engine import MAX_REJECTED_LOGINS, Session
from secret_rotation.errors import DatabaseUnreachableError, LoginRefusedError, LoginRejectedError, RotationError
from secret_rotation.login_order import Logins
from secret_rotation.older_versions import Version
from secret_rotation.password import Password

ANSWERS: dict[str, type[RotationError]] = {
    "rejected": LoginRejectedError,
    "locked": LoginRefusedError,
    "down": DatabaseUnreachableError,
    "late": RotationError,
}


class Server:
    """Answers each login as its password says, and remembers who asked."""

    def __init__(self) -> None:
        self.logins: list[str] = []

    def connect(self, credentials: Credentials) -> AbstractContextManager[Session]:
        answer = credentials.password.reveal()
        self.logins.append(answer)
        if answer[:-1] in ANSWERS:
            raise ANSWERS[answer[:-1]](f"The server answered {answer}.")
        return nullcontext(cast("Session", object()))


def versions(*passwords: str) -> Iterator[Version]:
    """Versions with these passwords, called by their position."""
    for number, password in enumerate(passwords):
        login = "db", 1, "app", Password(password), None
        yield Version(f"version {number}", Credentials(*login, tls=True, superuser_arn=None, secret="s"))


def log_in(logins: Logins, versions: Iterator[Version]) -> str:
    """Log in with the first version that the server accepts; its name."""
    with logins.first_accepted(versions) as login:
        return login.version.name


@pytest.fixture
def server() -> Server:
    """A server that nobody has logged in to."""
    return Server()


@pytest.fixture
def logins(server: Server) -> Logins:
    """The logins of one invocation."""
    return Logins(server.connect)


def test_the_first_that_is_accepted_is_taken(server: Server, logins: Logins) -> None:
    """A rejection leads to the next version, acceptance to no further."""
    assert log_in(logins, versions("rejected1", "right1", "right2")) == "version 1"
    assert server.logins == ["rejected1", "right1"]


def test_no_password_is_tried_twice(server: Server, logins: Logins) -> None:
    """A value that another version held too is not sent again."""
    log_in(logins, versions("rejected1", "rejected1", "right1"))
    assert server.logins == ["rejected1", "right1"]


def test_at_most_four_logins_are_rejected(server: Server, logins: Logins) -> None:
    """The fifth version is not tried: servers lock accounts."""
    with pytest.raises(LoginRejectedError, match="4 at most, because servers lock accounts"):
        log_in(logins, versions(*[f"rejected{n}" for n in range(9)]))
    assert len(server.logins) == MAX_REJECTED_LOGINS == 4


@pytest.mark.parametrize("answer", ["locked1", "down1"])
def test_whatever_is_no_rejection_ends_it(server: Server, logins: Logins, answer: str) -> None:
    """A locked account or an outage says nothing about the password, so no other one is tried."""
    with pytest.raises(ANSWERS[answer[:-1]], match=rf"answered {answer}.*version 0 \(app\): rejected; version 1"):
        log_in(logins, versions("rejected1", answer, "right1"))
    assert server.logins == ["rejected1", answer]


def test_time_that_runs_out_leaves_the_list_of_what_was_tried() -> None:
    """Whether it runs out before a login or before the next version is read, the message names the logins so far."""

    def read_too_late() -> Iterator[Version]:
        yield from versions("rejected1")
        raise RotationError("No time.")

    for versions_to_try in (versions("rejected1", "late1", "right1"), read_too_late()):
        with pytest.raises(RotationError, match=r"\. Tried: version 0 \(app\): rejected\.$"):
            log_in(Logins(Server().connect), versions_to_try)


def test_the_error_says_of_each_version_what_happened(logins: Logins) -> None:
    """Where all are rejected, the error lists them and says what to do."""
    told = r"version 0 \(app\): rejected; version 1 \(app\): rejected.*put-secret"
    with pytest.raises(LoginRejectedError, match=told):
        log_in(logins, versions("rejected1", "rejected2"))


def test_an_error_in_the_work_itself_is_no_reason_to_try_the_next(server: Server, logins: Logins) -> None:
    """A rejection that comes from inside the work passes through as it is."""
    with pytest.raises(LoginRejectedError, match="inner"), logins.first_accepted(versions("right1", "right2")):
        raise LoginRejectedError("inner")
    assert server.logins == ["right1"]


def test_no_version_at_all_is_an_error(logins: Logins) -> None:
    """An empty list of versions is a rejection that says so."""
    with pytest.raises(LoginRejectedError, match="No version"):
        log_in(logins, versions())


def test_the_budget_is_that_of_the_whole_invocation(server: Server, logins: Logins) -> None:
    """A second list of versions goes on where the first one ended: no value twice, and four rejections in all."""
    log_in(logins, versions("rejected1", "rejected2", "right1"))
    with pytest.raises(LoginRejectedError):
        log_in(logins, versions(*[f"rejected{n}" for n in range(1, 9)]))
    assert server.logins == ["rejected1", "rejected2", "right1", "rejected3", "rejected4"]
    with pytest.raises(LoginRejectedError):
        log_in(logins, versions("right2"))
    assert "right2" not in server.logins
