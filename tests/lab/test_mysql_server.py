"""The lab's MySQL servers."""

from collections.abc import Callable, Iterator

import pymysql
import pytest

from lab.engines.mysql import MySQLServer, start_mysql


@pytest.fixture(scope="module")
def own_server() -> Iterator[MySQLServer]:
    """A server that the tests of this module may change."""
    with start_mysql() as server:
        yield server


def test_server_has_dual_passwords(mysql: MySQLServer) -> None:
    """The MySQL server is new enough for everything that the suite does (8.0.14)."""
    assert tuple(map(int, mysql.version.split("."))) >= (8, 0, 14)


def test_superuser_is_none(mysql: MySQLServer) -> None:
    """MySQL's master user has neither SUPER nor SYSTEM_USER, with all its roles active."""
    shown = mysql.run(mysql.superuser, "SET ROLE ALL", "SHOW GRANTS")
    grants = " ".join(row[0] for row in shown)
    assert "SUPER" not in grants.upper().replace("RDS_SUPERUSER_ROLE", "")
    assert "SYSTEM_USER" not in grants


def test_superuser_has_its_rights_through_a_role(mysql: MySQLServer, unique_name: Callable[..., str]) -> None:
    """MySQL's master user can make users only once its session has activated rds_superuser_role."""
    create = f"CREATE USER {unique_name()} ACCOUNT LOCK"
    with pytest.raises(pymysql.err.OperationalError, match="CREATE USER privilege"):
        mysql.run(mysql.superuser, create)
    assert mysql.run(mysql.superuser, "SET ROLE ALL", create) == []


def test_connection_is_encrypted(mysql: MySQLServer) -> None:
    """The lab's own connections to MySQL use TLS."""
    assert mysql.run(mysql.superuser, "SHOW STATUS LIKE 'Ssl_version'")[0][1].startswith("TLSv1")


def test_log_shows_statements(mysql: MySQLServer, unique_name: Callable[..., str]) -> None:
    """The server's log can be searched: it shows every statement."""
    name = unique_name()
    mysql.run(mysql.superuser, f"SELECT '{name}'")
    assert name in mysql.log_path.read_text(errors="replace")


def test_administrator_is_a_true_superuser(mysql: MySQLServer) -> None:
    """The administrator (rdsadmin) may look at everything."""
    assert mysql.run(mysql.administrator, "SELECT count(*) FROM mysql.user")[0][0] > 1


def test_reconfigure_applies_settings_at_once(own_server: MySQLServer) -> None:
    """A setting that needs no restart holds for the next connection."""
    own_server.reconfigure(long_query_time=5)
    assert own_server.run(own_server.superuser, "SELECT @@long_query_time")[0] == (5.0,)


def test_server_can_be_read_only(own_server: MySQLServer, unique_name: Callable[..., str]) -> None:
    """A server can be as its replicas are: super_read_only."""
    own_server.reconfigure(super_read_only="ON")
    with pytest.raises(pymysql.err.OperationalError, match="read-only"):
        own_server.run(own_server.administrator, f"CREATE USER {unique_name()}")
