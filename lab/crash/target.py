"""The application whose rotations are killed: its users, its secret, and what can be said of them from outside."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from lab.application import Application, Secret
from lab.application_user import ApplicationUser
from lab.crash.function import KILLED, ForkedFunction
from lab.crash.moment import Timeline
from lab.crash.privileges import Rights, rights_of
from lab.engines.kit import Read
from lab.lambda_environment import Invocation
from lab.secretsmanager import Run
from lab.tap import Tap

ATTEMPTS = 3
"""How often the service tries a rotation where it is to heal one by itself."""


@dataclass
class KillableFunction:
    """A `LambdaFunction` that the timeline kills. `on_death` is called before Lambda answers for a dead function."""

    forked: ForkedFunction
    timeline: Timeline
    tap: Tap
    on_death: Callable[[], None] = lambda: None
    token: str = ""
    failure: BaseException | None = None

    def invoke(self, event: Mapping[str, object]) -> Invocation:
        self.timeline.step, self.tap.connections = str(event["Step"]), 0
        self.token = str(event["ClientRequestToken"])
        outcome = self.forked.invoke(event)
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
class Target:
    """An application whose function can be killed.

    Attributes:
        read: runs a query as the administrator of the server.
        rotations: how many were started; a secret has room for 100 versions a day.
    """

    application: Application[KillableFunction]
    tap: Tap
    function_arn: str
    read: Read
    rotations: int = 0

    @property
    def function(self) -> KillableFunction:
        return self.application.function

    @property
    def user(self) -> ApplicationUser:
        return self.application.user

    @property
    def secret(self) -> Secret:
        return self.application.secret

    @property
    def timeline(self) -> Timeline:
        return self.function.timeline

    def rotate(self, attempts: int = 1) -> Run:
        """RotateSecret, and wait for the end of its last attempt."""
        self.rotations += 1
        self.secret.cloud.set_attempts(attempts)
        run = self.secret.rotate(RotationLambdaARN=self.function_arn)
        if self.function.failure:
            raise self.function.failure
        return run

    def resume(self) -> Run:
        """RotateSecret once more: AWS reattempts a rotation that is not complete, and refuses to begin another."""
        with suppress(self.secret.client.exceptions.InvalidRequestException):
            return self.rotate(ATTEMPTS)
        return self.secret.cloud.wait_for_rotation(self.secret.arn)

    def cancel(self) -> None:
        self.secret.client.cancel_rotate_secret(SecretId=self.secret.arn)

    def grant(self) -> None:
        """An operator gives the original a right by mistake."""
        self.user.as_superuser(self.user.kit.grant_by_mistake(self.user.username))

    def revoke(self) -> None:
        """The operator takes it back from the original, once it is seen."""
        self.user.as_superuser(self.user.kit.revoke_the_mistake(self.user.username))

    def logs_in(self, version_id: str | None) -> bool:
        """Whether the database accepts what a version holds."""
        login = self.secret.login_of(version_id)
        return login is not None and self.user.can_log_in(*login)

    def works(self, version_id: str | None) -> bool:
        """Whether a version does the application's work; raises the driver's error where it cannot log in."""
        login = self.secret.login_of(version_id)
        return login is not None and self.user.can_work(*login)

    def rights(self) -> Mapping[str, Rights]:
        return rights_of(self.user, self.read)

    def sessions_left(self) -> int:
        """How many sessions the database has of the function's connections, dead or alive."""
        ((count,),) = self.read(self.user.kit.sessions_from((0, *self.tap.server_ports)))
        return int(count)
