"""A login that MySQL rejects as if the password were wrong, while it is right: nothing is reset, the cause is told.

The server says the same to all of these. Who sets a password because of it ends one with which others still log in.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.engines.mysql import MySQLServer, start_mysql
from lab.servers import CertificateAuthority, Login
from tests.engines.mysql_clients import ELSEWHERE, account_of, client_certificate
from tests.fixtures.databases import ApplicationUser, MakeUser
from tests.fixtures.rotation import SINGLE_USER, Application, MakeApplication
from tests.rotation.faulted import rotates

AUTHORITY = CertificateAuthority("Rejections CA")
RESET = {"RESET_WITH_SUPERUSER": "true"}
STATEMENT = re.compile(r"(?:ALTER|CREATE|DROP) USER [^;]*;")
NEEDS_A_CERTIFICATE = r"without a client certificate"


@dataclass(frozen=True)
class Rejection:
    """A way to be rejected with the right password.

    Attributes:
        cause: the statements that bring it about; {0} is the user's name.
        words: what the error says.
        remedy: which of the statements that the error has is typed; None where the secret is to be changed.
        afterwards: what else the user needs then.
        ssl: the secret's key, where it is set.
    """

    cause: tuple[str, ...]
    words: str
    remedy: int | None = 0
    afterwards: tuple[str, ...] = ()
    ssl: bool | None = None


REJECTIONS = {
    "x509": Rejection(("ALTER USER '{0}'@'%' REQUIRE X509",), f"REQUIRE X509.*{NEEDS_A_CERTIFICATE}"),
    "issuer": Rejection(
        ("ALTER USER '{0}'@'%' REQUIRE ISSUER '/CN=Rejections CA'",), f"REQUIRE ISSUER.*{NEEDS_A_CERTIFICATE}"
    ),
    "subject": Rejection(("ALTER USER '{0}'@'%' REQUIRE SUBJECT '/CN=client'",), f"SUBJECT.*{NEEDS_A_CERTIFICATE}"),
    "tls": Rejection(
        ("ALTER USER '{0}'@'%' REQUIRE SSL",), 'demands TLS, and the secret says "ssl": false', remedy=None, ssl=False
    ),
    "tls is given up": Rejection(("ALTER USER '{0}'@'%' REQUIRE SSL",), "demands TLS", ssl=False),
    "another address": Rejection(
        (f"RENAME USER '{{0}}'@'%' TO '{{0}}'@'{ELSEWHERE}'",),
        f"connects from localhost, and the user exists for other hosts only: `.*`@`{ELSEWHERE}`",
        afterwards=("GRANT ALL ON db_{0}.* TO '{0}'@'localhost'",),
    ),
    "a nearer account": Rejection(
        ("CREATE USER '{0}'@'localhost' IDENTIFIED BY 'another'",),
        "from localhost the server takes .* for `.*`@`localhost`, which has another one",
    ),
    "a nearer account gets the same password": Rejection(
        ("CREATE USER '{0}'@'localhost' IDENTIFIED BY 'another'", "GRANT ALL ON db_{0}.* TO '{0}'@'localhost'"),
        "The password is that of `.*`@`%`",
        remedy=1,
    ),
    "an anonymous account": Rejection(
        ("CREATE USER ''@'localhost' IDENTIFIED BY 'another'",), "the anonymous account ``@`localhost`"
    ),
}
each_rejection = pytest.mark.parametrize("rejection", REJECTIONS.values(), ids=REJECTIONS.keys())


@pytest.fixture(scope="module")
def own_mysql() -> Iterator[MySQLServer]:
    """A server that trusts the certificates of this module's clients, and takes nobody for its superuser."""
    with start_mysql(authority=AUTHORITY) as server:
        for login in (server.superuser, server.administrator):
            name = login.username
            server.run(server.administrator, f"RENAME USER '{name}'@'%' TO '{name}'@'localhost'", "FLUSH PRIVILEGES")
        yield server


@pytest.fixture
def user(own_mysql: MySQLServer, make_user: MakeUser) -> Iterator[ApplicationUser]:
    """A user of that server, which afterwards has no anonymous account."""
    yield (user := make_user(own_mysql))
    user.administrate("DROP USER IF EXISTS ''@'localhost'")


def logs_in_elsewhere(user: ApplicationUser, server: MySQLServer, folder: Path) -> bool:
    """Whether the password of AWSCURRENT logs in for a client that has what the function has not."""
    certificate = client_certificate(folder, AUTHORITY)
    return account_of(server, Login(user.username, user.password), ELSEWHERE, certificate) is not None


def rejected(
    user: ApplicationUser, make_application: MakeApplication, rejection: Rejection, environ: dict[str, str]
) -> Application:
    """An application with a superuser, whose login the server rejects."""
    application = make_application(user, SINGLE_USER, environ=environ, ssl=rejection.ssl)
    application.secret.change(masterarn=application.superuser_secret.arn)
    user.administrate(*(statement.format(user.username) for statement in rejection.cause))
    return application


@each_rejection
def test_nothing_is_reset_and_the_remedy_works_as_printed(
    user: ApplicationUser,
    own_mysql: MySQLServer,
    make_application: MakeApplication,
    tmp_path: Path,
    rejection: Rejection,
) -> None:
    """With RESET_WITH_SUPERUSER the error has the cause, the password stays, and after the remedy all goes on."""
    application = rejected(user, make_application, rejection, RESET)
    message = application.refusal("UnsafeRotationError")
    assert re.search(rejection.words, message), message
    assert logs_in_elsewhere(user, own_mysql, tmp_path)
    assert user.password not in message + application.stdout.getvalue()
    application.secret.remove_pending()
    if rejection.remedy is None:
        application.secret.change(ssl=True)
    else:
        statement = STATEMENT.findall(message)[rejection.remedy]
        typed = statement.replace("<the password in AWSCURRENT>", user.password)
        user.as_superuser(typed, *(statement.format(user.username) for statement in rejection.afterwards))
    rotates(application, 2)


@each_rejection
def test_nothing_is_changed_without_the_flag(
    user: ApplicationUser,
    own_mysql: MySQLServer,
    make_application: MakeApplication,
    tmp_path: Path,
    rejection: Rejection,
) -> None:
    """Without RESET_WITH_SUPERUSER the superuser does not even look, and the password stays as well."""
    application = rejected(user, make_application, rejection, {})
    application.refusal("LoginRejectedError")
    assert logs_in_elsewhere(user, own_mysql, tmp_path)


@pytest.mark.parametrize(
    "cause", ["ALTER USER '{0}'@'%' REQUIRE SSL", "CREATE USER '{0}'@'10.%' IDENTIFIED BY 'third'"]
)
def test_a_password_that_is_really_wrong_is_reset(
    user: ApplicationUser, make_application: MakeApplication, cause: str
) -> None:
    """Where the account is one that this login could use, and has another password, the superuser sets it."""
    application = rejected(user, make_application, Rejection((cause,), ""), RESET)
    user.set_password("changed-by-hand")
    rotates(application)
    assert not user.can_log_in(user.username, "changed-by-hand")
