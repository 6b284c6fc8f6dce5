"""The engines of the lab: a folder each, and in it a kit of all that differs by engine.

A new engine is one more folder, and one more line in `KITS`.
"""

from lab.engines.kit import Kit
from lab.engines.mysql import MYSQL
from lab.engines.postgresql import POSTGRESQL
from lab.servers import DatabaseServer
from lab.tap import Observer, Tap

__all__ = ["KITS", "Kit", "UnknownEngineError", "kit_for_key", "kit_of", "kit_of_server_name", "tapped"]

KITS: list[Kit] = [POSTGRESQL, MYSQL]
"""All engines. The first is the one that is shown where nobody has asked for another."""


class UnknownEngineError(ValueError):
    """No kit is of this engine: what each of the following raises then."""


def kit_of(server: DatabaseServer) -> Kit:
    """The kit of a server's engine."""
    return kit_for_key(server.engine)


def kit_for_key(engine: str) -> Kit:
    """The kit of the engine that a secret names in its key "engine"."""
    return _only(engine, {name: kit for kit in KITS for name in kit.engine.secret_format.engine_names})


def kit_of_server_name(server_name: str) -> Kit:
    """The kit of the engine that has a server of this name in a pool."""
    return _only(server_name, {name: kit for kit in KITS for name in (*kit.server_names, *kit.chosen_server_names())})


def tapped(server: DatabaseServer, observer: Observer | None = None) -> Tap:
    """A tap in front of a server, which understands the protocol of its engine."""
    return Tap(server, kit_of(server).decoder, observer)


def _only(name: str, kits: dict[str, Kit]) -> Kit:
    if name not in kits:
        raise UnknownEngineError(f"There is no engine for {name!r}. There is one for each of: {', '.join(kits)}.")
    return kits[name]
