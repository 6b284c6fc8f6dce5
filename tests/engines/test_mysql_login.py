"""Logging in to MySQL: what each failure is, and what is never sent."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from lab.servers import CertificateAuthority, Login, MySQLServer, start_mysql
from secret_rotation.deadline import Deadline
from secret_rotation.engines.mysql import MySQL
from secret_rotation.errors import (
    DatabaseError,
    DatabaseUnreachableError,
    LoginRefusedError,
    LoginRejectedError,
    UnsafeRotationError,
)
from tests.engines.mysql_users import User, new_password

Names = Callable[..., str]
SSL_CAPABILITY = 1 << 11
CAPABILITIES = 0xFFFF_FFFF & ~SSL_CAPABILITY


def login_error(user: User, password: str | None = None, **changes: object) -> DatabaseError:
    """The error that a login ends with."""
    with pytest.raises(DatabaseError) as raised, user.session(password, **changes):  # type: ignore[arg-type]
        pass
    assert user.password not in str(raised.value)
    return raised.value


@pytest.fixture
def own_server() -> Iterator[MySQLServer]:
    """A server that a test may change."""
    with start_mysql() as server:
        yield server


def test_wrong_password_is_rejected(mysql: MySQLServer, unique_name: Names) -> None:
    """A wrong password, and nothing else, is LoginRejectedError."""
    app = User.create(mysql, unique_name())
    error = login_error(app, new_password())
    assert type(error) is LoginRejectedError
    assert app.name in str(error)
    assert "AWSCURRENT of prod/app" in str(error)


def test_unicode_password_logs_in(mysql: MySQLServer, unique_name: Names) -> None:
    """A password outside Latin-1 logs in as the bytes that MySQL itself stores."""
    app = User(mysql, unique_name(), "pä§s €wörd")
    app.admin(f"CREATE USER {app.name} IDENTIFIED BY '{app.password}'")
    with app.session() as session:
        session.verify_identity()


def test_missing_database_is_refused(mysql: MySQLServer, unique_name: Names) -> None:
    """A database that does not exist, or that the user may not use, is its own error, naming the database."""
    app = User.create(mysql, unique_name())
    app.admin(f"GRANT SELECT ON {app.db}.* TO {app.name}")
    missing = login_error(app, dbname=f"{app.db}_missing")
    assert type(missing) is LoginRefusedError
    assert f"{app.db}_missing" in str(missing)
    assert type(login_error(app, dbname="sys")) is LoginRefusedError


def test_locked_account_is_refused(mysql: MySQLServer, unique_name: Names) -> None:
    """A locked account is refused as locked, not taken for a wrong password."""
    app = User.create(mysql, unique_name())
    app.admin(f"ALTER USER {app.name} ACCOUNT LOCK")
    error = login_error(app)
    assert type(error) is LoginRefusedError
    assert "ACCOUNT UNLOCK" in str(error)


def test_account_locked_by_failures_is_refused(mysql: MySQLServer, unique_name: Names) -> None:
    """An account that failed logins have locked is refused with that reason."""
    app = User.create(mysql, unique_name())
    app.admin(f"ALTER USER {app.name} FAILED_LOGIN_ATTEMPTS 1 PASSWORD_LOCK_TIME 1")
    login_error(app, new_password())
    error = login_error(app)
    assert type(error) is LoginRefusedError
    assert "failed logins" in str(error)


def test_too_many_connections_is_unreachable(mysql: MySQLServer, unique_name: Names) -> None:
    """A full account is an outage, after which no other password is tried."""
    app = User.create(mysql, unique_name())
    app.admin(f"ALTER USER {app.name} WITH MAX_USER_CONNECTIONS 1")
    with closing(mysql.connect(Login(app.name, app.password))):
        error = login_error(app)
    assert type(error) is DatabaseUnreachableError
    assert "MAX_USER_CONNECTIONS" in str(error)


def test_expired_password_may_only_be_changed(mysql: MySQLServer, unique_name: Names) -> None:
    """An expired password that is right logs in, is refused all work, and can still be replaced."""
    app = User.create(mysql, unique_name())
    app.admin(f"ALTER USER {app.name} PASSWORD EXPIRE")
    changed = app.credentials(password=new_password())
    with app.session() as session:
        with pytest.raises(LoginRefusedError, match="expired"):
            session.verify_identity()
        session.set_own_password(app.credentials().password, changed.password)
        session.verify_identity()
    assert mysql.can_log_in(app.name, changed.password.reveal())


def test_anonymous_account_is_not_the_user(own_server: MySQLServer, unique_name: Names) -> None:
    """A login that the server gives to an anonymous account is told from one as the user."""
    app = User(own_server, unique_name())
    with closing(own_server.connect(own_server.administrator)) as administrator, administrator.cursor() as cursor:
        cursor.execute(f"CREATE USER ''@localhost IDENTIFIED BY '{app.password}'")  # it wins over every user@'%'
        with app.session() as session:
            with pytest.raises(UnsafeRotationError, match=app.name):
                session.verify_identity()
            with pytest.raises(DatabaseError):
                session.set_own_password(app.credentials().password, app.credentials(password="x").password)
        cursor.execute("DROP USER ''@localhost")


def test_connection_is_encrypted(mysql: MySQLServer, unique_name: Names) -> None:
    """The session is encrypted, so an account that requires it can be used."""
    app = User.create(mysql, unique_name())
    app.admin(f"ALTER USER {app.name} REQUIRE SSL")
    with app.session() as session:
        session.verify_identity()


def test_plaintext_only_where_the_secret_says_so(mysql: MySQLServer, unique_name: Names) -> None:
    """With "ssl": false a password that the server has not cached yet logs in too, encrypted with the server's key."""
    app = User.create(mysql, unique_name())
    for _ in range(2):  # the second time the server has it cached
        with app.session(tls=False) as session:
            session.verify_identity()
    assert type(login_error(app, new_password(), tls=False)) is LoginRejectedError
    app.admin(f"ALTER USER {app.name} REQUIRE SSL")
    assert type(login_error(app, tls=False)) is LoginRejectedError  # the server says no more than that


def test_certificate_of_an_unknown_authority_is_refused(mysql: MySQLServer, unique_name: Names) -> None:
    """A server whose authority is not in the bundle is not logged in to; the error names RDS_CA_BUNDLE."""
    app = User.create(mysql, unique_name())
    with (
        pytest.raises(DatabaseUnreachableError, match="RDS_CA_BUNDLE"),
        MySQL().connect(app.credentials(), Deadline.after(20)),
    ):
        pass


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_unreadable_bundle_is_named(
    mysql: MySQLServer, unique_name: Names, tmp_path: Path, content: str | None
) -> None:
    """A bundle that is missing or holds no certificate is an error that names the file, not a network outage."""
    bundle = tmp_path / "authorities.pem"
    if content is not None:
        bundle.write_text(content)
    app = User(mysql, unique_name())
    with (
        pytest.raises(DatabaseUnreachableError, match=r"authorities\.pem"),
        MySQL(bundle).connect(app.credentials(), Deadline.after(20)),
    ):
        pass


def test_certificate_for_another_name_is_refused(unique_name: Names) -> None:
    """A certificate for another host name is refused; the error says what to do about a CNAME."""
    authority = CertificateAuthority()
    with start_mysql(authority=authority) as server:
        app = User.create(server, unique_name())
        server.use_certificate(authority.issue(["database.example.com"]))
        error = login_error(app)
    assert type(error) is DatabaseUnreachableError
    assert "CNAME" in str(error)


def test_server_without_tls_gets_no_password(own_server: MySQLServer, unique_name: Names) -> None:
    """A real server that offers no TLS is refused, and says nothing of a wrong password."""
    app = User.create(own_server, unique_name())
    app.admin("SET GLOBAL tls_version = ''", "ALTER INSTANCE RELOAD TLS NO ROLLBACK ON ERROR")
    error = login_error(app)
    assert type(error) is DatabaseUnreachableError
    assert "offers no TLS" in str(error)


@contextmanager
def greeting_server(version: str, capabilities: int = CAPABILITIES) -> Iterator[tuple[int, list[bytes]]]:
    """Something that greets as MySQL does, and notes all that it is sent."""
    heard: list[bytes] = []
    salt, plugin = b"12345678", b"mysql_native_password\0"
    low, high = capabilities & 0xFFFF, capabilities >> 16
    payload = b"\x0a" + version.encode() + b"\0\x01\0\0\0" + salt + b"\0" + low.to_bytes(2, "little")
    payload += b"\xff\x02\0" + high.to_bytes(2, "little") + b"\x15" + bytes(10) + b"123456789012\0" + plugin
    packet = len(payload).to_bytes(3, "little") + b"\0" + payload

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(packet)
            connection.settimeout(5)
            while data := connection.recv(4096):
                heard.append(data)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1], heard
        thread.join(timeout=5)


@pytest.mark.parametrize(
    ("version", "kind", "words"),
    [
        ("9.7.4", DatabaseUnreachableError, "offers no TLS"),
        ("5.7.44", LoginRefusedError, "MySQL 5.7.44"),
        ("5.5.5-10.11.6-MariaDB-log", LoginRefusedError, "MariaDB"),
    ],
)
def test_nothing_is_sent_to_a_server_that_must_not_get_it(
    mysql: MySQLServer, unique_name: Names, version: str, kind: type[DatabaseError], words: str
) -> None:
    """A greeting without TLS, of MariaDB, or of an old MySQL ends the connection before anything is sent."""
    app = User(mysql, unique_name())
    capabilities = CAPABILITIES if "TLS" in words else CAPABILITIES | SSL_CAPABILITY
    with greeting_server(version, capabilities) as (port, heard):
        error = login_error(app, host="127.0.0.1", port=port)
    assert type(error) is kind
    assert words in str(error)
    assert heard == []


def test_readable_password_is_never_sent_in_plaintext(mysql: MySQLServer, unique_name: Names) -> None:
    """Without TLS, a server that asks for the password as it is gets nothing of it."""
    app = User(mysql, unique_name())
    heard: list[bytes] = []
    payload = b"\xfemysql_clear_password\0"
    switch = len(payload).to_bytes(3, "little") + b"\x02" + payload

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(_greeting)
            heard.append(connection.recv(4096))
            connection.sendall(switch)
            heard.append(connection.recv(4096))

    body = b"\x0a9.7.4\0\x01\0\0\0" + b"12345678\0" + b"\xff\xf7\xff\x02\0\xff\xff\x15" + bytes(10)
    body += b"123456789012\0" + b"mysql_native_password\0"
    _greeting = len(body).to_bytes(3, "little") + b"\0" + body
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        error = login_error(app, host="127.0.0.1", port=listener.getsockname()[1], tls=False)
        thread.join(timeout=5)
    assert type(error) is LoginRefusedError
    assert app.password.encode() not in b"".join(heard)


def test_hanging_server_ends_inside_the_deadline(unique_name: Names) -> None:
    """A server that is suspended is an error before the invocation ends, at login and in a session."""
    with start_mysql() as server:
        app = User.create(server, unique_name())
        with app.session(seconds=5) as session:
            server.suspend()
            start = time.monotonic()
            with pytest.raises(DatabaseUnreachableError):
                session.verify_identity()
            with pytest.raises(DatabaseUnreachableError), app.session(seconds=5):
                pass
            assert time.monotonic() - start < 6
            server.resume()


def test_read_only_server_is_named(unique_name: Names) -> None:
    """A replica or a reader says that it is read-only, and that the writer is wanted."""
    with start_mysql() as server:
        app = User.create(server, unique_name())
        app.admin("SET GLOBAL super_read_only = ON")
        with app.session() as session, pytest.raises(DatabaseError, match=r"read-only.* writer"):
            session.set_own_password(app.credentials().password, app.credentials(password=new_password()).password)
