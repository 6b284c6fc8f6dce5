"""Who lives in the lab: four applications that rotate, and one whose rotation is left to be done by hand."""

import json
from pathlib import Path

from lab.lambda_environment.code import BUILD, REPOSITORY, FunctionCode
from lab.servers import DatabaseServer
from lab.up.place import Place
from lab.world import EngineName, StrategyName, World

CA_FOLDER = REPOSITORY / ".cache" / "lab"
EVENT = REPOSITORY / "events" / "create_secret.json"
BY_HAND = "lab/by-hand"


def is_built() -> bool:
    """Whether `sam build` has made the functions for this machine."""
    return (BUILD / "template.yaml").is_file()


def find_code(name: str) -> FunctionCode:
    """A function's code: what `sam build` made of it, or its source where nothing is built."""
    return FunctionCode.from_build(name) if is_built() else FunctionCode.from_source(name)


def move_in(world: World, engine: EngineName, server: DatabaseServer) -> None:
    """Add an application for each strategy on the server, its secret and its function."""
    for strategy in StrategyName:
        function_arn = world.add_function(engine, strategy)
        superuser = f"lab/{engine}-superuser" if strategy is StrategyName.ALTERNATING_USERS else None
        username = {StrategyName.SINGLE_USER: "single", StrategyName.ALTERNATING_USERS: "pair"}[strategy]
        application = world.add_application(server, username, secret_name(engine, strategy), superuser)
        world.cloud.enable_rotation(application.secret_arn, function_arn)
        if (engine, strategy) == (EngineName.POSTGRESQL, StrategyName.SINGLE_USER):
            _begin_by_hand(world, server, function_arn)


def secret_name(engine: EngineName, strategy: StrategyName) -> str:
    """The name of the secret that rotates with this strategy on this engine."""
    return f"lab/{engine}-{strategy.replace('_', '-')}"


def ca_bundle(place: Place) -> Path:
    """What clients of a lab's servers trust."""
    return CA_FOLDER / f"ca-{place.name}.pem"


def prepare_ca_bundle(place: Place) -> Path:
    """Return where the CA bundle goes, in a folder that is there."""
    CA_FOLDER.mkdir(parents=True, exist_ok=True)
    return ca_bundle(place)


def _begin_by_hand(world: World, server: DatabaseServer, function_arn: str) -> None:
    """Leave a rotation begun under the token of the sample events, which are its four steps."""
    application = world.add_application(server, "by_hand", BY_HAND)
    world.cloud.enable_rotation(application.secret_arn, function_arn)
    world.cloud.begin_rotation(application.secret_arn, json.loads(EVENT.read_text())["ClientRequestToken"])
