"""The life of the lab's servers: start, change, suspend, replicate, and never stay behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2
import pymysql
import pytest

from lab.servers import SharedServerError, local, start_mysql, start_postgres, start_replica
from lab.servers.process import free_port
from tests.lab.helpers import MAJOR, first_row, rows, start, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.servers import DatabaseServer, MySQLServer, PostgresServer

START_AND_WAIT = """
import sys, time
from lab.servers import start_mysql, start_postgres
server = start_mysql() if sys.argv[1] == "mysql" else start_postgres(int(sys.argv[1]))
print(server.port, server.log_path.parent, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("engine", ["postgres", "mysql"])
def test_taken_port_is_left_alone(engine: str, mysql: MySQLServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where somebody takes the chosen port in the last moment, the server starts at another one."""
    ports = iter([mysql.port, free_port()])
    monkeypatch.setattr(local, "free_port", lambda: next(ports))
    with start(engine) as server:
        assert server.port != mysql.port
        assert server.can_log_in(server.superuser.username, server.superuser.password)


def test_restart_applies_settings_at_the_same_port(own_server: DatabaseServer) -> None:
    """A restart keeps port, logins and data, and applies settings that need one."""
    port = own_server.port
    own_server.restart(max_connections=23)
    assert own_server.port == port
    shown = {"postgres": "SHOW max_connections", "mysql": "SELECT @@max_connections"}
    assert int(first_row(own_server, own_server.superuser, shown[own_server.engine])[0]) == 23


def test_reconfigure_applies_settings_at_once(own_server: DatabaseServer) -> None:
    """A setting that needs no restart holds for the next connection."""
    settings: dict[str, dict[str, object]] = {"postgres": {"work_mem": "5MB"}, "mysql": {"long_query_time": 5}}
    shown = {"postgres": "SHOW work_mem", "mysql": "SELECT @@long_query_time"}
    own_server.reconfigure(**settings[own_server.engine])
    assert str(first_row(own_server, own_server.superuser, shown[own_server.engine])[0]) in {"5MB", "5.0"}


def test_suspended_server_hangs_until_resumed(own_server: DatabaseServer) -> None:
    """A suspended server accepts the connection and answers nothing; resumed, it goes on."""
    own_server.suspend()
    with socket.create_connection((own_server.host, own_server.port), timeout=1) as client:
        client.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.recv(1)
    own_server.resume()
    own_server.connect(own_server.superuser).close()


def test_replica_is_read_only(unique_name: Callable[..., str]) -> None:
    """A replica has the primary's logins and follows it, and refuses to write."""
    with start_postgres(MAJOR) as primary, start_replica(primary) as replica:
        name = unique_name()
        rows(primary, primary.superuser, f"CREATE ROLE {name} LOGIN PASSWORD 'x'")
        wait_until(lambda: replica.can_log_in(name, "x"))
        with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
            rows(replica, replica.superuser, f"DROP ROLE {name}")


def test_read_only_mysql(unique_name: Callable[..., str]) -> None:
    """A MySQL can be started as its replicas are: super_read_only."""
    with start_mysql() as server:
        server.reconfigure(super_read_only="ON")
        with pytest.raises(pymysql.err.OperationalError, match="read-only"):
            rows(server, server.administrator, f"CREATE USER {unique_name()}")


def test_shared_server_cannot_be_stopped(postgres: PostgresServer) -> None:
    """A test cannot stop a server that others use."""
    with pytest.raises(SharedServerError, match="start a server of your own"):
        postgres.stop()


@pytest.mark.parametrize("kind", [str(MAJOR), "mysql"])
@pytest.mark.parametrize("is_suspended", [False, True], ids=["running", "suspended"])
def test_server_dies_with_its_parent(kind: str, *, is_suspended: bool) -> None:
    """After SIGKILL of the process that started it, a server is gone, with its folder, even if it was suspended."""
    parent = _start_in_a_process(kind)
    assert parent.stdout is not None
    port, folder = parent.stdout.readline().split()
    if is_suspended:
        for pid in _pids_of(folder):
            with suppress(ProcessLookupError):  # the session that looked whether it was ready
                os.kill(pid, signal.SIGSTOP)
    parent.kill()
    parent.communicate()
    wait_until(lambda: not Path(folder).exists())
    wait_until(lambda: not _pids_of(folder))
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(port)), timeout=1)


def _start_in_a_process(kind: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", START_AND_WAIT, kind], stdout=subprocess.PIPE, text=True)


def _pids_of(folder: str) -> list[int]:
    """Return the server processes that run in a folder; the supervisor is none."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if Path(folder) in (process / "cwd").resolve().parents:
                found.append(int(process.name))
        except OSError:
            continue
    return found
