"""Log in with the first password that works, in an order that never locks an account."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from secret_rotation.engine import Session
from secret_rotation.errors import DatabaseError, DatabaseUnreachableError, LoginRefusedError, LoginRejectedError
from secret_rotation.model import Credentials
from secret_rotation.versions import Version

MAX_REJECTED_LOGINS = 4
"""In one invocation: servers lock accounts after a number of failures, commonly five or more."""


@dataclass(frozen=True, slots=True)
class Login:
    """The version that logged in, and its session."""

    version: Version
    session: Session


Connect = Callable[[Credentials, ExitStack], Session]


@contextmanager
def first_accepted(versions: Iterable[Version], connect: Connect) -> Iterator[Login]:
    """Try one version after the other, going on only where the server rejected the one before.

    Raises:
        LoginRejectedError: none was accepted; the message says of each what happened.
        DatabaseError: a login failed in another way, which says nothing about its password, so no other is tried.
    """
    with ExitStack() as stack:
        yield _climb(versions, connect, stack)


def _climb(versions: Iterable[Version], connect: Connect, stack: ExitStack) -> Login:
    rejected: list[str] = []
    last: LoginRejectedError | None = None
    for version in _distinct(versions):
        try:
            return Login(version, connect(version.credentials, stack))
        except LoginRejectedError as error:
            rejected.append(f"{version.name} ({version.credentials.username}): {error.summary}")
            last = error
        except (LoginRefusedError, DatabaseUnreachableError) as error:
            raise _after(rejected, version, error) from None
        if len(rejected) == MAX_REJECTED_LOGINS:
            break
    raise _all_rejected(rejected, last)


def _distinct(versions: Iterable[Version]) -> Iterator[Version]:
    seen = set()
    for version in versions:
        login = (version.credentials.username, version.credentials.password)
        if login not in seen:
            seen.add(login)
            yield version


def _after(rejected: list[str], version: Version, error: DatabaseError) -> DatabaseError:
    tried = [*rejected, f"{version.name} ({version.credentials.username}): {error.summary}"]
    return type(error)(f"{error} Tried: {'; '.join(tried)}.") if rejected else error


def _all_rejected(rejected: list[str], last: LoginRejectedError | None) -> LoginRejectedError:
    if last is None:
        return LoginRejectedError("No version of the secret names this user on this server.")
    limit = "; no more, because servers lock accounts" if len(rejected) == MAX_REJECTED_LOGINS else ""
    return LoginRejectedError(
        f"The database rejected every password that was tried: {'; '.join(rejected)}{limit}. {last} Otherwise "
        "somebody changed the password elsewhere: set the database's password to the one in AWSCURRENT, or put the "
        "password that works into the secret (aws secretsmanager put-secret-value), then rotate again."
    )
