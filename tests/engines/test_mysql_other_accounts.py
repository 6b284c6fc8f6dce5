"""How much is computed to prove that another account of a MySQL user is the secret's: the hashes are slow ones."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from lab.engines.mysql import MySQLServer
from secret_rotation.deadline import Deadline
from secret_rotation.engine import KnownPasswords
from secret_rotation.engines.mysql import MySQL
from secret_rotation.engines.mysql.stored_passwords import Hash, stored_passwords
from secret_rotation.errors import RotationError
from secret_rotation.password import Password
from tests.engines.mysql_users import User, new_password


@dataclass
class Slow:
    """Hashes that take time, of which none passes.

    Attributes:
        left: seconds of the invocation.
        costs: seconds that a hash takes.
        count: how many were taken.
    """

    left: float = 60.0
    costs: float = 0.0
    count: int = field(default=0, init=False)

    def tick(self) -> None:
        """Take a hash."""
        self.count += 1
        self.left -= self.costs


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    """Count the hashes, and let each take its time."""
    slow, accepts = Slow(), Hash.accepts

    def counted(self: Hash, password: Password) -> bool:
        slow.tick()
        return accepts(self, password)

    monkeypatch.setattr(Hash, "accepts", counted)
    return slow


@pytest.fixture
def user(mysql: MySQLServer, unique_name: Callable[..., str]) -> User:
    """A user with accounts for four hosts, all of the same password."""
    return User.create(mysql, unique_name(), *(f"192.0.2.{number}" for number in range(4)))


def set_all(user: User, slow: Slow, new: str, *known: str) -> None:
    """What setSecret has the superuser do."""
    login = user.server.superuser
    credentials = user.credentials(login.username, login.password)
    passwords = KnownPasswords(Password(new), [Password(text) for text in known], list)
    with MySQL(user.server.ca_bundle).connect_superuser(credentials, Deadline(lambda: slow.left)) as session:
        others = session.other_accounts(user.name, "another's", passwords)
        if others is not None:
            others.set_password()


def test_an_account_of_the_secret_takes_one_hash(user: User, slow: Slow) -> None:
    """AWSCURRENT's password is tried first, and none twice; what is done already takes two."""
    new = new_password()
    set_all(user, slow, new, user.password, user.password)
    assert slow.count == 4
    set_all(user, slow, new, user.password, user.password)
    assert slow.count == 4 + 4 * 2


def test_accounts_of_others_stop_it_when_the_time_is_used_up(user: User, slow: Slow) -> None:
    """It does not go on computing until Lambda kills it; a repeat completes what is left."""
    new, slow.costs = new_password(), 24.0
    with pytest.raises(RotationError, match="time is used up"):
        set_all(user, slow, new, "unknown", "unknown, too")
    assert slow.count == 3
    slow.left, slow.costs = 60.0, 0.0
    set_all(user, slow, new, user.password)
    with user.superuser() as session:
        stored = stored_passwords(session._connection, user.name)  # noqa: SLF001 - what is to be read with
    assert all(one.primary.accepts(Password(new)) for one in stored.values())
    assert all(one.secondary.accepts(Password(user.password)) for one in stored.values())
