"""The calls that attach a function to a secret, and those that put back what was there before."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from rotationctl.aws_clock import date_of
from rotationctl.connection import Connection
from rotationctl.enabling.configuration import Configuration
from rotationctl.enabling.dry_run import SHOWS_WITHIN
from rotationctl.failures import is_passing
from rotationctl.remedies import reference
from rotationctl.secret import Secret
from rotationctl.watch import POLL_SECONDS, Clock
from secret_rotation.commands import Value, secrets_manager, shell_line
from secret_rotation.labels import AWSPENDING

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

_BEFORE_THE_CALL = timedelta(seconds=1)
_LONGER_THAN_A_TEST = ("sleep", "60")
"""What a person types between two commands: a rotation that is cancelled in the middle of its test keeps AWSPENDING."""


@dataclass(frozen=True, slots=True)
class Attachments:
    """Attaches and puts back; boto3's exceptions pass.

    Attributes:
        wait_seconds: how long a test of what is put back may last.
    """

    client: "SecretsManagerClient"
    clock: Clock
    wait_seconds: float

    def look(self, secret: Secret) -> tuple[Secret, datetime]:
        """The secret as it is now, and a moment just before that, by AWS's own clock."""
        answer = self.client.describe_secret(SecretId=secret.arn)
        return Secret.from_answer(answer), (date_of(answer) or self.clock.now()) - _BEFORE_THE_CALL

    def attach(self, secret: Secret, wanted: Configuration, token: str) -> None:
        """Attach a function without rotating: Secrets Manager begins a test of it.

        The token is the version id under which the function is tested.

        Source: Secrets Manager API Reference, RotateSecret, RotateImmediately.
        """
        rules: dict[str, Any] = {"RotationRules": wanted.rules} if wanted.rules else {}
        self.client.rotate_secret(
            SecretId=secret.arn, ClientRequestToken=token, RotationLambdaARN=str(wanted.function_arn),
            RotateImmediately=False, **rules,
        )  # fmt: skip

    def put_back(self, secret: Secret, former: Configuration) -> None:
        """Put the former configuration back, and see its test to the end.

        Whatever fails meanwhile, no label of the test is left behind, and rotation that was off is off.
        """
        if former.function_arn is None:
            self.client.cancel_rotate_secret(SecretId=secret.arn)
            return
        token = str(uuid.uuid4())
        try:
            self.attach(secret, former, token)
            self._wait_for_test(secret, token)
        finally:
            try:
                self.take_off(secret, token)
            finally:
                if not former.is_on:
                    self.client.cancel_rotate_secret(SecretId=secret.arn)

    def configuration(self, secret: Secret) -> Configuration:
        """How the secret rotates now."""
        return Configuration.of(self.look(secret)[0])

    def take_off(self, secret: Secret, token: str) -> None:
        """Take AWSPENDING off the version of a test where it was left there; a rotation's is left alone."""
        if self.look(secret)[0].pending == token:
            self.client.update_secret_version_stage(
                SecretId=secret.arn, VersionStage=AWSPENDING, RemoveFromVersionId=token
            )

    def _wait_for_test(self, secret: Secret, token: str) -> None:
        """Let the test of the former function end: a rotation that is cancelled meanwhile leaves its label.

        AWSPENDING comes a while after the call, and goes with the end of the test.
        """
        began = self.clock.now()
        was_seen = False
        while (waited := self.clock.now() - began) < timedelta(seconds=self.wait_seconds):
            is_seen = self._is_under_test(secret, token)
            if is_seen is False and (was_seen or waited >= SHOWS_WITHIN):
                return
            was_seen = was_seen or bool(is_seen)
            self.clock.sleep(POLL_SECONDS)

    def _is_under_test(self, secret: Secret, token: str) -> bool | None:
        """Whether AWSPENDING is on the version of a test; None where AWS does not answer just now."""
        try:
            return self.look(secret)[0].pending == token
        except Exception as error:
            if not is_passing(error):
                raise
            return None


def undo(secret: Secret, former: Configuration, connection: Connection) -> str:
    """The command that puts the former configuration back. Where rotation was off, it is off also where that fails."""
    cancel = connection.complete(secrets_manager("CancelRotateSecret", reference(secret)))
    if former.function_arn is None:
        return cancel
    parameters: dict[str, Value] = {"RotationLambdaARN": former.function_arn, "RotateImmediately": False}
    if former.rules:
        parameters["RotationRules"] = dict(former.rules)
    rotate = connection.complete(secrets_manager("RotateSecret", reference(secret), **parameters))
    return rotate if former.is_on else f"{rotate} && {shell_line(_LONGER_THAN_A_TEST)}; {cancel}"
