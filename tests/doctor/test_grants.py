"""What the doctor sees of an account that logs in: each fault with a remedy that works as it is printed."""

import subprocess
from collections.abc import Callable, Iterator, Mapping

import pytest

from lab.engines.mysql import MySQLServer
from lab.engines.postgresql import PostgresServer, start_postgres, start_replica
from tests.doctor.conftest import MakeDoctor, results
from tests.fixtures.databases import ApplicationUser, MakeUser
from tests.fixtures.rotation import ALTERNATING_USERS, SINGLE_USER, MakeApplication
from tests.fixtures.servers import chosen_majors
from tests.lab.helpers import wait_until
from tests.rotation.typed import remedies


@pytest.fixture(scope="module")
def md5_server() -> Iterator[PostgresServer]:
    """A server that takes MD5 passwords too."""
    with start_postgres(max(chosen_majors())) as server:
        hba = server.log_path.parent / "hba.conf"
        hba.write_text("host all all 127.0.0.1/32 md5\n")
        server.restart(hba_file=hba)
        yield server


@pytest.mark.parametrize(
    ("cause", "check"),
    [
        ("ALTER ROLE {0} VALID UNTIL '2099-01-01'", None),
        ("ALTER ROLE {0} VALID UNTIL 'tomorrow'", "grants.expiry"),
    ],
)
def test_expiry_of_a_role(
    newest_postgres: PostgresServer, make_user: MakeUser, make_application: MakeApplication, make_doctor: MakeDoctor,
    cause: str, check: str | None,
) -> None:  # fmt: skip
    """VALID UNTIL is told of while there is time."""
    application = make_application(make_user(newest_postgres), SINGLE_USER)
    user, doctor = application.user, make_doctor(application)
    user.administrate(cause.format(user.kit.account(user.username)))
    checks = doctor.check()
    assert results(checks, "warning") == ({check} if check else set())
    if check:
        user.administrate(checks[check]["remedy"])
        assert results(doctor.check(), "warning") == set()


@pytest.mark.parametrize(
    ("cause", "check"),
    [
        ("ALTER USER {0} PASSWORD EXPIRE INTERVAL 90 DAY COMMENT ' PASSWORD EXPIRE INTERVAL 1 DAY'", None),
        ("ALTER USER {0} PASSWORD EXPIRE INTERVAL 30 DAY", "grants.expiry"),
        ("ALTER USER {0} IDENTIFIED WITH sha256_password BY '{1}'", "grants.verifier"),
        ("REVOKE APPLICATION_PASSWORD_ADMIN ON *.* FROM {0}", "grants.old_password"),
    ],
)
def test_faults_of_an_account(
    mysql: MySQLServer, make_user: MakeUser, make_application: MakeApplication, make_doctor: MakeDoctor,
    cause: str, check: str | None,
) -> None:  # fmt: skip
    """Each is a warning, and its remedy ends it."""
    application = make_application(make_user(mysql), SINGLE_USER)
    user, doctor = application.user, make_doctor(application)
    user.administrate(cause.format(user.kit.account(user.username), user.password))
    checks = doctor.check()
    assert results(checks, "warning") == ({check} if check else set()), checks
    assert results(checks, "failed") == set()
    if check:
        user.administrate(checks[check]["remedy"].replace("<the password in AWSCURRENT>", user.password))
        assert results(doctor.check(), "warning") == set()


def test_an_md5_hash_is_gone_after_the_rotation_that_is_printed(
    md5_server: PostgresServer, make_user: MakeUser, make_application: MakeApplication, make_doctor: MakeDoctor,
    cloud_shell: Mapping[str, str],
) -> None:  # fmt: skip
    """It shows by the way in which the server asks, on a connection on which no password is sent."""
    application = make_application(make_user(md5_server), SINGLE_USER)
    user, doctor = application.user, make_doctor(application)
    assert doctor.check()["grants.verifier"]["result"] == "ok"
    user.as_superuser("SET password_encryption = 'md5'", *user.kit.changes_of_password(user.username, user.password))
    checks = doctor.check()
    assert results(checks, "warning") == {"grants.verifier"}
    subprocess.run(
        ["sh", "-c", checks["grants.verifier"]["remedy"]], env=dict(cloud_shell), check=True, timeout=60,
        capture_output=True,
    )  # fmt: skip
    assert application.secret.cloud.wait_for_rotation(application.secret.arn).succeeded
    assert doctor.check()["grants.verifier"]["result"] == "ok"


def test_a_replica_in_between(
    newest_postgres: PostgresServer, make_user: MakeUser, make_application: MakeApplication, make_doctor: MakeDoctor
) -> None:
    """A user that is to change its own password cannot do it there; where a superuser acts, it has to wait."""
    user = make_user(newest_postgres)
    single = make_application(user, SINGLE_USER)
    with start_replica(newest_postgres) as replica:
        arrived = f"SELECT count(*) FROM pg_roles WHERE rolname = '{user.username}'"  # noqa: S608 - a name of our own
        wait_until(lambda: replica.run(replica.administrator, arrived) == [(1,)])
        single.secret.change(port=replica.port)
        trusted = {"RDS_CA_BUNDLE": str(replica.ca_bundle)}  # which need not be that of its source
        checks = make_doctor(single, **trusted).check()
        assert {"grants.writer"} <= results(checks, "failed") <= {"grants.writer", "grants.password"}
        assert checks["pair.users"]["result"] == "skipped"
        pair = make_application(user, ALTERNATING_USERS, port=replica.port)
        checks = make_doctor(pair, **trusted).check()
        assert results(checks, "warning") == {"grants.writer"}, checks


def test_a_server_that_lets_only_some_set_passwords(
    newest_postgres: PostgresServer, make_user: MakeUser, make_application: MakeApplication, make_doctor: MakeDoctor
) -> None:
    """RDS has a setting for it, and a role that is exempt; the text has the statement that gives it."""
    application = make_application(make_user(newest_postgres), SINGLE_USER)
    user, doctor = application.user, make_doctor(application)
    user.administrate(f"ALTER ROLE {user.kit.account(user.username)} SET rds.restrict_password_commands = 'on'")
    checks = doctor.check()
    assert results(checks, "failed") == {"grants.password"}
    user.administrate(*(statement for _, statement in remedies(checks["grants.password"]["text"])))
    assert results(doctor.check(), "failed") == set()


def test_a_session_that_acts_as_another(
    newest_postgres: PostgresServer, make_user: MakeUser, make_application: MakeApplication, make_doctor: MakeDoctor,
    unique_name: Callable[..., str],
) -> None:  # fmt: skip
    """A setting 'role' that the user may not take."""
    application, other = make_application(make_user(newest_postgres), SINGLE_USER), unique_name("role")
    user, doctor = application.user, make_doctor(application)
    user.administrate(f"CREATE ROLE {other}", f"ALTER ROLE {user.username} SET role = '{other}'")
    checks = doctor.check()
    assert results(checks, "failed") == {"login.identity"}
    user.administrate(*(statement for _, statement in remedies(checks["login.identity"]["text"])))
    assert results(doctor.check(), "failed") == set()


def test_an_expired_password(
    mysql: MySQLServer, make_user: MakeUser, make_application: MakeApplication, make_doctor: MakeDoctor
) -> None:
    """It logs in, and may do nothing but change itself."""
    application = make_application(make_user(mysql), SINGLE_USER)
    user = application.user
    user.administrate(f"ALTER USER {user.kit.account(user.username)} PASSWORD EXPIRE")
    checks = make_doctor(application).check()
    assert "login.identity" in results(checks, "failed")
    assert "has expired" in checks["login.identity"]["text"]
    assert checks["grants.writer"]["result"] == "skipped"


def test_a_pair_of_another_secret_is_handed_over(
    newest_postgres: PostgresServer, make_user: MakeUser, make_application: MakeApplication, make_doctor: MakeDoctor
) -> None:
    """The record of a pair is for everybody to read; the remedy gives the pair to this secret, as an administrator."""
    first = make_application(make_user(newest_postgres), ALTERNATING_USERS)
    assert first.rotate().succeeded
    username, password = first.credentials()
    second = make_application(first.user, ALTERNATING_USERS, username=username, password=password)
    doctor = make_doctor(second)
    checks = doctor.check()
    assert results(checks, "failed") == {"pair.record"}
    assert first.secret.name in checks["pair.record"]["text"]
    first.user.administrate(checks["pair.record"]["remedy"])
    assert doctor.check()["pair.record"]["result"] == "ok"


def test_a_half_of_a_pair_that_may_not_log_in(
    newest_postgres: PostgresServer, make_user: MakeUser, make_application: MakeApplication, make_doctor: MakeDoctor
) -> None:
    """The user whose turn is next is locked: AWSCURRENT does not show that."""
    application = make_application(make_user(newest_postgres), ALTERNATING_USERS)
    user, doctor = application.user, make_doctor(application)
    assert application.rotate().succeeded
    user.administrate(user.kit.lock_out(user.username))
    checks = doctor.check()
    assert results(checks, "failed") == {"pair.users"}
    user.administrate(checks["pair.users"]["remedy"])
    assert doctor.check()["pair.users"]["result"] == "ok"


def test_a_superuser_that_cannot_be_one(
    user: ApplicationUser, make_application: MakeApplication, make_doctor: MakeDoctor
) -> None:
    """A pair without a superuser, and a secret that names itself."""
    application = make_application(user, ALTERNATING_USERS)
    doctor = make_doctor(application)
    application.secret.change(masterarn=application.secret.arn)
    assert "is the secret itself" in doctor.check()["grants.superuser"]["text"]
    application.secret.put({key: kept for key, kept in application.secret.value().items() if key != "masterarn"})
    assert "'masterarn'" in doctor.check()["grants.superuser"]["text"]


def test_other_accounts_of_the_name(
    mysql: MySQLServer, make_user: MakeUser, make_application: MakeApplication, make_doctor: MakeDoctor
) -> None:
    """Where the user may see them, they are counted."""
    application = make_application(make_user(mysql), SINGLE_USER)
    user, doctor = application.user, make_doctor(application)
    user.administrate(f"GRANT SELECT ON mysql.user TO {user.kit.account(user.username)}")
    assert doctor.check()["grants.accounts"]["result"] == "ok"
    user.administrate(f"CREATE USER `{user.username}`@`10.1.2.3` IDENTIFIED BY RANDOM PASSWORD")
    checks = doctor.check()
    assert results(checks, "warning") == {"grants.accounts"}
    assert checks["grants.verifier"]["result"] == "ok"  # whoever may read hashes is shown one, in the same statement


def test_the_dry_run_that_is_printed_sees_the_rest(
    user: ApplicationUser, make_application: MakeApplication, make_doctor: MakeDoctor, cloud_shell: Mapping[str, str]
) -> None:
    """What only a superuser may see is for the function, which changes nothing either."""
    application = make_application(user, ALTERNATING_USERS)
    before = application.secret.value()
    remedy = make_doctor(application).check()["grants.superuser"]["remedy"]
    subprocess.run(["sh", "-c", remedy], env=dict(cloud_shell), check=True, timeout=60, capture_output=True)
    run = application.secret.cloud.wait_for_rotation(application.secret.arn)
    assert run.succeeded
    assert [record.step for record in run.steps] == ["testSecret"]
    assert application.secret.value() == before
