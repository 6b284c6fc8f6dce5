"""A database that does not answer: named as what it is, inside the invocation, and no password is tried after it."""

import socket

from lab.lambda_environment import Invocation
from tests.fixtures.databases import ApplicationUser
from tests.fixtures.rotation import SINGLE_USER, Application, MakeApplication
from tests.rotation.faulted import completes, ends_in_time, reach


def set_secret(application: Application) -> str:
    """The message with which setSecret of a new rotation says that the database is unreachable."""
    token = application.begin()
    outcome = application.steps(token, "createSecret", "setSecret")
    assert outcome.error_type == "DatabaseUnreachableError", outcome
    return named(application, outcome)


def named(application: Application, outcome: Invocation) -> str:
    """The message of an error, which says what cannot be reached."""
    assert application.user.username in str(outcome.error_message) or "localhost" in str(outcome.error_message)
    return str(outcome.error_message)


def test_a_server_that_never_answers_is_told_in_time(user: ApplicationUser, make_application: MakeApplication) -> None:
    """A connection that is taken and left without an answer ends in an error before Lambda would kill the function."""
    application = make_application(user, SINGLE_USER)
    token = reach(application, "setSecret")
    user.relay.silent = True

    def attempt() -> Invocation:
        user.relay.connections = 0
        return application.step("setSecret", token)

    named(application, ends_in_time(application, 6.0, "DatabaseUnreachableError", attempt))
    assert user.relay.connections == 1


def test_a_port_where_nobody_listens(user: ApplicationUser, make_application: MakeApplication) -> None:
    """A refused connection is an outage, named with host and port, and not a wrong password."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    application = make_application(user, SINGLE_USER, port=port)
    assert f"localhost:{port}" in set_secret(application)


def test_a_name_that_does_not_exist(user: ApplicationUser, make_application: MakeApplication) -> None:
    """A host name that does not resolve is an outage that names the host."""
    application = make_application(user, SINGLE_USER, host="no-such-host.invalid")
    assert "no-such-host.invalid" in set_secret(application)


def test_a_connection_that_breaks_is_no_rejection(user: ApplicationUser, make_application: MakeApplication) -> None:
    """A connection that is cut while logging in is an outage; the next attempt of the service completes."""
    application = make_application(user, SINGLE_USER)
    token = reach(application, "setSecret")
    user.relay.silent = True
    ends_in_time(application, 6.0, "DatabaseUnreachableError", lambda: application.step("setSecret", token))
    user.relay.silent = False
    completes(application, token)


def test_a_lock_in_the_database_is_told_in_time(user: ApplicationUser, make_application: MakeApplication) -> None:
    """A statement that waits for somebody's lock ends in an error that says so, and the next attempt completes."""
    application = make_application(user, SINGLE_USER)
    token = reach(application, "setSecret")
    with user.blocked():
        ends_in_time(application, 7.0, "StatementFailedError", lambda: application.step("setSecret", token))
    completes(application, token)


def test_plaintext_needs_the_secrets_own_word(user: ApplicationUser, make_application: MakeApplication) -> None:
    """A server whose certificate is not trusted is never talked to in plaintext, unless the secret says ssl false."""
    strict = make_application(user, SINGLE_USER, environ={"RDS_CA_BUNDLE": ""})
    message = set_secret(strict)
    assert "certificate" in message.lower()
    assert user.rejected_logins() == 0
    plain = make_application(user, SINGLE_USER, environ={"RDS_CA_BUNDLE": ""}, ssl=False)
    assert plain.rotate().succeeded
    assert plain.works()
