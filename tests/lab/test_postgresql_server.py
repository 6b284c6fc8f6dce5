"""The lab's PostgreSQL servers."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg2
import pytest

from lab.engines.postgresql import PostgresServer, start_postgres, start_replica
from tests.fixtures.servers import chosen_majors
from tests.lab.helpers import wait_until


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgresServer]:
    """A server that the tests of this module may change."""
    with start_postgres(max(chosen_majors())) as server:
        yield server


def test_server_is_the_version_that_was_asked_for(postgres: PostgresServer, request: pytest.FixtureRequest) -> None:
    """A PostgreSQL server says that it is of the major version under which it was started."""
    assert postgres.version.split(".")[0] == request.node.callspec.id.removeprefix("postgres")


def test_superuser_is_none(postgres: PostgresServer) -> None:
    """PostgreSQL's master user may make roles and databases through its attributes and rds_superuser, no more."""
    attributes = "rolsuper, rolreplication, rolbypassrls, rolcreaterole, rolcreatedb"
    sql = f"SELECT {attributes}, pg_has_role('rds_superuser', 'MEMBER') FROM pg_roles WHERE rolname = current_user"  # noqa: S608
    assert postgres.run(postgres.superuser, sql)[0] == (False, False, False, True, True, True)


def test_superuser_may_not_enter_rdsadmin(postgres: PostgresServer) -> None:
    """As on RDS there is a database that the master user cannot enter."""
    superuser = postgres.superuser
    assert not postgres.can_log_in(superuser.username, superuser.password, "rdsadmin")


def test_connection_is_encrypted(postgres: PostgresServer) -> None:
    """The lab's own connections to PostgreSQL use TLS."""
    assert postgres.run(postgres.superuser, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")[0] == (True,)


def test_allows_plaintext(postgres: PostgresServer) -> None:
    """PostgreSQL also accepts plaintext: that is what the secret's "ssl": false is for."""
    login = postgres.superuser
    address: dict[str, Any] = {"host": postgres.host, "port": postgres.port, "dbname": "postgres", "sslmode": "disable"}
    psycopg2.connect(user=login.username, password=login.password, **address).close()


def test_log_shows_plaintext_passwords(postgres: PostgresServer, unique_name: Callable[..., str]) -> None:
    """The server's log can be searched for passwords: it shows one that was sent in plaintext."""
    name = unique_name()
    postgres.run(postgres.superuser, f"CREATE ROLE {name} PASSWORD 'seen-in-{name}'")
    assert f"seen-in-{name}" in postgres.log_path.read_text(errors="replace")


def test_administrator_is_a_true_superuser(postgres: PostgresServer) -> None:
    """The administrator (rdsadmin) may look at everything."""
    assert postgres.run(postgres.administrator, "SELECT count(*) FROM pg_authid")[0][0] > 1


def test_reconfigure_applies_settings_at_once(own_server: PostgresServer) -> None:
    """A setting that needs no restart holds for the next connection."""
    own_server.reconfigure(work_mem="5MB")
    assert own_server.run(own_server.superuser, "SHOW work_mem")[0] == ("5MB",)


def test_replica_is_read_only(own_server: PostgresServer, unique_name: Callable[..., str]) -> None:
    """A replica has the primary's logins and follows it, and refuses to write."""
    with start_replica(own_server) as replica:
        name = unique_name()
        own_server.run(own_server.superuser, f"CREATE ROLE {name} LOGIN PASSWORD 'x'")
        wait_until(lambda: replica.can_log_in(name, "x"))
        with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
            replica.run(replica.superuser, f"DROP ROLE {name}")
