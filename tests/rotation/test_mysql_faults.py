"""Faults that MySQL alone knows: a reader, a policy for passwords, and passwords that expire."""

from dataclasses import replace

import pytest

from lab.engines.mysql import MYSQL
from tests.fixtures.rotation import Application, MakeApplication
from tests.fixtures.servers import newest_database_name
from tests.rotation.faulted import heals, reach, rotates, stopped

pytestmark = [
    pytest.mark.xdist_group("own servers"),  # in one worker, so that each is started once
    pytest.mark.parametrize("own_server", [newest_database_name(MYSQL)], indirect=True),
]


def test_a_server_that_is_read_only(own_application: Application) -> None:
    """A server that only reads is named, with the advice to use the writer."""
    server, token = own_application.user.server, reach(own_application, "setSecret")
    server.reconfigure(super_read_only="ON")
    outcome = own_application.step("setSecret", token)
    server.reconfigure(super_read_only="OFF")
    server.reconfigure(read_only="OFF")
    stopped(own_application, outcome, "StatementFailedError", "read-only", "writer")
    heals(own_application, token)


def test_a_policy_for_passwords(own_application: Application, strategy: str, make_application: MakeApplication) -> None:
    """A password that the policy refuses is refused at each attempt, so the error says how to get another one.

    PostgreSQL is sent a verifier, of which no policy can tell more than that it is one.
    """
    user = own_application.user
    poor = make_application(user, strategy, environ={"EXCLUDE_PUNCTUATION": "true"})
    token = reach(poor, "setSecret")
    user.administrate("INSTALL COMPONENT 'file://component_validate_password'")
    try:
        for _ in range(2):
            outcome = poor.step("setSecret", token)
            stopped(poor, outcome, "StatementFailedError", "validate_password", "EXCLUDE_", "remove the label AWSPEND")
        poor.secret.remove_pending()
        poor.secret.enable_rotation(own_application.function)
        rotates(replace(poor, function=own_application.function))
    finally:
        user.administrate("UNINSTALL COMPONENT 'file://component_validate_password'")


def test_a_password_that_has_expired(own_application: Application) -> None:
    """An expired password is let in to be changed, so the rotation is its own remedy.

    PostgreSQL rejects an expired password as a wrong one.
    """
    user = own_application.user
    user.administrate(f"ALTER USER {user.kit.account(user.username)} PASSWORD EXPIRE")
    rotates(own_application, 2)
