"""What counts as proof before a superuser acts, and whom it may be: the rest is refused before anything is changed."""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from lab.engines.mysql import MySQLServer, start_mysql
from tests.fixtures.databases import ApplicationUser, MakeUser
from tests.fixtures.rotation import ALTERNATING_USERS, SINGLE_USER, STRATEGIES, Application, MakeApplication
from tests.rotation.faulted import rotates
from tests.rotation.rds import instance, trusting

ALLOWED = "SUPERUSER_SECRET_ARNS"


def test_a_login_without_tls_proves_nothing(user: ApplicationUser, make_application: MakeApplication) -> None:
    """The superuser does nothing for a secret that says "ssl": false, and nobody is even connected to."""
    application = make_application(user, ALTERNATING_USERS, ssl=False)
    user.relay.connections = 0
    assert '"ssl": false' in application.refusal("UnsafeRotationError")
    assert user.relay.connections == 0
    assert application.logs_in()


def test_the_writer_of_a_secret_chooses_no_certificate_for_the_superuser(
    user: ApplicationUser, make_application: MakeApplication
) -> None:
    """A name of the writer's own for the superuser's server would let another server prove a login: it is refused.

    The certificate of the lab is for this name too, so that nothing else refuses it.
    """
    application = make_application(user, ALTERNATING_USERS, tlsname="127.0.0.1")
    user.relay.connections = 0
    assert "127.0.0.1" in application.refusal("UnsafeRotationError")
    assert user.relay.connections == 0
    application.superuser_secret.change(tlsname="127.0.0.1")
    application.secret.remove_pending()
    rotates(application)


def test_a_login_at_the_superusers_host_is_by_the_superusers_certificate(
    user: ApplicationUser, make_application: MakeApplication
) -> None:
    """Where a user logs in at the superuser's host instead of its own, the name of its own secret does not count."""
    application = make_application(user, ALTERNATING_USERS, host="127.0.0.1", tlsname="localhost")
    application.superuser_secret.change(tlsname="db.example.com")
    application.secret.cloud.databases.instances.append(instance(user))
    other = replace(instance(user), identifier="db", address="db.example.com", replica_source="localhost")
    application.secret.cloud.databases.instances.append(other)
    message = application.refusal("DatabaseUnreachableError")
    assert "another name than db.example.com" in message
    assert f"as {user.username} " in message


def test_an_older_version_without_tls_proves_nothing(application: Application, user: ApplicationUser) -> None:
    """A version that says "ssl": false adopts nobody, even where its password is right."""
    clone = f"{user.username}_clone"
    password = secrets.token_hex(16)
    user.as_superuser(*user.kit.creation(clone, password))
    current = application.secret.value()
    application.secret.put({**current, "username": clone, "password": password, "ssl": False})
    application.secret.put(current)
    application.refusal("UnsafeRotationError")
    assert user.server.can_log_in(clone, password)


def test_where_the_superuser_has_no_tls_either_the_network_is_trusted(
    user: ApplicationUser, make_application: MakeApplication
) -> None:
    """A deployer who gives the superuser's own secret "ssl": false has decided it for both."""
    application = make_application(user, ALTERNATING_USERS, ssl=False)
    application.superuser_secret.change(ssl=False)
    rotates(application)


def test_a_superuser_that_nobody_listed_is_refused(user: ApplicationUser, make_application: MakeApplication) -> None:
    """A masterarn outside the deployer's list stops createSecret, so that nothing is written; it names the list."""
    for strategy in STRATEGIES:
        application = make_application(user, strategy, environ={ALLOWED: ""})
        application.secret.change(masterarn=application.superuser_secret.arn)
        outcome = application.step("createSecret", application.begin())
        assert outcome.error_type == "InvalidSecretError", outcome
        assert ALLOWED in str(outcome.error_message)
        assert application.superuser_secret.arn in str(outcome.error_message)


@pytest.mark.parametrize("shape", ["complete", "among others", "wildcards", "partial masterarn"])
def test_a_superuser_that_is_listed_rotates(
    user: ApplicationUser, make_application: MakeApplication, shape: str
) -> None:
    """The list takes complete ARNs and the wildcards of IAM; a masterarn without its random end is the same secret."""
    first = make_application(user, ALTERNATING_USERS)
    arn = first.superuser_secret.arn
    patterns = {"among others": f"{arn}x, {arn} ,{arn}y", "wildcards": f"{arn[:-6]}??????"}
    changes = {"masterarn": arn[:-7]} if shape == "partial masterarn" else {"masterarn": arn}
    rotates(make_application(user, ALTERNATING_USERS, environ={ALLOWED: patterns.get(shape, arn)}, **changes))


def test_a_partial_masterarn_is_judged_by_the_secret_that_it_reads(
    user: ApplicationUser, make_application: MakeApplication
) -> None:
    """A name that only begins like a listed ARN is not it: what was read counts, before anybody logs in."""
    first = make_application(user, ALTERNATING_USERS)
    arn = first.superuser_secret.arn
    listed = arn[:-6] + "ZZZZZZ"
    application = make_application(user, ALTERNATING_USERS, environ={ALLOWED: listed}, masterarn=arn[:-7])
    user.relay.connections = 0
    application.refusal("InvalidSecretError")
    assert user.relay.connections == 0


def unlabelled(application: Application, value: Mapping[str, object]) -> None:
    """A version made now that carries no label."""
    application.secret.put(value, stages=("AWSPENDING",))
    application.secret.remove_pending()


def test_one_budget_of_rejected_logins_for_the_whole_invocation(
    application: Application, user: ApplicationUser
) -> None:
    """However many versions name whom, one invocation has four logins rejected and sends no value twice."""
    clone = f"{user.username}_clone"
    user.as_superuser(*user.kit.creation(clone, "the-strangers-own"))
    right = application.secret.value()
    for _ in range(4):
        unlabelled(application, {**right, "username": clone, "password": secrets.token_hex(8)})
    application.secret.put({**right, "password": secrets.token_hex(8)})
    unlabelled(application, {**right, "username": clone, "password": secrets.token_hex(8)})
    before = user.rejected_logins()
    outcome = application.steps(application.begin(), "createSecret", "setSecret")
    assert outcome.error_type in ("UnsafeRotationError", "LoginRejectedError"), outcome
    assert user.rejected_logins() - before == 4
    assert user.server.can_log_in(clone, "the-strangers-own")


def test_the_anonymous_account_proves_nothing(make_user: MakeUser, make_application: MakeApplication) -> None:
    """A login that the server took for the anonymous account gives nobody the rights of the account of that name."""
    with start_mysql() as server:
        user = make_user(server)
        application, elsewhere = make_application(user, ALTERNATING_USERS), f"'{user.username}'@'10.9.9.9'"
        user.administrate(
            f"RENAME USER '{user.username}'@'%' TO {elsewhere}",
            f"CREATE USER ''@'%' IDENTIFIED BY '{user.password}'",
            f"GRANT ALL PRIVILEGES ON {user.dbname}.* TO ''@'%'",
        )
        application.refusal("UnsafeRotationError")
        names = user.administrate(f"SELECT User FROM mysql.user WHERE User LIKE '{user.username}%'")  # noqa: S608
        assert names == [(user.username,)]


def test_the_anonymous_account_is_not_changed_for_a_single_user(
    make_user: MakeUser, make_application: MakeApplication
) -> None:
    """The same for a user that changes its own password: the anonymous account keeps its own."""
    with start_mysql() as server:
        user = make_user(server)
        application = make_application(user, SINGLE_USER)
        user.administrate(
            f"DROP USER '{user.username}'@'%'",
            f"CREATE USER ''@'%' IDENTIFIED BY '{user.password}'",
            f"GRANT ALL PRIVILEGES ON {user.dbname}.* TO ''@'%'",
        )
        application.refusal("UnsafeRotationError")
        assert user.can_log_in(user.username, user.password)


def test_a_login_at_a_replica_proves_nothing_at_its_source(
    mysql: MySQLServer, make_user: MakeUser, make_application: MakeApplication, tmp_path: Path
) -> None:
    """An account that somebody made on a replica, under the name of one at the source, gets no clone there."""
    user = make_user(mysql)
    with start_mysql() as replica:
        mallory = replace(make_user(replica, user.username), dbname="information_schema")
        environ = trusting(tmp_path, mysql, replica)
        application = make_application(
            user, ALTERNATING_USERS, environ=environ, host="127.0.0.1", port=replica.port, password=mallory.password
        )
        source = instance(user)
        reader = replace(source, identifier="127", address="127.0.0.1", port=replica.port, replica_source="localhost")
        application.secret.cloud.databases.instances.extend([source, reader])
        assert replica.can_log_in(user.username, mallory.password)
        application.refusal("LoginRejectedError")
        assert user.administrate(f"SELECT User FROM mysql.user WHERE User = '{user.username}_clone'") == []  # noqa: S608
