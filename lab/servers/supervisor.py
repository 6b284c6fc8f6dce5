"""Run one server, and never let it outlive the process that wanted it.

A script of its own, started by ServerProcess. It waits for two things at once: the server's end and its parent's. A
pidfd belongs to the parent process; PR_SET_PDEATHSIG alone would belong to the *thread* that started the server. If the
supervisor is killed itself, PR_SET_PDEATHSIG (set after the change of user, which clears it) ends the server.

    python supervisor.py PARENT_PID UID GID DEATH_SIGNAL FOLDER COMMAND...
"""

import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
GRACE_SECONDS = 5
LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Order:
    """What the command line asks for."""

    parent_pid: int
    uid: int
    gid: int
    death_signal: int
    folder: str
    command: list[str]


def main(order: Order) -> int:
    """Run the server until it ends by itself, or until the parent is gone. Return its exit status."""
    LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1)
    parent = os.pidfd_open(order.parent_pid)
    if os.getppid() != order.parent_pid:
        return 1
    server = start(order)
    is_orphan = not ended_before_parent(server, parent)
    if is_orphan:
        end(server, order.death_signal)
    status = server.wait()
    kill_descendants()
    if is_orphan:
        shutil.rmtree(order.folder, ignore_errors=True)
    return status


def start(order: Order) -> subprocess.Popen[bytes]:
    """Start the server, as another user if this one is root. SIGINT and SIGTERM are passed on, SIGQUIT kills it."""
    is_root = os.geteuid() == 0
    server = subprocess.Popen(
        order.command,
        preexec_fn=lambda: LIBC.prctl(PR_SET_PDEATHSIG, order.death_signal),  # noqa: PLW1509 - there are no threads
        umask=0o077,
        user=order.uid if is_root else None,
        group=order.gid if is_root else None,
        extra_groups=[] if is_root else None,
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _: server.send_signal(received))
    signal.signal(signal.SIGQUIT, lambda *_: server.send_signal(order.death_signal))
    return server


def ended_before_parent(server: subprocess.Popen[bytes], parent: int) -> bool:
    """Wait for either end, and tell whether it was the server's."""
    child = os.pidfd_open(server.pid)
    ready, _, _ = select.select([child, parent], [], [])
    os.close(child)
    return child in ready


def end(server: subprocess.Popen[bytes], death_signal: int) -> None:
    """Stop the server quickly, also one that was suspended."""
    for pid in (server.pid, *children_of(server.pid)):
        with suppress(ProcessLookupError):  # it ended by itself just now
            os.kill(pid, signal.SIGCONT)
    server.send_signal(death_signal)
    try:
        server.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()


def kill_descendants() -> None:
    """Kill what the server left behind; as its subreaper this process is now the parent of all of it."""
    while children := children_of(os.getpid()):
        for pid in children:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def children_of(pid: int) -> list[int]:
    """The processes that a process started and that are not gone yet."""
    found: list[int] = []
    with suppress(FileNotFoundError):  # glob's, where the process ends between two of its looks
        # The kernel lists a child under the thread that made it.
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            with suppress(FileNotFoundError, ProcessLookupError):
                found += map(int, children.read_text().split())
    return found


if __name__ == "__main__":
    parent_pid, uid, gid, death_signal = map(int, sys.argv[1:5])
    sys.exit(main(Order(parent_pid, uid, gid, death_signal, folder=sys.argv[5], command=sys.argv[6:])))
