"""An application whose secret rotates: its user, its secret, the superuser's secret, and the function."""

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from lab.application_user import ApplicationUser
from lab.lambda_environment import Invocation, LambdaFunction
from lab.pairing import Pairing
from lab.secretsmanager import FUNCTION_CALLER, LocalSecretsManager, Run
from secret_rotation.labels import AWSCURRENT, AWSPENDING

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

Value = Mapping[str, object] | str
"""What a secret holds: JSON, or a text as it is."""


@dataclass(frozen=True)
class Secret:
    """A secret of the local Secrets Manager."""

    cloud: LocalSecretsManager
    arn: str
    name: str

    @property
    def client(self) -> "SecretsManagerClient":
        """A client of Secrets Manager, as the operator."""
        return self.cloud.client()

    def value(self, label: str = AWSCURRENT) -> dict[str, Any]:
        """The JSON value of the version that carries the label."""
        answer = self.client.get_secret_value(SecretId=self.arn, VersionStage=label)
        value: dict[str, Any] = json.loads(answer["SecretString"])
        return value

    def login_of(self, version_id: str | None) -> tuple[str, str] | None:
        """User name and password of a version, without a call that anybody could count.

        Returns:
            None where there is no such version, or it holds no value.
        """
        text = None if version_id is None else self.cloud.value(self.arn, version_id)
        if text is None:
            return None
        value = json.loads(text)
        return value["username"], value["password"]

    def put(self, value: Value, *, stages: tuple[str, ...] = (AWSCURRENT,), token: str | None = None) -> str:
        """Put a value by hand; returns its version id."""
        version_id = token or new_token()
        self.client.put_secret_value(
            SecretId=self.arn, SecretString=as_text(value), VersionStages=list(stages), ClientRequestToken=version_id
        )
        return version_id

    def change(self, **changes: object) -> str:
        """Put AWSCURRENT's value anew, with some of its keys changed; returns its version id."""
        return self.put({**self.value(), **changes})

    def labels(self) -> dict[str, set[str]]:
        return self.cloud.labels(self.arn)

    def version_with(self, label: str) -> str | None:
        return self.cloud.version_with(self.arn, label)

    def operations(self) -> list[str]:
        """The operations that the rotation function called on this secret, in order."""
        calls = self.cloud.calls.all(secret_arn=self.arn)
        return [call.operation for call in calls if call.caller == FUNCTION_CALLER]

    def enable_rotation(self, function: LambdaFunction) -> str:
        """Register the function, and configure the rotation without beginning one; returns the function's ARN."""
        function_arn = f"arn:aws:lambda:us-east-1:123456789012:function:{uuid.uuid4().hex}"
        self.cloud.register(function_arn, function)
        self.cloud.enable_rotation(self.arn, function_arn)
        return function_arn

    def begin(self, token: str | None = None) -> str:
        """Make the empty AWSPENDING version that a rotation starts from, without invoking anything; returns its id."""
        return self.cloud.begin_rotation(self.arn, token or new_token())

    def event(self, step: str, token: str) -> dict[str, object]:
        return self.cloud.rotation_event(self.arn, step, token)

    def rotate(self, timeout_seconds: float = 300.0, **parameters: Any) -> Run:  # noqa: ANN401 - boto3's parameters
        """RotateSecret, and wait for the rotation's end."""
        return self.cloud.rotate(self.arn, timeout_seconds=timeout_seconds, **parameters)

    @property
    def is_stuck(self) -> bool:
        """Whether AWSPENDING is on another version than AWSCURRENT."""
        return self.version_with(AWSPENDING) not in (None, self.version_with(AWSCURRENT))

    def remove_pending(self) -> None:
        """Take AWSPENDING off, as an operator does with a stuck rotation.

        Raises:
            LookupError: no version has it.
        """
        pending = self.version_with(AWSPENDING)
        if pending is None:
            raise LookupError(f"AWSPENDING is on no version of {self.arn}.")
        self.client.update_secret_version_stage(SecretId=self.arn, VersionStage=AWSPENDING, RemoveFromVersionId=pending)


Function = TypeVar("Function", bound=LambdaFunction)


@dataclass(frozen=True)
class Application(Generic[Function]):
    """An application whose secret rotates.

    Attributes:
        superuser_secret: None where the application has none.
    """

    user: ApplicationUser
    secret: Secret
    superuser_secret: Secret | None
    function: Function

    def rotate(self, **parameters: Any) -> Run:  # noqa: ANN401 - boto3's parameters
        return self.secret.rotate(**parameters)

    def begin(self) -> str:
        """Start a rotation by hand; returns its token."""
        return self.secret.begin()

    def step(self, step: str, token: str) -> Invocation:
        return self.function.invoke(self.secret.event(step, token))

    def steps(self, token: str, *steps: str) -> Invocation:
        """Invoke steps in order.

        Returns:
            The outcome of the last one. All others succeed.

        Raises:
            StepFailedError: one before the last failed.
        """
        outcome = Invocation()
        for step in steps:
            if outcome.failed:
                raise StepFailedError(f"before {step}: {outcome.error_type}: {outcome.error_message}")
            outcome = self.step(step, token)
        return outcome

    def credentials(self, label: str = AWSCURRENT) -> tuple[str, str]:
        """User name and password of a version."""
        value = self.secret.value(label)
        return value["username"], value["password"]

    def logs_in(self, label: str = AWSCURRENT) -> bool:
        return self.user.can_log_in(*self.credentials(label))

    def works(self, label: str = AWSCURRENT) -> bool:
        """Whether a version logs in, and reads and writes what the application does."""
        try:
            return self.user.can_work(*self.credentials(label))
        except Exception as error:
            if self.user.server.is_refusal(error):
                return False
            raise


def secret_value(user: ApplicationUser, superuser: Secret | None, **changes: object) -> dict[str, object]:
    """The JSON of an application's secret, which names the superuser's secret where one is given.

    `changes` are other values for some of its keys; a key set to None is left out.
    """
    master = {"masterarn": superuser.arn} if superuser else {}
    return {key: kept for key, kept in user.secret_value(**{**master, **changes}).items() if kept is not None}


def create_application(
    user: ApplicationUser,
    pairing: Pairing,
    function: Function,
    add_secret: Callable[[str, Value], Secret],
    names: tuple[str, str],
    **changes: object,
) -> Application[Function]:
    """Create a user's secret, and before it the superuser's where the pairing needs one.

    Args:
        user: whose secret it is.
        pairing: what rotates it.
        function: the function of the pairing.
        add_secret: creates a secret by its name and its value.
        names: what the two secrets are called, the user's own first.
        changes: other values for some keys of both.
    """
    superuser = add_secret(names[1], user.superuser_secret_value(**changes)) if pairing.needs_superuser else None
    return Application(user, add_secret(names[0], secret_value(user, superuser, **changes)), superuser, function)


class StepFailedError(AssertionError):
    """A step failed that was not expected to."""


def create_secret(cloud: LocalSecretsManager, name: str, value: Value | None, **parameters: Any) -> Secret:  # noqa: ANN401 - boto3's parameters
    """Create a secret, without a value where None is given."""
    content: dict[str, Any] = {} if value is None else {"SecretString": as_text(value)}
    answer = cloud.client().create_secret(Name=name, **content, **parameters)
    return Secret(cloud, answer["ARN"], answer["Name"])


def new_token() -> str:
    """A client request token."""
    return str(uuid.uuid4())


def as_text(value: Value) -> str:
    """The SecretString for a value: JSON, or the text as it is."""
    return value if isinstance(value, str) else json.dumps(dict(value))
