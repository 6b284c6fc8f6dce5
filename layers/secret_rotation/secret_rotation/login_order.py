"""Log in with the first password that works, in an order that never locks an account."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass

from secret_rotation.credentials import Credentials
from secret_rotation.engine import MAX_REJECTED_LOGINS, Session
from secret_rotation.errors import (
    DatabaseUnreachableError,
    LoginRefusedError,
    LoginRejectedError,
    RotationError,
)
from secret_rotation.older_versions import Version
from secret_rotation.password import Password

Attempt = tuple[str, Password]
"""A user name and a password."""


@dataclass(frozen=True, slots=True)
class Login:
    """The version that logged in, and its session."""

    version: Version
    session: Session


Connect = Callable[[Credentials], AbstractContextManager[Session]]


class Logins:
    """All logins of one invocation as users of the secret: no password is tried again once it was rejected."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._rejected: dict[Attempt, str] = {}
        self._first: LoginRejectedError | None = None

    @contextmanager
    def first_accepted(self, versions: Iterable[Version]) -> Iterator[Login]:
        """Try one version after the other, going on only where the server rejected the one before.

        Raises:
            LoginRejectedError: none was accepted; the message says of each what happened.
            DatabaseError: a login failed in another way, which says nothing about its password, so no other is tried.
            RotationError: the next version cannot be read, or the invocation's time is used up.
        """
        with ExitStack() as stack:
            yield self._first_accepted(versions, stack)

    def _first_accepted(self, versions: Iterable[Version], stack: ExitStack) -> Login:
        remaining = iter(versions)
        while (version := self._next(remaining)) is not None:
            try:
                return Login(version, stack.enter_context(self._connect(version.credentials)))
            except LoginRejectedError as error:
                self._rejected[_attempt(version)] = _outcome(version, error.summary)
                self._first = self._first or error  # of the version that ought to log in
            except (LoginRefusedError, DatabaseUnreachableError) as error:
                raise self._told(error, _outcome(version, error.summary)) from None
            except RotationError as error:
                raise self._told(error) from None
        raise self._all_rejected()

    def _next(self, remaining: Iterator[Version]) -> Version | None:
        """The next version that was not rejected already. Once the limit is reached, no further one is even read."""
        while len(self._rejected) < MAX_REJECTED_LOGINS:
            try:
                version = next(remaining, None)
            except RotationError as error:
                raise self._told(error) from None
            if version is None or _attempt(version) not in self._rejected:
                return version
        return None

    def _told(self, error: RotationError, *outcomes: str) -> RotationError:
        """What ended the search, with the logins that came before it."""
        return (
            error.told(after=f" Tried: {'; '.join([*self._rejected.values(), *outcomes])}.") if self._first else error
        )

    def _all_rejected(self) -> LoginRejectedError:
        if self._first is None:
            return LoginRejectedError("No version of the secret names this user on this server.")
        is_limit = len(self._rejected) == MAX_REJECTED_LOGINS
        limit = f" ({MAX_REJECTED_LOGINS} at most, because servers lock accounts)" if is_limit else ""
        return LoginRejectedError(
            f"The database rejected every password that was tried{limit}: {'; '.join(self._rejected.values())}. "
            f"{self._first} "
            "Otherwise somebody changed the password elsewhere: set the database's password to the one in AWSCURRENT, "
            "or put the password that works into the secret (put-secret-value, see docs/operations.md), then rotate "
            "again."
        )


def _attempt(version: Version) -> Attempt:
    return version.credentials.username, version.credentials.password


def _outcome(version: Version, summary: str) -> str:
    return f"{version.name} ({version.credentials.username}): {summary}"
