"""From a Lambda invocation to a rotation step: everything that is made once, at init."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from secret_rotation import aws
from secret_rotation.deadline import Deadline, calls_end_by
from secret_rotation.defects import foreseen
from secret_rotation.engine import Engine
from secret_rotation.errors import InvalidEventError, RotationError
from secret_rotation.events import RotationEvents
from secret_rotation.groundwork import Groundwork, Parts
from secret_rotation.patience import PATIENCE, Patience
from secret_rotation.rds import RdsDirectory
from secret_rotation.request import RotationRequest
from secret_rotation.rotation import Rotation
from secret_rotation.settings import Settings
from secret_rotation.store import SecretStore
from secret_rotation.strategy import Strategy
from secret_rotation.superuser_secret import SuperuserFinder
from secret_rotation.telemetry import Telemetry


class LambdaContext(Protocol):
    """What is used of the context that Lambda hands to a handler."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda kills the invocation."""


class EngineType(Protocol):
    """An engine's class."""

    default_exclude_characters: str

    def from_settings(self, settings: Settings) -> Engine:
        """The engine as the deployer set it up."""


@dataclass(frozen=True, slots=True)
class Handler:
    """What Lambda calls, with all that is made once for an environment."""

    parts: Parts
    telemetry: Telemetry
    events: RotationEvents | None = None

    def __call__(self, event: object, context: LambdaContext) -> None:
        """Run the step that the event asks for.

        Raises:
            RotationError: the step stopped, which is how Secrets Manager learns of it.
        """
        request = _request(event, self.telemetry)
        deadline = Deadline(lambda: context.get_remaining_time_in_millis() / 1000)
        rotation = Rotation(Groundwork(self.parts, request, deadline))
        try:
            with self.telemetry.step(request) as record, foreseen(), calls_end_by(deadline):
                record.verdict = rotation.run()
        except RotationError as error:
            if self.events is not None:
                self.events.step_failed(request, error, deadline)
            raise
        if self.events is not None:
            self.events.step_succeeded(request, deadline, has_discarded=rotation.has_discarded)


def rotation_handler(
    engine_type: EngineType,
    strategy_type: type[Strategy],
    environ: Mapping[str, str] = os.environ,
    patience: Patience = PATIENCE,
) -> Handler:
    """Make the Lambda handler that rotates secrets of this engine with this strategy.

    Raises:
        InvalidSettingsError: an environment variable is wrong; here, at init, before any secret is touched.
    """
    settings = Settings.from_environ(environ, engine_type.default_exclude_characters)
    parts = _parts(engine_type.from_settings(settings), strategy_type.from_settings(settings), settings, patience)
    return Handler(parts, Telemetry(parts.strategy.name, parts.engine.name, environ), _events(parts))


def _parts(engine: Engine, strategy: Strategy, settings: Settings, patience: Patience) -> Parts:
    store = SecretStore(aws.client("secretsmanager", patience, settings.endpoint_url))
    directory = RdsDirectory(lambda: aws.client("rds", patience, settings.rds_endpoint_url))
    superusers = SuperuserFinder(store, directory, engine.secret_format, settings.superuser_secrets)
    return Parts(store, superusers, engine, strategy, settings, patience)


def _events(parts: Parts) -> RotationEvents | None:
    if not parts.settings.sends_events:
        return None
    return RotationEvents(
        who={"engine": parts.engine.name, "strategy": parts.strategy.name},
        keeps_old_password=parts.strategy.keeps_old_password(parts.engine),
        patience=parts.patience,
        endpoint_url=parts.settings.events_endpoint_url,
    )


def _request(event: object, telemetry: Telemetry) -> RotationRequest:
    try:
        return RotationRequest.from_event(event)
    except InvalidEventError as error:
        telemetry.refused(error)
        raise
