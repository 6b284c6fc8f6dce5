"""Who may log in to a server, as a superuser sees it."""

import pytest

from lab.servers import DatabaseServer
from secret_rotation.deadline import Deadline
from secret_rotation.engines.postgresql import PostgreSQL
from secret_rotation.password import Password
from tests.engines.conftest import Subject
from tests.fixtures.databases import MakeUser


def test_the_superuser_sees_who_may_log_in(subject: Subject) -> None:
    """An application's user is among them; one that is locked out, or of the server's own, is not."""
    with subject.superuser_session() as session:
        [found] = [one for one in session.login_accounts() if one.username == subject.user.username]
        assert found.has_password
        assert not found.is_outdated
        subject.user.administrate(subject.user.kit.lock_out(subject.user.username))
        assert subject.user.username not in [one.username for one in session.login_accounts()]


@pytest.mark.parametrize(("encryption", "is_outdated"), [("md5", True), ("scram-sha-256", False)])
def test_how_a_password_is_kept(
    newest_postgres: DatabaseServer, make_user: MakeUser, encryption: str, is_outdated: bool
) -> None:
    """Whoever may read pg_authid sees it, which no superuser of RDS may."""
    user = make_user(newest_postgres)
    user.administrate(f"SET password_encryption = '{encryption}'", f"ALTER ROLE {user.username} PASSWORD 'secret'")
    administrator = Subject(PostgreSQL(newest_postgres.ca_bundle), user)
    login = newest_postgres.administrator
    credentials = administrator.credentials(login.username, Password(login.password), dbname=None)
    with administrator.engine.connect_superuser(credentials, Deadline.after(30)) as session:
        [found] = [one for one in session.login_accounts() if one.username == user.username]
    assert (found.method, found.is_outdated) == (encryption, is_outdated)
