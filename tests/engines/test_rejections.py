"""Whether another password would help: what the superuser of each engine sees of a login that was rejected."""

from contextlib import AbstractContextManager, nullcontext

import pytest

from secret_rotation.engines.mysql import hosts
from secret_rotation.errors import UnsafeRotationError
from secret_rotation.password import Password
from tests.engines.conftest import Subject
from tests.engines.mysql_users import User

WRONG = Password("wrong")


def refused(subject: Subject, *words: str) -> None:
    """Check that no password is to be set because of a login with a wrong one, and that the error has the reason."""
    with subject.superuser_session() as session, pytest.raises(UnsafeRotationError) as raised:
        session.refuse_unusable(subject.credentials(password=WRONG))
    assert not [word for word in (*words, "AWSCURRENT") if word not in str(raised.value)], raised.value


def test_a_wrong_password_is_a_reason(subject: Subject) -> None:
    """An ordinary user whose password is another one may get a new one."""
    with subject.superuser_session() as session:
        session.refuse_unusable(subject.credentials(password=WRONG))


def test_a_user_that_may_not_log_in_needs_no_password(subject: Subject) -> None:
    """The error has the statement that lets the user in."""
    user = subject.user
    user.administrate(user.kit.lock_out(user.username))
    refused(subject, user.kit.let_in(user.username))


def test_a_user_that_is_gone_needs_no_password(subject: Subject) -> None:
    """The error says that it is not there."""
    user = subject.user
    user.administrate(*user.kit.drop(user.username))
    refused(subject, user.username)


def test_a_role_that_has_expired_needs_no_password(postgres_subject: Subject) -> None:
    """PostgreSQL says of it what it says of a wrong password; the error has the date, and the statement."""
    name = postgres_subject.user.username
    postgres_subject.user.administrate(f"ALTER ROLE {name} VALID UNTIL '2001-02-03'")
    refused(postgres_subject, "2001-02-03", f"ALTER ROLE \"{name}\" VALID UNTIL 'infinity';")


def test_an_account_without_a_password_needs_none(app: User) -> None:
    """An account of MySQL that another plugin than those for passwords lets in."""
    app.admin(f"UPDATE mysql.user SET plugin = 'auth_socket' WHERE User = '{app.name}'")  # noqa: S608
    words = f"ALTER USER `{app.name}`@`%` IDENTIFIED WITH caching_sha2_password BY"
    with app.superuser() as session, pytest.raises(UnsafeRotationError, match=words):
        session.refuse_unusable(app.credentials(password="wrong"))


@pytest.mark.parametrize("other_host", [None, "10.%"])
def test_an_address_that_the_server_does_not_tell(
    app: User, monkeypatch: pytest.MonkeyPatch, other_host: str | None
) -> None:
    """Where it has a name for the client and forgot the address, accounts for all hosts are all that can be judged."""
    monkeypatch.setattr(hosts, "_LOCALHOST", "asked for like any other name")
    if other_host:
        app.admin(f"CREATE USER {app.name}@'{other_host}' IDENTIFIED BY 'another'")
    words = f"tells no address.*ALTER USER `{app.name}`@`%` IDENTIFIED BY"
    with app.superuser() as session, raises(words) if other_host else nullcontext():
        session.refuse_unusable(app.credentials(password="wrong"))


def raises(words: str) -> AbstractContextManager[object]:
    """The refusal with these words."""
    return pytest.raises(UnsafeRotationError, match=words)


def test_a_password_that_is_right_is_no_reason(app: User) -> None:
    """Whatever else may be wrong with a login to MySQL: a password that is the account's, or its old one, stays."""
    app.admin(f"ALTER USER '{app.name}' IDENTIFIED BY 'new' RETAIN CURRENT PASSWORD")
    for password in (app.password, "new"):
        with app.superuser() as session, pytest.raises(UnsafeRotationError, match=f"that of account `{app.name}`"):
            session.refuse_unusable(app.credentials(password=password))
