"""Logging in to PostgreSQL: by the credentials alone, in limited time, and with an error that says what is wrong."""

import os
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from lab.engines.postgresql import PostgresServer, start_postgres, start_replica
from lab.servers import CertificateAuthority
from lab.servers.certificates import default_authority
from secret_rotation.deadline import Deadline
from secret_rotation.engines.postgresql import PostgreSQL
from secret_rotation.engines.postgresql.login_causes import cause_of
from secret_rotation.engines.postgresql.pg_hba import way_in
from secret_rotation.engines.postgresql.sql import in_psql
from secret_rotation.errors import (
    DatabaseUnreachableError,
    LoginRefusedError,
    LoginRejectedError,
    StatementFailedError,
)
from secret_rotation.password import Password
from tests.engines.conftest import Subject
from tests.fixtures.databases import MakeUser
from tests.fixtures.servers import chosen_majors
from tests.lab.helpers import wait_until

VARIABLE_NAMES = """
    HOST HOSTADDR PORT DATABASE USER PASSWORD PASSFILE REQUIREAUTH CHANNELBINDING SERVICE SERVICEFILE OPTIONS APPNAME
    SSLMODE SSLNEGOTIATION SSLCERT SSLKEY SSLCERTMODE SSLROOTCERT SSLCRL SSLCRLDIR SSLMINPROTOCOLVERSION GSSENCMODE
    KRBSRVNAME CONNECT_TIMEOUT CLIENTENCODING TARGETSESSIONATTRS LOADBALANCEHOSTS DATESTYLE TZ GEQO
"""
LIBPQ_VARIABLES = [f"PG{name}" for name in VARIABLE_NAMES.split()]
HBA = """\
host all     trusted  127.0.0.1/32 trust
host all     rejected 127.0.0.1/32 reject
host all     plain    127.0.0.1/32 password
host template1 all    127.0.0.1/32 reject
host all,replication all 127.0.0.1/32 scram-sha-256
"""


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgresServer]:
    """A server that the tests of this module may change; each leaves it as it was."""
    with start_postgres(max(chosen_majors())) as server:
        yield server


@pytest.fixture
def own_subject(own_server: PostgresServer, make_user: MakeUser) -> Subject:
    """A user on that server."""
    return Subject(PostgreSQL(own_server.ca_bundle), make_user(own_server))


def _crl_of_a_stranger() -> bytes:
    now, key = datetime.now(UTC), ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateRevocationListBuilder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stranger")]))
    return builder.last_update(now).next_update(now + timedelta(days=1)).sign(key, SHA256()).public_bytes(Encoding.PEM)


def test_the_environment_has_no_say(newest: Subject, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable and no file in the home folder that libpq would read changes the login; the variables stay set."""
    for name in LIBPQ_VARIABLES:
        monkeypatch.setenv(name, "nonsense")
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / ".postgresql"
    folder.mkdir()
    (folder / "postgresql.crt").write_text("nonsense")
    (folder / "root.crl").write_bytes(_crl_of_a_stranger())
    with newest.session(newest.credentials()) as session:
        session.verify_identity()
    assert {os.environ[name] for name in LIBPQ_VARIABLES} == {"nonsense"}


@pytest.mark.parametrize(
    ("certificate", "words"),
    [({"names": ["db.example.com"]}, ["CNAME", "endpoint"]), ({"lifetime": timedelta(days=-1)}, ["expired"])],
    ids=["another name", "expired"],
)
def test_a_certificate_that_does_not_fit_is_refused(
    own_subject: Subject, own_server: PostgresServer, certificate: dict[str, Any], words: list[str]
) -> None:
    """An expired certificate is refused, and one for another name, where the error says to use RDS's endpoint."""
    own_server.use_certificate(default_authority().issue(**certificate))
    try:
        own_subject.fails(DatabaseUnreachableError, *words)
    finally:
        own_server.use_certificate(default_authority().issue())


def test_only_authorities_of_the_endpoints_region_are_trusted(
    own_subject: Subject, own_server: PostgresServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An endpoint of RDS logs in with a certificate that its own region has signed, and not with another region's."""
    own, foreign = (CertificateAuthority(f"Amazon RDS {region} Root") for region in ("eu-central-1", "us-east-1"))
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(foreign.bundle + own.bundle)
    subject = replace(own_subject, engine=PostgreSQL(bundle))
    host = "shop.abc123.eu-central-1.rds.amazonaws.com"
    monkeypatch.setattr("secret_rotation.engines.postgresql.login.addresses", lambda *_: ["127.0.0.1"])
    try:
        own_server.use_certificate(own.issue([host]))
        with subject.engine.connect(subject.credentials(host=host), Deadline.after(30)) as session:
            session.verify_identity()
        own_server.use_certificate(foreign.issue([host]))
        subject.fails(DatabaseUnreachableError, "signed by no authority", host=host)
    finally:
        own_server.use_certificate(default_authority().issue())


def test_a_server_without_tls_is_refused(own_subject: Subject, own_server: PostgresServer) -> None:
    """There is no fallback to plaintext: a server without TLS is an error that names the secret's way out."""
    own_server.reconfigure(ssl="off")
    try:
        own_subject.fails(DatabaseUnreachableError, '"ssl": false')
    finally:
        own_server.reconfigure(ssl="on")


def test_a_bundle_without_certificates_is_an_error(newest: Subject, tmp_path: Path) -> None:
    """A bundle that is no PEM file is named in the error."""
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("nonsense")
    replace(newest, engine=PostgreSQL(bundle)).fails(DatabaseUnreachableError, str(bundle))


@pytest.mark.parametrize(
    ("statement", "kind", "remedy"),
    [
        ("ALTER ROLE {user} NOLOGIN", LoginRefusedError, 'ALTER ROLE "{user}" LOGIN'),
        ("REVOKE CONNECT ON DATABASE {database} FROM public", LoginRefusedError, "GRANT CONNECT ON DATABASE"),
        ("ALTER DATABASE {database} ALLOW_CONNECTIONS false", LoginRefusedError, "takes no connections"),
        ("ALTER ROLE {user} CONNECTION LIMIT 0", DatabaseUnreachableError, "no connection is free"),
        ("ALTER DATABASE {database} CONNECTION LIMIT 0", DatabaseUnreachableError, "no connection is free"),
        ("ALTER ROLE {user} VALID UNTIL '2001-01-01'", LoginRejectedError, "VALID UNTIL"),
        ("ALTER ROLE {user} PASSWORD NULL", LoginRejectedError, "has no password"),
    ],
)
def test_an_account_that_cannot_be_used(
    postgres_subject: Subject, unique_name: Callable[..., str], statement: str, kind: type, remedy: str
) -> None:
    """What keeps an account out is told from a wrong password where the server tells it, with the remedy."""
    subject, database = postgres_subject, unique_name("db")
    names = {"user": subject.user.username, "database": database}
    subject.user.as_superuser(f"CREATE DATABASE {database}", statement.format(**names))
    subject.fails(kind, remedy.format(**names), dbname=database)


def test_ways_in_that_prove_no_password(own_server: PostgresServer, own_subject: Subject) -> None:
    """A server that asks for no password, rejects the user, or wants the password in plaintext, proves nothing."""
    hba = own_server.log_path.parent / "hba.conf"
    hba.write_text(HBA)
    for name in ("trusted", "rejected", "plain"):
        own_subject.user.as_superuser(f"CREATE ROLE {name} LOGIN PASSWORD '{own_subject.user.password}'")
    own_server.restart(hba_file=hba)
    for changes, text in (
        ({"username": "trusted"}, "asks for no password"),
        ({"username": "trusted", "tls": False}, "asks for no password"),
        ({"username": "rejected"}, "pg_hba.conf"),
        ({"username": "plain", "tls": False}, "asks for the password itself"),
        ({"dbname": "template1", "tls": False}, 'Remove "ssl": false'),
    ):
        own_subject.fails(LoginRefusedError, text, **changes)


REFUSALS = {
    "no entry": "",
    "reject": "host all all 127.0.0.1/32 reject",
    "certificate": "hostssl all all 127.0.0.1/32 scram-sha-256 clientcert=verify-ca",
    "no password": "host all all 127.0.0.1/32 ident",
}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
def test_the_line_that_lets_a_user_in(own_server: PostgresServer, own_subject: Subject, refusal: str) -> None:
    """Where pg_hba.conf keeps the user out, the line that the error prints lets it in, and nobody else."""
    hba, others = own_server.log_path.parent / "hba.conf", "host all rdsadmin,dbmaster 127.0.0.1/32 scram-sha-256"
    hba.write_text(f"{others}\n{refusal}\n")
    own_server.restart(hba_file=hba, ssl_ca_file=own_server.ca_bundle)
    try:
        with pytest.raises(LoginRefusedError) as raised, own_subject.session(own_subject.credentials()):
            pass
        line = str(raised.value).partition('hostssl "')[2]
        hba.write_text(f'hostssl "{line}\n{others}\n{refusal}\n')
        own_subject.user.administrate(line.partition("# then run: ")[2])
        wait_until(lambda: own_subject.logs_in(own_subject.password))
    finally:
        hba.write_text("host all,replication all 127.0.0.1/32 scram-sha-256\n")
        own_server.restart()


def test_a_hanging_server_ends_in_time(own_subject: Subject, own_server: PostgresServer) -> None:
    """A server that hangs, before the login or in a session, becomes an error before the invocation's end."""
    with own_subject.engine.connect(own_subject.credentials(), Deadline.after(10)) as session:
        own_server.suspend()
        try:
            begun = time.monotonic()
            with pytest.raises(DatabaseUnreachableError):
                session.verify_identity()
            own_subject.fails(DatabaseUnreachableError, "no answer in time", seconds=8)
        finally:
            own_server.resume()
    assert time.monotonic() - begun < 10 + 8  # the ends of both deadlines


def test_an_address_that_is_a_black_hole_leaves_time_for_the_next(
    newest: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two addresses the first swallows everything, and the login at the second still succeeds."""

    def two_addresses(host: str, port: int, **_: object) -> list[tuple[Any, ...]]:
        assert host == newest.server.host
        return [(0, 0, 0, "", (address, port)) for address in ("127.0.0.2", "127.0.0.1")]

    with socket.create_server(("127.0.0.2", newest.server.port)):
        monkeypatch.setattr(socket, "getaddrinfo", two_addresses)
        with newest.engine.connect(newest.credentials(), Deadline.after(14)) as session:
            session.verify_identity()


def test_a_hanging_resolver_ends_in_time(newest: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS that does not answer becomes an error that says so, before the invocation's end."""
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: released.wait() and [])
    newest.fails(DatabaseUnreachableError, "DNS", seconds=10)
    released.set()


def test_another_service_at_the_port(newest: Subject) -> None:
    """Where something else than PostgreSQL answers, the error says that host or port is wrong."""
    with socket.create_server(("127.0.0.1", 0)) as listener, ExitStack() as stack:

        def greet() -> None:
            connection = stack.enter_context(listener.accept()[0])
            connection.sendall(b"\x4a\x00\x00\x00\x0a9.7.0\x00")

        threading.Thread(target=greet, daemon=True).start()
        newest.fails(DatabaseUnreachableError, "not PostgreSQL", host="127.0.0.1", port=listener.getsockname()[1])


def test_a_lock_ends_in_time(newest: Subject) -> None:
    """A role that another session holds locked is an error about the lock, and not an invocation that is killed."""
    blocker = newest.server.connect(newest.server.superuser)
    with closing(blocker), newest.session(newest.credentials()) as session:
        cursor = blocker.cursor()
        cursor.execute("BEGIN")
        cursor.execute(f"ALTER ROLE {newest.user.username} CONNECTION LIMIT 5")
        with pytest.raises(StatementFailedError, match="lock") as raised:
            session.set_own_password(newest.password, Password("new"))
    assert raised.value.code == "55P03"
    assert newest.logs_in(newest.password)


def test_a_read_only_server_is_named(own_server: PostgresServer, own_subject: Subject) -> None:
    """On a replica the error says that it is one, and to use the writer."""
    with (
        start_replica(own_server) as replica,
        own_subject.session(own_subject.credentials(host=replica.host, port=replica.port)) as session,
        pytest.raises(StatementFailedError, match="writer") as raised,
    ):
        session.set_own_password(own_subject.password, Password("new"))
    assert raised.value.code == "25006"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('FATAL:  password authentication failed for user "app"\n', LoginRejectedError),
        ('FATAL:  role "x password authentication failed for user y" is not permitted to log in', LoginRefusedError),
        ('FATAL:  database "password authentication failed for user " does not exist', LoginRefusedError),
        ("FATAL:  unsupported startup parameter in options: search_path", DatabaseUnreachableError),
        ('FATAL:  PAM authentication failed for user "app"', LoginRefusedError),
        ("FATAL:  authentification par mot de passe échouée pour l'utilisateur « app »", DatabaseUnreachableError),
        ("FATAL:  Passwort-Authentifizierung für Benutzer »app« fehlgeschlagen", DatabaseUnreachableError),
        ("FATAL:  the database system is starting up", DatabaseUnreachableError),
        ("FATAL:  sorry, too many clients already", DatabaseUnreachableError),
        ("something new", DatabaseUnreachableError),
        ("", DatabaseUnreachableError),
    ],
)
def test_a_text_means_what_it_begins_with(text: str, kind: type) -> None:
    """Only the server's own English sentence means a wrong password; names inside a text and other languages do not."""
    cause = cause_of(f'connection to server at "db.example.com" (10.0.0.1), port 5432 failed: {text}')
    assert cause.kind is kind


def test_a_server_that_speaks_no_english_gets_a_hint() -> None:
    """Where no text is recognised, the error says to set lc_messages."""
    cause = cause_of("FATAL:  autenticación password falló para el usuario «app»")
    assert cause.kind is DatabaseUnreachableError
    assert "lc_messages" in str(cause.meaning)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("FATAL:  unsupported startup parameter: options", "PgBouncer"),
        ("FATAL:  Feature not supported: RDS Proxy currently doesn't support command-line options.", "RDS Proxy"),
        ("FATAL:  no\nCONTEXT:  PL/pgSQL function keep_out() line 1 at RAISE\n", "event trigger"),
        ('FATAL:  too many connections for role "app"', "ALTER ROLE {user} CONNECTION LIMIT"),
        ('FATAL:  too many connections for database "app"', "ALTER DATABASE {database} CONNECTION LIMIT"),
        ("FATAL:  sorry, too many clients already", "max_connections"),
        ("FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute", "max_connections"),
        ('FATAL:  cannot connect to invalid database "app"', "DROP DATABASE of it was interrupted"),
    ],
)
def test_a_text_is_told_from_those_like_it(text: str, words: str) -> None:
    """What the server, or a pooler before it, has an own text for has an own meaning."""
    assert words in str(cause_of(text).meaning)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ('FATAL:  no pg_hba.conf entry for host "10.1.2.3", user "app", database "db", SSL encryption', "10.1.2.3/32"),
        ('FATAL:  pg_hba.conf rejects connection for host "fd00::1", user "app", database "db"', "fd00::1/128"),
        ('FATAL:  no pg_hba.conf entry for host "all hosts; DROP", user "app"', "all"),
        ("FATAL:  connection requires a valid client certificate", "all"),
    ],
)
def test_an_address_is_repeated_only_where_it_is_one(text: str, address: str) -> None:
    """Nothing else of the server's text gets into a line for pg_hba.conf."""
    assert f'hostssl "db" "app" {address} scram-sha-256' in way_in("app", "db", tls=True, text=text)


@pytest.mark.parametrize("name", ["app\nhost all all all trust", "/.*", "a\rb", "a\x00b", "a\u2028b"])
def test_no_line_is_printed_for_a_name_that_would_make_another_of_it(name: str) -> None:
    """A writer of the secret chooses the names, and would choose what lets him in."""
    text = 'FATAL:  no pg_hba.conf entry for host "10.1.2.3", user "app"'
    for user, database in ((name, "db"), ("app", name)):
        assert name not in way_in(user, database, tls=True, text=text)
    assert "password" not in in_psql(name) or name == "/.*"


def test_a_process_with_many_open_files_logs_in(newest: Subject) -> None:
    """More than 1,024 files are open, which is the end of select(): the login does not notice."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    try:
        with ExitStack() as stack:
            files = [stack.enter_context(open(os.devnull)) for _ in range(1100)]  # noqa: PTH123 - the shortest way
            assert files[-1].fileno() > 1024
            with newest.session(newest.credentials()) as session:
                session.verify_identity()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
