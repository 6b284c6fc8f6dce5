"""The life of the lab's servers: start, change, suspend, replicate, and never stay behind."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from lab.engines import KITS, Kit, kit_of
from lab.servers import DatabaseServer, SharedServerError, local
from lab.servers.process import free_port
from tests.lab.helpers import ENGINE_IDS, IMPORTS_AS_HERE, SOURCES, Source, source_id, start, wait_until

START_AND_WAIT = """
import sys, time
from lab.engines import kit_for_key
kit = kit_for_key(sys.argv[1])
server = kit.start(kit.chosen_server_names()[-1])
print(server.port, server.log_path.parent, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("kit", KITS, ids=ENGINE_IDS)
def test_taken_port_is_left_alone(kit: Kit, newest_postgres: DatabaseServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where somebody takes the chosen port in the last moment, the server starts at another one."""
    ports = iter([newest_postgres.port, free_port()])
    monkeypatch.setattr(local, "free_port", lambda: next(ports))
    with start(kit) as server:
        assert server.port != newest_postgres.port
        assert server.can_log_in(server.superuser.username, server.superuser.password)


def test_restart_applies_settings_at_the_same_port(own_server: DatabaseServer) -> None:
    """A restart keeps port, logins and data, and applies settings that need one."""
    port = own_server.port
    own_server.restart(max_connections=23)
    assert own_server.port == port
    shown = kit_of(own_server).setting("max_connections")
    assert int(own_server.run(own_server.superuser, shown)[0][0]) == 23


def test_suspended_server_hangs_until_resumed(own_server: DatabaseServer) -> None:
    """A suspended server accepts the connection and answers nothing; resumed, it goes on."""
    own_server.suspend()
    with socket.create_connection((own_server.host, own_server.port), timeout=1) as client:
        client.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.recv(1)
    own_server.resume()
    own_server.connect(own_server.superuser).close()


def test_shared_server_cannot_be_stopped(database: DatabaseServer) -> None:
    """A test cannot stop a server that others use."""
    with pytest.raises(SharedServerError, match="start a server of your own"):
        database.stop()


@pytest.mark.parametrize("source", SOURCES, ids=source_id)
@pytest.mark.parametrize("is_suspended", [False, True], ids=["running", "suspended"])
def test_server_dies_with_its_parent(source: Source, *, is_suspended: bool) -> None:
    """After SIGKILL of the process that started it, a server is gone, with its folder, even if it was suspended."""
    kit, choice = source
    command = [sys.executable, "-c", START_AND_WAIT, kit.engine_key]
    environment = {**IMPORTS_AS_HERE, **({kit.choice_variable: choice} if choice else {})}
    parent = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
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


def _pids_of(folder: str) -> list[int]:
    """The server processes that run in a folder; the supervisor is none."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if Path(folder) in (process / "cwd").resolve().parents:
                found.append(int(process.name))
        except OSError:
            continue
    return found
