"""The order of logins, on its own: which version is tried after which answer of the server."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any, cast

import pytest

from secret_rotation.engine import Session
from secret_rotation.errors import DatabaseError, DatabaseUnreachableError, LoginRefusedError, LoginRejectedError
from secret_rotation.login import MAX_REJECTED_LOGINS, first_accepted
from secret_rotation.model import Credentials, Password
from secret_rotation.versions import Version

ANSWERS: dict[str, type[DatabaseError]] = {
    "rejected": LoginRejectedError,
    "locked": LoginRefusedError,
    "down": DatabaseUnreachableError,
}


class Server:
    """Answers each login as its password says, and remembers who asked."""

    def __init__(self) -> None:
        self.logins: list[str] = []

    def connect(self, credentials: Credentials, _stack: ExitStack) -> Session:
        """Accept, or answer as the password says."""
        answer = credentials.password.reveal()
        self.logins.append(answer)
        if answer[:-1] in ANSWERS:
            raise ANSWERS[answer[:-1]](f"The server answered {answer}.")
        return cast("Session", object())


def versions(*passwords: str) -> Iterator[Version]:
    """Versions with these passwords, called by their position."""
    for number, password in enumerate(passwords):
        yield Version(
            f"version {number}",
            Credentials(
                "db", 1, "app", Password(password), None, tls=True, superuser_arn=None, secret="s", document={}
            ),
        )


def climb(*passwords: str) -> tuple[str, Sequence[str]]:
    """Which version logged in, and all that were tried."""
    server = Server()
    with first_accepted(versions(*passwords), server.connect) as login:
        return login.version.name, server.logins


def test_the_first_that_is_accepted_is_taken() -> None:
    """A rejection leads to the next version, acceptance to no further."""
    assert climb("rejected1", "right1", "right2") == ("version 1", ["rejected1", "right1"])


def test_no_password_is_tried_twice() -> None:
    """A value that another version held too is not sent again."""
    assert climb("rejected1", "rejected1", "right1")[1] == ["rejected1", "right1"]


def test_at_most_four_logins_are_rejected() -> None:
    """The fifth version is not tried: servers lock accounts."""
    server = Server()
    with (
        pytest.raises(LoginRejectedError),
        first_accepted(versions(*[f"rejected{n}" for n in range(9)]), server.connect),
    ):
        pass
    assert len(server.logins) == MAX_REJECTED_LOGINS == 4


@pytest.mark.parametrize("answer", ["locked1", "down1"])
def test_whatever_is_no_rejection_ends_it(answer: str) -> None:
    """A locked account or an outage says nothing about the password, so no other one is tried."""
    server = Server()
    with (
        pytest.raises(ANSWERS[answer[:-1]], match=rf"answered {answer}.*version 0 \(app\): rejected; version 1"),
        first_accepted(versions("rejected1", answer, "right1"), server.connect),
    ):
        pass
    assert server.logins == ["rejected1", answer]


def test_the_error_says_of_each_version_what_happened() -> None:
    """Where all are rejected, the error lists them and says what to do."""
    with (
        pytest.raises(
            LoginRejectedError, match=r"version 0 \(app\): rejected; version 1 \(app\): rejected.*put-secret"
        ),
        first_accepted(versions("rejected1", "rejected2"), Server().connect),
    ):
        pass


def test_an_error_in_the_work_itself_is_no_reason_to_try_the_next() -> None:
    """A rejection that comes from inside the work passes through as it is."""
    server = Server()
    with pytest.raises(LoginRejectedError, match="inner"), first_accepted(versions("right1", "right2"), server.connect):
        raise LoginRejectedError("inner")
    assert server.logins == ["right1"]


def test_no_version_at_all_is_an_error() -> None:
    """An empty list of versions is a rejection that says so."""
    nothing: Any = iter(())
    with pytest.raises(LoginRejectedError, match="No version"), first_accepted(nothing, Server().connect):
        pass
