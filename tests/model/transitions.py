"""What one operation does to the world."""

from lab.secretsmanager.versions import CURRENT, PENDING
from tests.model import clock
from tests.model.setup import Setup
from tests.model.world import Answer, Operation, World


def apply(setup: Setup, world: World, delivery: str, operation: Operation) -> tuple[World, Answer]:
    """Run one operation of a delivery."""
    if operation.name == clock.READS:
        return world, Answer(world.clock)
    if setup.database.knows(operation):
        return setup.database.apply(world, delivery, operation)
    return _apply_to_secret(setup, world, operation)


def _apply_to_secret(setup: Setup, world: World, operation: Operation) -> tuple[World, Answer]:
    secret, answer = setup.secrets.apply(world.secret, operation)
    if secret == world.secret:
        return world, answer
    after = world._replace(secret=secret)
    if world.secret.unfinished is not None and secret.unfinished is None:
        after = after._replace(left_at=world.clock)
    if operation.name == "RotateSecret":
        after = clock.begun(after, str(operation.argument("ClientRequestToken")))
    if operation.argument("VersionStage") == CURRENT:
        pending = world.secret.holder(PENDING)
        is_pending = pending is not None and pending.version_id == operation.argument("MoveToVersionId")
        after = after._replace(promoted_unlabelled=not is_pending)
    return after, answer
