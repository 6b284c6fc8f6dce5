"""Logging in to MySQL: what each failure is, and what is never sent."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from lab.engines.mysql import MySQLServer, start_mysql
from lab.servers import CertificateAuthority, Login
from lab.tap.tls import tls_of
from secret_rotation.deadline import Deadline
from secret_rotation.engines.mysql import MySQL
from secret_rotation.engines.mysql.connection import Connection
from secret_rotation.errors import (
    DatabaseError,
    DatabaseUnreachableError,
    LoginRefusedError,
    LoginRejectedError,
    UnsafeRotationError,
)
from secret_rotation.password import Password
from tests.engines.mysql_protocol import greeting, packet, served
from tests.engines.mysql_users import User, new_password

Names = Callable[..., str]


def fail(user: User, kind: type[DatabaseError], *words: str, password: str | None = None, **changes: object) -> None:
    """Log in, which must be this error and no other, with these words and no password in it."""
    with pytest.raises(DatabaseError) as raised, user.session(password, **changes):  # type: ignore[arg-type]
        pass
    assert type(raised.value) is kind
    assert user.password not in str(raised.value)
    assert not [text for text in words if text not in str(raised.value)], raised.value


@pytest.fixture
def own_server() -> Iterator[MySQLServer]:
    """A server that a test may change."""
    with start_mysql() as server:
        yield server


def test_wrong_password_is_rejected(app: User) -> None:
    """A wrong password, and nothing else, is LoginRejectedError."""
    fail(app, LoginRejectedError, app.name, "AWSCURRENT of prod/app", password=new_password())


def test_unicode_password_logs_in(app: User) -> None:
    """A password outside Latin-1 logs in as the bytes that MySQL itself stores."""
    app.admin(f"ALTER USER {app.name} IDENTIFIED BY 'pä§s €wörd'")
    with app.session("pä§s €wörd") as session:
        session.verify_identity()


def test_missing_database_is_refused(app: User) -> None:
    """A database that does not exist, or that the user may not use, is its own error, naming the database."""
    app.admin(f"GRANT SELECT ON {app.db}.* TO {app.name}")
    fail(app, LoginRefusedError, f"{app.db}_missing", dbname=f"{app.db}_missing")
    fail(app, LoginRefusedError, dbname="sys")


def test_locked_account_is_refused(app: User) -> None:
    """A locked account is refused as locked, not taken for a wrong password."""
    app.admin(f"ALTER USER {app.name} ACCOUNT LOCK")
    fail(app, LoginRefusedError, "ACCOUNT UNLOCK")


def test_account_locked_by_failures_is_refused(app: User) -> None:
    """An account that failed logins have locked is refused with that reason."""
    app.admin(f"ALTER USER {app.name} FAILED_LOGIN_ATTEMPTS 1 PASSWORD_LOCK_TIME 1")
    with pytest.raises(DatabaseError), app.session(new_password()):
        pass
    fail(app, LoginRefusedError, "failed logins")


def test_too_many_connections_is_unreachable(app: User) -> None:
    """A full account is an outage, after which no other password is tried."""
    app.admin(f"ALTER USER {app.name} WITH MAX_USER_CONNECTIONS 1")
    with closing(app.server.connect(Login(app.name, app.password))):
        fail(app, DatabaseUnreachableError, "MAX_USER_CONNECTIONS")


def test_expired_password_may_only_be_changed(app: User) -> None:
    """An expired password that is right logs in, is refused all work, and can still be replaced."""
    app.admin(f"ALTER USER {app.name} PASSWORD EXPIRE")
    changed = app.credentials(password=new_password())
    with app.session() as session:
        with pytest.raises(LoginRefusedError, match="expired"):
            session.verify_identity()
        session.set_own_password(app.credentials().password, changed.password)
        session.verify_identity()
    assert app.server.can_log_in(app.name, changed.password.reveal())


def test_session_that_ends_once_its_expired_password_is_changed(app: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that is lost before it can be set up anew is an outage, after which the new password logs in."""
    app.admin(f"ALTER USER {app.name} PASSWORD EXPIRE")
    new, prepare = new_password(), Connection.prepare

    def lost(connection: Connection) -> None:
        ((number,),) = app.admin(f"SELECT ID FROM information_schema.PROCESSLIST WHERE USER = '{app.name}'")  # noqa: S608
        app.admin(f"KILL {number}")
        prepare(connection)

    monkeypatch.setattr(Connection, "prepare", lost)
    with app.session() as session, pytest.raises(DatabaseUnreachableError, match="a repeat is safe"):
        session.set_own_password(app.credentials().password, Password(new))
    assert app.server.can_log_in(app.name, new)


def test_anonymous_account_is_not_the_user(own_server: MySQLServer, unique_name: Names) -> None:
    """A login that the server gives to an anonymous account is told from one as the user."""
    app = User(own_server, unique_name())
    with closing(own_server.connect(own_server.administrator)) as administrator, administrator.cursor() as cursor:
        cursor.execute(f"CREATE USER ''@localhost IDENTIFIED BY '{app.password}'")  # it wins over every user@'%'
        with app.session() as session:
            with pytest.raises(UnsafeRotationError, match=app.name):
                session.verify_identity()
            with pytest.raises(UnsafeRotationError, match="DROP USER ``@`localhost`;"):
                session.set_own_password(app.credentials().password, app.credentials(password="x").password)
        cursor.execute("DROP USER ''@localhost")


def test_connection_is_encrypted(app: User) -> None:
    """The session is encrypted, so an account that requires it can be used."""
    app.admin(f"ALTER USER {app.name} REQUIRE SSL")
    with app.session() as session:
        session.verify_identity()


def test_plaintext_only_where_the_secret_says_so(app: User) -> None:
    """With "ssl": false a password that the server has not cached yet logs in too, encrypted with the server's key."""
    for _ in range(2):  # the second time the server has it cached
        with app.session(tls=False) as session:
            session.verify_identity()
    fail(app, LoginRejectedError, password=new_password(), tls=False)
    app.admin(f"ALTER USER {app.name} REQUIRE SSL")
    fail(app, LoginRejectedError, "REQUIRE SSL", tls=False)  # the server says no more than of a wrong password


def test_a_certificate_that_is_asked_for_is_named(app: User) -> None:
    """A function has no client certificate: a right password is rejected, and the error says why it may be."""
    app.admin(f"ALTER USER {app.name} REQUIRE X509")
    fail(app, LoginRejectedError, "REQUIRE X509", "most specific host", "none for localhost")


def test_certificate_of_an_unknown_authority_is_refused(app: User) -> None:
    """A server whose authority is not in the bundle is not logged in to; the error names RDS_CA_BUNDLE."""
    login = MySQL().connect(app.credentials(), Deadline.after(20))
    with pytest.raises(DatabaseUnreachableError, match="RDS_CA_BUNDLE"), login:
        pass


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_unreadable_bundle_is_named(app: User, tmp_path: Path, content: str | None) -> None:
    """A bundle that is missing or holds no certificate is an error that names the file, not a network outage."""
    bundle = tmp_path / "authorities.pem"
    if content is not None:
        bundle.write_text(content)
    login = MySQL(bundle).connect(app.credentials(), Deadline.after(20))
    with pytest.raises(DatabaseUnreachableError, match=r"authorities\.pem"), login:
        pass


def test_certificate_for_another_name_is_refused(unique_name: Names) -> None:
    """A certificate for another host name is refused; the error says what to do about a CNAME."""
    authority = CertificateAuthority()
    with start_mysql(authority=authority) as server:
        app = User.create(server, unique_name())
        server.use_certificate(authority.issue(["database.example.com"]))
        fail(app, DatabaseUnreachableError, "CNAME")


def test_a_certificate_that_has_expired_is_told_from_one_of_a_stranger(unique_name: Names) -> None:
    """The error says to renew it, and to trust nobody else; the stranger's has no word of an expiry."""
    authority = CertificateAuthority()
    with start_mysql(authority=authority) as server:
        app = User.create(server, unique_name())
        server.use_certificate(CertificateAuthority().issue())
        fail(app, DatabaseUnreachableError, "is signed by no authority in", "RDS_CA_BUNDLE")
        server.use_certificate(authority.issue(lifetime=timedelta(seconds=5)))
        time.sleep(6)
        fail(app, DatabaseUnreachableError, "has expired, or is not valid yet. Renew it on the server.")


def test_server_without_tls_gets_no_password(own_server: MySQLServer, unique_name: Names) -> None:
    """A real server that offers no TLS is refused, and says nothing of a wrong password."""
    app = User.create(own_server, unique_name())
    app.admin("SET GLOBAL tls_version = ''", "ALTER INSTANCE RELOAD TLS NO ROLLBACK ON ERROR")
    fail(app, DatabaseUnreachableError, "offers no TLS")


@pytest.mark.parametrize(
    ("version", "kind", "words"),
    [
        ("9.7.4", DatabaseUnreachableError, "offers no TLS"),
        ("5.7.44", LoginRefusedError, "MySQL 5.7.44"),
        ("5.5.5-10.11.6-MariaDB-log", LoginRefusedError, "MariaDB"),
    ],
)
def test_nothing_is_sent_to_a_server_that_must_not_get_it(
    app: User, version: str, kind: type[DatabaseError], words: str
) -> None:
    """A greeting without TLS, of MariaDB, or of an old MySQL ends the connection before anything is sent."""
    heard: list[bytes] = []

    def script(connection: socket.socket) -> None:
        connection.sendall(greeting(version, tls="TLS" not in words))
        heard.append(connection.recv(4096))

    with served(script) as port:
        fail(app, kind, words, host="127.0.0.1", port=port)
    assert heard == [b""]


def test_readable_password_is_never_sent_in_plaintext(app: User) -> None:
    """Without TLS, a server that asks for the password as it is gets nothing of it."""
    heard: list[bytes] = []

    def script(connection: socket.socket) -> None:
        connection.sendall(greeting(plugin=b"mysql_native_password"))
        heard.append(connection.recv(4096))
        connection.sendall(packet(b"\xfemysql_clear_password\0", 2))
        heard.append(connection.recv(4096))

    with served(script) as port:
        fail(app, LoginRefusedError, host="127.0.0.1", port=port, tls=False)
    assert app.password.encode() not in b"".join(heard)


@pytest.mark.parametrize("plugin", [b"mysql_clear_password", b"dialog"])
def test_a_password_that_mysql_does_not_keep_is_not_sent_over_tls_either(app: User, plugin: bytes) -> None:
    """An account of IAM or of PAM asks for the password itself: that is no rejection, and another one is no remedy."""
    heard: list[bytes] = []

    def script(connection: socket.socket) -> None:
        connection.sendall(greeting())
        connection.recv(36)  # the request for TLS
        with tls_of(app.server).towards_client.wrap_socket(connection, server_side=True) as encrypted:
            heard.append(encrypted.recv(4096))
            encrypted.sendall(packet(b"\xfe" + plugin + b"\0", 3))
            heard.append(encrypted.recv(4096))

    with served(script) as port:
        fail(app, LoginRefusedError, "IAM", "IDENTIFIED WITH caching_sha2_password BY '<the password", port=port)
    assert app.password.encode() not in b"".join(heard)


@pytest.mark.parametrize("read_bytes", [0, 4096, 1], ids=["at once", "in the TLS handshake", "there, with a reset"])
def test_a_port_that_hangs_up(app: User, read_bytes: int) -> None:
    """Who closes the connection before or in the TLS handshake is not said to speak an old TLS."""

    def script(connection: socket.socket) -> None:
        if read_bytes:
            connection.sendall(greeting())
            connection.recv(36)  # the request for TLS
            connection.recv(read_bytes)

    with served(script) as port:
        fail(app, DatabaseUnreachableError, "closed the connection", "'host' and 'port'", "security groups", port=port)


@pytest.mark.parametrize(
    ("number", "said", "kind", "words"),
    [
        (1040, "Too many connections", DatabaseUnreachableError, "max_connections"),
        (1129, "Host '10.0.0.7' is blocked", DatabaseUnreachableError, "blocks 10.0.0.7"),
        (1130, "Host '10.0.0.7' is not allowed", LoginRefusedError, "CREATE USER `{}`@`10.0.0.7` IDENTIFIED BY"),
    ],
)
def test_errors_in_place_of_a_greeting(
    app: User, number: int, said: str, kind: type[DatabaseError], words: str
) -> None:
    """What a server says before it greets is read, and the address in it is that of this client."""
    with served(
        lambda connection: connection.sendall(packet(b"\xff" + number.to_bytes(2, "little") + said.encode()))
    ) as port:
        fail(app, kind, words.format(app.name), port=port)


def test_a_blocked_address_is_let_in_again(app: User) -> None:
    """What the error says to run is there in the newest MySQL, which has no FLUSH HOSTS any more."""
    app.admin("TRUNCATE TABLE performance_schema.host_cache")


def test_hanging_server_ends_inside_the_deadline(own_server: MySQLServer, unique_name: Names) -> None:
    """A server that is suspended is an error before the invocation ends, at login and in a session."""
    app = User.create(own_server, unique_name())
    with app.session(seconds=10) as session:
        own_server.suspend()
        try:
            start = time.monotonic()
            with pytest.raises(DatabaseUnreachableError):
                session.verify_identity()
            with pytest.raises(DatabaseUnreachableError), app.session(seconds=8):
                pass
            assert time.monotonic() - start < 10 + 8  # the ends of both deadlines
        finally:
            own_server.resume()


def test_read_only_server_is_named(own_server: MySQLServer, unique_name: Names) -> None:
    """A replica or a reader says that it is read-only, and that the writer is wanted."""
    app = User.create(own_server, unique_name())
    app.admin("SET GLOBAL super_read_only = ON")
    with app.session() as session, pytest.raises(DatabaseError, match=r"read-only.* writer"):
        session.set_own_password(app.credentials().password, app.credentials(password=new_password()).password)
