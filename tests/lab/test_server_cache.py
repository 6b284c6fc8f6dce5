"""The cache of the servers' software: filled once, complete or not there, and clear about what went wrong."""

import errno
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.engines.mysql.software import debian_mysql, local_mysql, mysql_source
from lab.engines.pool import PoolListener, ServerPool, ask
from lab.engines.postgresql import POSTGRESQL, software, supported_majors
from lab.engines.postgresql.kit import SERVER_PREFIX
from lab.servers import ProvisionError, ServerStartError
from lab.servers.cache import provide
from lab.servers.host import architecture
from tests.fixtures.servers import newest_database_name

MAJOR = max(supported_majors())
SLOW_BUILD = """
import pathlib, sys, time
from lab.servers.cache import provide
def build(folder):
    with open(sys.argv[1], "a") as log:
        log.write("built once\\n")
    (folder / "program").write_text("1")
    time.sleep(float(sys.argv[2]))
    (folder / "library").write_text("2")
print(sum(path.suffix == "" for path in provide("software", build).glob("[a-z]*")))
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache that the servers' user can reach."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and not folder.stat().st_mode & 0o001:
            folder.chmod(0o755)  # pytest closes its temporary folders to others
    monkeypatch.setenv("LAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def build_program(folder: Path) -> None:
    """Build an entry of one file."""
    (folder / "program").write_text("complete")


@pytest.mark.usefixtures("cache")
def test_processes_that_race_build_once(tmp_path: Path) -> None:
    """Of several processes that need the same software at once, one builds it, and all get it complete."""
    log = tmp_path / "log"
    command = [sys.executable, "-c", SLOW_BUILD, str(log), "0.5"]
    racers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert [racer.communicate()[0].strip() for racer in racers] == ["2"] * 4
    assert log.read_text().splitlines() == ["built once"]


def test_builder_that_was_killed_leaves_no_entry(cache: Path, tmp_path: Path) -> None:
    """After SIGKILL in the middle of a build the entry is missing, and the next process builds it from nothing."""
    log = tmp_path / "log"
    builder = subprocess.Popen([sys.executable, "-c", SLOW_BUILD, str(log), "60"])
    while not log.exists():
        assert builder.poll() is None
        time.sleep(0.01)
    builder.kill()
    builder.wait()
    assert not (cache / "software").exists()
    assert (provide("software", build_program) / "program").read_text() == "complete"
    assert sorted(path.name for path in cache.iterdir()) == ["software", "software.lock"]


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("damage", ["removed", "cut short"])
def test_damaged_entry_is_built_again(damage: str) -> None:
    """An entry with a file that is missing or shorter than it was is built again."""
    program = provide("software", build_program) / "program"
    if damage == "removed":
        program.unlink()
    else:
        program.write_text("comp")
    assert (provide("software", build_program) / "program").read_text() == "complete"


def test_full_disk_is_said_and_leaves_nothing(cache: Path) -> None:
    """A build that runs out of space names the folder and the way out, and leaves nothing that looks complete."""

    def fill_the_disk(folder: Path) -> None:
        build_program(folder)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(ProvisionError, match=rf"software in {cache}.*No space left[^$]*LAB_CACHE"):
        provide("software", fill_the_disk)
    assert [path.name for path in cache.iterdir()] == ["software.lock"]


def test_failed_download_is_said_and_leaves_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a network, whoever wants software is told what could not be had, and why."""
    for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(cache), "PIP_CONFIG_FILE": os.devnull}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ProvisionError, match=rf"Could not prepare postgres-{MAJOR}[^$]*No matching distribution"):
        software.postgres_software(MAJOR)
    assert not [path for path in cache.iterdir() if path.is_dir()]


@pytest.mark.usefixtures("cache")
def test_changed_download_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Software whose hash is not the pinned one is not used."""
    pins = tmp_path / "pins.txt"
    pins.write_text(re.sub(r"sha256:\w{4}", "sha256:0000", software.PINS.read_text()))
    monkeypatch.setattr(software, "PINS", pins)
    with pytest.raises(ProvisionError, match="DO NOT MATCH THE HASHES"):
        software.postgres_software(MAJOR)


def test_cache_that_servers_cannot_reach_is_refused(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache folder that cannot be made or entered is named, with the variable that moves it."""
    cache.mkdir()
    (cache / "file").touch()
    monkeypatch.setenv("LAB_CACHE", str(cache / "file" / "folder"))
    with pytest.raises(ProvisionError, match="Set LAB_CACHE"):
        provide("software", build_program)


def test_version_that_is_not_pinned_is_refused() -> None:
    """A major version without a pin is an error that lists those that have one."""
    with pytest.raises(ProvisionError, match=r"PostgreSQL 13 is not pinned.*14, 15, 16, 17, 18"):
        software.postgres_software(13)


def test_unknown_source_of_mysql_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another value of LAB_MYSQL than its three is an error that lists them."""
    monkeypatch.setenv("LAB_MYSQL", "oracle")
    with pytest.raises(ProvisionError, match="must be one of debian, local, docker"):
        mysql_source()


@pytest.mark.parametrize(
    ("prepare", "words"),
    [(debian_mysql, r"no apt-get here.*LAB_MYSQL=local"), (local_mysql, "no mysqld on PATH")],
)
def test_a_mysql_that_is_not_here_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, prepare: Callable[[], object], words: str
) -> None:
    """Elsewhere than on Debian there is none of its packages; LAB_MYSQL=local without a mysqld takes no other."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ProvisionError, match=words):
        prepare()


def test_another_system_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that the servers do not run on is named with its system, since x86_64 alone is no reason."""
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    with pytest.raises(ProvisionError, match=r"not on Darwin on "):
        architecture()


def test_processes_share_the_servers_of_a_pool() -> None:
    """Two processes that ask a pool for the same server get the same one; it is gone when the pool stops."""
    pool = ServerPool()
    listener = PoolListener(pool)
    try:
        name = newest_database_name(POSTGRESQL)
        assert ask(listener.address, listener.key, name) == pool.facts(name)
        assert ask(listener.address, listener.key, name) == pool.facts(name)
        with pytest.raises(ServerStartError, match=r"no engine for 'postgres13'.* postgres18, "):
            ask(listener.address, listener.key, f"{SERVER_PREFIX}13")
    finally:
        listener.close()
        pool.stop()
    assert pool.started() == []
