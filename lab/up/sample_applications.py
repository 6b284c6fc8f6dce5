"""The sample applications: one that rotates for each strategy, and one whose rotation is left to do by hand."""

import json

from lab.engines import KITS, Kit
from lab.lambda_environment.code import BUILD, REPOSITORY, FunctionCode
from lab.pairing import Pairing, StrategyName
from lab.servers import DatabaseServer
from lab.world import World

EVENT = REPOSITORY / "events" / "create_secret.json"
BY_HAND = "lab/by-hand"
PAIRING_BY_HAND = Pairing(KITS[0], StrategyName.SINGLE_USER)
"""Whose rotation is left to be done by hand."""


def is_built() -> bool:
    """Whether `sam build` has made the functions for this machine."""
    return (BUILD / "template.yaml").is_file()


def find_code(name: str) -> FunctionCode:
    """A function's code: what `sam build` made of it, or its source where nothing is built."""
    return FunctionCode.from_build(name) if is_built() else FunctionCode.from_source(name)


def add_sample_applications(world: World, kit: Kit, server: DatabaseServer) -> None:
    """Add an application for each strategy on the server, its secret and its function."""
    for strategy in StrategyName:
        pairing = Pairing(kit, strategy)
        username = {StrategyName.SINGLE_USER: "single", StrategyName.ALTERNATING_USERS: "pair"}[strategy]
        world.add_application(pairing, server, username, secret_name(pairing), f"lab/{kit}-superuser")
        if pairing == PAIRING_BY_HAND:
            _begin_by_hand(world, server)


def secret_name(pairing: Pairing) -> str:
    """The name of the secret that rotates with this strategy on this engine."""
    return f"lab/{pairing.function.replace('_', '-')}"


def _begin_by_hand(world: World, server: DatabaseServer) -> None:
    """Leave a rotation begun under the token of the sample events, which are its four steps."""
    application = world.add_application(PAIRING_BY_HAND, server, "by_hand", BY_HAND, "")
    application.secret.begin(json.loads(EVENT.read_text())["ClientRequestToken"])
