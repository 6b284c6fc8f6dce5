"""What the tests of the lab's servers do again and again."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from lab.engines import KITS, Kit
from lab.engines.versions import DOCKER, image_versions
from lab.servers import DatabaseServer
from lab.servers.container import can_run
from tests.fixtures.databases import newest_database_name

PATIENCE_SECONDS = 60
Source = tuple[Kit, str | None]
CONNECTION_FAILED: tuple[type[Exception], ...] = tuple(kit.driver.OperationalError for kit in KITS)
IMPORTS_AS_HERE = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
"""The environment of a process of Python that finds the modules that this one finds."""
ENGINE_IDS = [kit.engine_key for kit in KITS]


def _kits_and_sources() -> Iterator[Source]:
    """Every kit as chosen, and from the newest image that is on this machine: none is downloaded for the tests."""
    for kit in KITS:
        yield kit, None
        if not image_versions(kit.choice_variable, tuple(kit.images)):
            here = [f"{DOCKER}:{version}" for version, image in kit.images.items() if can_run(image)]
            yield from ((kit, source) for source in here[-1:])


SOURCES = list(_kits_and_sources())
"""The kits, and what their variables have to say for servers from another source than the chosen one."""


def source_id(case: Source) -> str:
    """A test's name for a kit and its source."""
    return "-".join(filter(None, (case[0].engine_key, case[1])))


def start(kit: Kit, **settings: Any) -> DatabaseServer:  # noqa: ANN401 - whatever the server has
    """Start a server of the newest chosen version."""
    return kit.start(newest_database_name(kit), **settings)


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds, and fail after PATIENCE_SECONDS."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"it did not happen within {PATIENCE_SECONDS} s"
        time.sleep(0.02)
