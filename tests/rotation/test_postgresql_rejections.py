"""A role whose VALID UNTIL has passed: PostgreSQL rejects its password, which may well be right."""

import pytest

from lab.engines.postgresql import PostgresServer
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import SINGLE_USER, Application, MakeApplication
from tests.rotation.faulted import rotates


@pytest.fixture
def application(newest_postgres: PostgresServer, make_user: MakeUser, make_application: MakeApplication) -> Application:
    """An application whose password the superuser may reset, and whose role has expired."""
    application = make_application(make_user(newest_postgres), SINGLE_USER, environ={"RESET_WITH_SUPERUSER": "true"})
    application.secret.change(masterarn=application.superuser_secret.arn)
    application.user.administrate(f"ALTER ROLE {application.user.username} VALID UNTIL '2001-02-03'")
    return application


def test_an_expired_role_is_not_reset(application: Application) -> None:
    """Nothing is changed, and the error's statement lets the same password in again."""
    message = application.refusal("UnsafeRotationError")
    application.user.as_superuser(message[message.index("ALTER ROLE") : message.index(";")])
    assert application.logs_in()
    application.secret.remove_pending()
    rotates(application)
