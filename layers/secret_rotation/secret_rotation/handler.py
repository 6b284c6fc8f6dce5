"""From a Lambda invocation to a rotation step: everything that is made once, at init."""

import os
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from secret_rotation import aws
from secret_rotation.deadline import Deadline
from secret_rotation.engine import Engine
from secret_rotation.errors import InvalidEventError, RotationError
from secret_rotation.labels import Verdict
from secret_rotation.model import RotationRequest
from secret_rotation.rds import RdsDirectory
from secret_rotation.rotation import Parts, Rotation
from secret_rotation.secret import SecretStore
from secret_rotation.settings import Settings
from secret_rotation.strategy import Strategy
from secret_rotation.superuser import SuperuserFinder
from secret_rotation.telemetry import Telemetry


class LambdaContext(Protocol):
    """What is used of the context that Lambda hands to a handler."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda kills the invocation."""


class EngineType(Protocol):
    """An engine's class."""

    default_exclude_characters: str

    def __call__(self, ca_bundle: Path | None) -> Engine:
        """An engine that trusts these certificate authorities; None for those of RDS."""


Handler = Callable[[object, LambdaContext], None]


def rotation_handler(
    engine_type: EngineType, strategy_type: type[Strategy], environ: Mapping[str, str] = os.environ
) -> Handler:
    """Make the Lambda handler that rotates secrets of this engine with this strategy.

    The handler raises a RotationError where a step stops, which is how Secrets Manager learns of it.

    Raises:
        InvalidSettingsError: an environment variable is wrong; here, at init, before any secret is touched.
    """
    settings = Settings.from_environ(environ, engine_type.default_exclude_characters)
    parts = _parts(engine_type(settings.ca_bundle), strategy_type.from_settings(settings), settings)
    telemetry = Telemetry(parts.strategy.name, parts.engine.name, environ)

    def lambda_handler(event: object, context: LambdaContext) -> None:
        request = _request(event, telemetry)
        deadline = Deadline(lambda: context.get_remaining_time_in_millis() / 1000)
        with telemetry.step(request) as record:
            record.verdict = _run(Rotation(parts, request, deadline))

    return lambda_handler


def _parts(engine: Engine, strategy: Strategy, settings: Settings) -> Parts:
    store = SecretStore(aws.client("secretsmanager", settings.endpoint_url))
    directory = RdsDirectory(lambda: aws.client("rds"))
    return Parts(store, SuperuserFinder(store, directory, engine.secret_format), engine, strategy, settings)


def _request(event: object, telemetry: Telemetry) -> RotationRequest:
    try:
        return RotationRequest.from_event(event)
    except InvalidEventError as error:
        telemetry.refused(error)
        raise


def _run(rotation: Rotation) -> Verdict:
    """Run the step, letting only errors out that are known to hold no value of a secret."""
    try:
        return rotation.run()
    except RotationError:
        raise
    except Exception as error:  # noqa: BLE001 - see below
        # An unforeseen exception may quote a statement or a value, so only its class and its place are told.
        places = " < ".join(
            f"{Path(f.filename).name}:{f.lineno}" for f in reversed(traceback.extract_tb(error.__traceback__))
        )
        raise RotationError(
            f"Unexpected {type(error).__name__} at {places}. This is a defect of the function; please report it."
        ) from None
