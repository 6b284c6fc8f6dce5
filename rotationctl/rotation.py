"""Rotating one secret: to ask for it, and to follow it to its end while its labels' moves are told as talk."""

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from rotationctl import fleet, following
from rotationctl.beginning import begin
from rotationctl.exits import Exit, Failure
from rotationctl.output import say
from rotationctl.remedies import Adviser
from rotationctl.secret import Secret
from rotationctl.text import printable
from rotationctl.watch import Clock, Ending, follow

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_secretsmanager import SecretsManagerClient


@dataclass(frozen=True, slots=True)
class Rotator:
    """Rotates secrets.

    Attributes:
        timeout_seconds: for how long each rotation is followed.
    """

    client: "SecretsManagerClient" = field(repr=False)
    adviser: Adviser
    timeout_seconds: float
    clock: Clock = following.CLOCK

    def read(self, secret: Secret) -> Secret:
        """The secret as it is now. One DescribeSecret."""
        return fleet.describe_secret(self.client, secret.arn, self.adviser.connection.options)

    def require_unchanged(self, secret: Secret) -> None:
        """Stop where a label has moved since the secret was read.

        Raises:
            Failure: somebody, or a rotation, was faster.
        """
        if self.read(secret).labels != secret.labels:
            raise Failure(
                f"The labels of {printable(secret.name)} have moved since they were read, so nothing was done. "
                "Run the same command again.",
                Exit.NOT_FINE,
            )

    def rotate(self, secret: Secret) -> tuple[Exit, Secret]:
        """Begin a rotation, or go on with the one that is not complete, and follow it to its end.

        Returns:
            How it ended, and the secret as it was last seen.

        Raises:
            ClientError: AWS refuses, for another reason than that a rotation is not complete.
        """
        token, is_again = begin(self.client, secret)
        if is_again:
            say(printable(f"The rotation of {secret.name} to version {token} is asked for again."))
        return self.follow(secret, token)

    def follow(self, secret: Secret, token: str | None) -> tuple[Exit, Secret]:
        """Follow the rotation to a version to its end, and say how it ended."""
        read: Callable[[], Secret] = partial(self.read, secret)
        ending, seen, token = follow(
            read, lambda move: say(following.line(move)), self.clock, self.timeout_seconds, token
        )
        say(following.sentence(ending, seen, token, self.timeout_seconds))
        code = following.CODES[ending]
        if code is not Exit.FINE:
            say(printable(self.adviser.log(seen)))
        return (Exit.NOT_FINE if ending is Ending.NOTHING else code), seen
