"""The database servers of the lab: real, verified by TLS, with the superuser that RDS gives, and never left behind."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import psycopg2
import pymysql
import pytest

from lab.servers import CertificateAuthority
from lab.servers.pool import shared
from lab.servers.process import free_port
from tests.lab.helpers import first_row, rows, start

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.servers import DatabaseServer, MySQLServer, PostgresServer

CONNECTION_FAILED = (psycopg2.OperationalError, pymysql.err.OperationalError)


def test_postgres_is_the_version_that_was_asked_for(postgres: PostgresServer, request: pytest.FixtureRequest) -> None:
    """A PostgreSQL server says that it is of the major version under which it was started."""
    assert postgres.version.split(".")[0] == request.node.callspec.id.removeprefix("postgres")


def test_mysql_has_dual_passwords(mysql: MySQLServer) -> None:
    """The MySQL server is new enough for everything that the suite does (8.0.14)."""
    assert tuple(map(int, mysql.version.split("."))) >= (8, 0, 14)


def test_postgres_superuser_is_none(postgres: PostgresServer) -> None:
    """PostgreSQL's master user may make roles and databases through its attributes and rds_superuser, no more."""
    attributes = "rolsuper, rolreplication, rolbypassrls, rolcreaterole, rolcreatedb"
    sql = f"SELECT {attributes}, pg_has_role('rds_superuser', 'MEMBER') FROM pg_roles WHERE rolname = current_user"  # noqa: S608
    assert first_row(postgres, postgres.superuser, sql) == (False, False, False, True, True, True)


def test_postgres_superuser_may_not_enter_rdsadmin(postgres: PostgresServer) -> None:
    """As on RDS there is a database that the master user cannot enter."""
    superuser = postgres.superuser
    assert not postgres.can_log_in(superuser.username, superuser.password, "rdsadmin")


def test_mysql_superuser_is_none(mysql: MySQLServer) -> None:
    """MySQL's master user has neither SUPER nor SYSTEM_USER, with all its roles active."""
    shown = rows(mysql, mysql.superuser, "SET ROLE ALL", "SHOW GRANTS")
    grants = " ".join(row[0] for row in shown)
    assert "SUPER" not in grants.upper().replace("RDS_SUPERUSER_ROLE", "")
    assert "SYSTEM_USER" not in grants


def test_mysql_superuser_has_its_rights_through_a_role(mysql: MySQLServer, unique_name: Callable[..., str]) -> None:
    """MySQL's master user can make users only once its session has activated rds_superuser_role."""
    create = f"CREATE USER {unique_name()} ACCOUNT LOCK"
    with pytest.raises(pymysql.err.OperationalError, match="CREATE USER privilege"):
        rows(mysql, mysql.superuser, create)
    assert rows(mysql, mysql.superuser, "SET ROLE ALL", create) == ()


def test_administrator_is_a_true_superuser(own_server: DatabaseServer) -> None:
    """The administrator (rdsadmin) may look at everything."""
    secret = {"postgres": "SELECT count(*) FROM pg_authid", "mysql": "SELECT count(*) FROM mysql.user"}
    assert first_row(own_server, own_server.administrator, secret[own_server.engine])[0] > 1


def test_wrong_password_is_a_no(own_server: DatabaseServer) -> None:
    """A wrong password is answered by False, the right one by True."""
    superuser = own_server.superuser
    assert own_server.can_log_in(superuser.username, superuser.password)
    assert not own_server.can_log_in(superuser.username, superuser.password + "x")


def test_missing_server_is_not_a_no(own_server: DatabaseServer) -> None:
    """A server that does not answer is an error, never mistaken for a rejected password."""
    facts = replace(cast("PostgresServer | MySQLServer", own_server).facts, port=free_port())
    with pytest.raises(CONNECTION_FAILED):
        shared(facts).can_log_in(facts.superuser.username, facts.superuser.password)


@pytest.mark.parametrize("fault", ["expired", "wrong host name", "wrong authority"])
def test_connections_are_verified(own_server: DatabaseServer, fault: str) -> None:
    """A connection fails where the server's certificate is expired, for another host, or of another authority."""
    authority = CertificateAuthority()
    with start(own_server.engine, authority=authority) as server:
        bad = {
            "expired": authority.issue(lifetime=timedelta(seconds=3)),
            "wrong host name": authority.issue(["db.example.com"]),
            "wrong authority": CertificateAuthority().issue(),
        }
        server.use_certificate(bad[fault])
        time.sleep(3.1 if fault == "expired" else 0)
        with pytest.raises(CONNECTION_FAILED, match=r"(?i)certificate"):
            server.connect(server.superuser)
        server.use_certificate(authority.issue())
        server.connect(server.superuser).close()


def test_postgres_connection_is_encrypted(postgres: PostgresServer) -> None:
    """The lab's own connections to PostgreSQL use TLS."""
    assert first_row(postgres, postgres.superuser, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == (
        True,
    )


def test_mysql_connection_is_encrypted(mysql: MySQLServer) -> None:
    """The lab's own connections to MySQL use TLS."""
    assert first_row(mysql, mysql.superuser, "SHOW STATUS LIKE 'Ssl_version'")[1].startswith("TLSv1")


def test_postgres_allows_plaintext(postgres: PostgresServer) -> None:
    """PostgreSQL also accepts plaintext: that is what the secret's "ssl": false is for."""
    login = postgres.superuser
    address: dict[str, Any] = {"host": postgres.host, "port": postgres.port, "dbname": "postgres", "sslmode": "disable"}
    psycopg2.connect(user=login.username, password=login.password, **address).close()


def test_postgres_log_shows_plaintext_passwords(postgres: PostgresServer, unique_name: Callable[..., str]) -> None:
    """The server's log can be searched for passwords: it shows one that was sent in plaintext."""
    name = unique_name()
    rows(postgres, postgres.superuser, f"CREATE ROLE {name} PASSWORD 'seen-in-{name}'")
    assert f"seen-in-{name}" in postgres.log_path.read_text()


def test_mysql_log_shows_statements(mysql: MySQLServer, unique_name: Callable[..., str]) -> None:
    """The server's log can be searched: it shows every statement."""
    name = unique_name()
    rows(mysql, mysql.superuser, f"SELECT '{name}'")
    assert name in mysql.log_path.read_text()


def test_passwords_are_in_no_log_and_no_repr(own_server: DatabaseServer) -> None:
    """The lab's own passwords appear in no server log and no repr."""
    shown = own_server.log_path.read_text() + repr(own_server) + repr(own_server.superuser)
    assert own_server.superuser.password not in shown
    assert own_server.administrator.password not in shown
