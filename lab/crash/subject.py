"""The application whose rotations are killed: its users, its secret, and what can be said of them from outside."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lab.application_user import ApplicationUser
from lab.crash.function import KILLED, ForkedFunction
from lab.crash.moment import Timeline
from lab.crash.privileges import Read, Rights, rights_of
from lab.lambda_environment import Invocation
from lab.secretsmanager import LocalSecretsManager, Run
from lab.tap import Tap

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

CURRENT, PENDING = "AWSCURRENT", "AWSPENDING"
ATTEMPTS = 3
"""How often the service tries a rotation where it is to heal one by itself."""
_SESSIONS = {
    "mysql": "SELECT count(*) FROM performance_schema.processlist WHERE SUBSTRING_INDEX(HOST, ':', -1) IN ({ports})",
    "postgres": "SELECT count(*) FROM pg_stat_activity WHERE client_port::text IN ({ports})",
}


@dataclass
class Mortal:
    """A `LambdaFunction` that the timeline kills. `on_death` is called before Lambda answers for a dead function."""

    function: ForkedFunction
    timeline: Timeline
    tap: Tap
    on_death: Callable[[], None] = lambda: None
    token: str = ""
    failure: BaseException | None = None

    def invoke(self, event: Mapping[str, object]) -> Invocation:
        """Invoke the function, as the rotation service does."""
        self.timeline.step, self.tap.connections = str(event["Step"]), 0
        self.token = str(event["ClientRequestToken"])
        outcome = self.function.invoke(event)
        if self.timeline.struck is None:
            self.timeline.answered()
        if self.timeline.struck is None:
            return outcome
        try:
            self.on_death()
        except BaseException as error:  # noqa: BLE001 - whoever runs the case gets it, not the service's thread
            self.failure = error
        return KILLED


@dataclass
class Subject:
    """An application, its secret, and the function that rotates it.

    Attributes:
        read: runs a query as the administrator of the server.
        rotations: how many were started; a secret has room for 100 versions a day.
    """

    cloud: LocalSecretsManager
    user: ApplicationUser
    tap: Tap
    mortal: Mortal
    function_arn: str
    arn: str
    read: Read
    client: "SecretsManagerClient" = field(repr=False)
    rotations: int = 0

    @property
    def timeline(self) -> Timeline:
        """What happens, moment by moment."""
        return self.mortal.timeline

    def rotate(self, attempts: int = 1) -> Run:
        """RotateSecret, and wait for the end of its last attempt."""
        self.rotations += 1
        self.cloud.set_attempts(attempts)
        run = self.cloud.rotate(self.arn, RotationLambdaARN=self.function_arn)
        if self.mortal.failure:
            raise self.mortal.failure
        return run

    def resume(self) -> Run:
        """RotateSecret once more: AWS reattempts a rotation that is not complete, and refuses to begin another."""
        with suppress(self.client.exceptions.InvalidRequestException):
            return self.rotate(ATTEMPTS)
        return self.cloud.wait_for_rotation(self.arn)

    def remove_pending(self) -> None:
        """What an operator does with a stuck rotation; nothing where none is stuck."""
        pending = self.holder(PENDING)
        if pending not in (None, self.holder(CURRENT)):
            self.client.update_secret_version_stage(
                SecretId=self.arn, VersionStage=PENDING, RemoveFromVersionId=str(pending)
            )

    def cancel(self) -> None:
        """CancelRotateSecret."""
        self.client.cancel_rotate_secret(SecretId=self.arn)

    def holder(self, label: str) -> str | None:
        """The id of the version that carries a label."""
        return self.cloud.version_with(self.arn, label)

    def login_of(self, version_id: str | None) -> tuple[str, str] | None:
        """User name and password of a version; None where it holds no value."""
        text = None if version_id is None else self.cloud.value(self.arn, version_id)
        if text is None:
            return None
        value = json.loads(text)
        return value["username"], value["password"]

    def logs_in(self, version_id: str | None) -> bool:
        """Whether the database accepts what a version holds."""
        login = self.login_of(version_id)
        return login is not None and self.user.can_log_in(*login)

    def rights(self) -> Mapping[str, Rights]:
        """What the application's users may do in the database."""
        return rights_of(self.user, self.read)

    def sessions_left(self) -> int:
        """How many sessions the database has of the function's connections, dead or alive."""
        ports = ", ".join(f"'{port}'" for port in (0, *self.tap.server_ports))
        ((count,),) = self.read(_SESSIONS[self.user.engine].format(ports=ports))
        return int(count)

    def works(self, version_id: str | None) -> bool:
        """Whether a version does the application's work; raises the driver's error where it cannot log in."""
        login = self.login_of(version_id)
        return login is not None and self.user.can_work(*login)
