"""The command to type next for a secret that is not fine, as it can be typed."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rotationctl.connection import Connection
from rotationctl.functions import function_name
from rotationctl.secret import Secret
from rotationctl.state import State
from secret_rotation.commands import put_secret_value, secrets_manager, shell_line
from secret_rotation.labels import AWSCURRENT, AWSPENDING

_PLAIN_NAME = re.compile(r"[A-Za-z0-9/_+=.@][A-Za-z0-9/_+=.@-]*")
_BEFORE_THE_CHANGE = timedelta(days=1)
"""How long before a secret last changed its function may have said why a rotation did not go on."""


@dataclass(frozen=True, slots=True)
class Adviser:
    """Knows what to type next, by the state of a secret.

    Attributes:
        connection: how AWS was reached; every command says the same.
        now: how far back a log has to be read is counted from here.
    """

    connection: Connection
    now: datetime

    def next_command(self, secret: Secret, state: State) -> str | None:
        """What to type next, or None where there is nothing to do."""
        command = _COMMANDS.get(state)
        return command and command(self, secret)

    def log(self, secret: Secret) -> str:
        """Show what the function said about this secret, or find out where it says so.

        Functions of this product log errors as JSON, with the secret's ARN; another one may log anything.
        """
        function, arn = secret.function, json.dumps(secret.arn)
        if function is None:
            return self._events(secret, f"/aws/lambda/{function_name(secret.function_arn or '')}")
        if function.log_group is None:
            return f"{self.show_function(secret)} --query LoggingConfig.LogGroup"
        pattern = f'{{ $.level = "ERROR" && $.secret_arn = {arn} }}'
        return self._events(secret, function.log_group, "--filter-pattern", pattern)

    def rotate(self, secret: Secret) -> str:
        """Rotate now, or go on with the rotation that is not complete, and follow it."""
        options = ["--any-function"] if secret.function_arn and secret.function is None else []
        return self._join("rotationctl", "rotate", reference(secret), *options)

    def recover(self, secret: Secret, *options: str) -> str:
        """Show the way out of a rotation that does not go on, or, by an option, take it."""
        return self._join("rotationctl", "recover", reference(secret), *options)

    def give_up(self, secret: Secret) -> str:
        """Take AWSPENDING off, rotate anew, and follow it."""
        pending = {"VersionStage": AWSPENDING, "RemoveFromVersionId": secret.pending or ""}
        taken_off = self._secrets_manager("UpdateSecretVersionStage", secret, **pending)
        return f"{taken_off} && {self.rotate(secret)}"

    def put_value(self, secret: Secret) -> str:
        """Give it a value, out of a file."""
        return self.connection.complete(put_secret_value(reference(secret)))

    def name_current(self, secret: Secret, version: str) -> str:
        """Put AWSCURRENT on a version."""
        former = {"RemoveFromVersionId": secret.current} if secret.current else {}
        label = {"VersionStage": AWSCURRENT, "MoveToVersionId": version, **former}
        return self._secrets_manager("UpdateSecretVersionStage", secret, **label)

    def with_value(self, secret: Secret, program: str, argument: str, version: Mapping[str, str]) -> str:
        """Hand a version's value to a program in Python, a statement a line, whose argument everybody may see."""
        read = self._secrets_manager("GetSecretValue", secret, **version)
        run = ["python3", "-c", "; ".join(program.strip().splitlines()), argument]
        return f"{read} --query SecretString --output text | {shell_line(run)}"

    def enable(self, secret: Secret, engine: str, strategy: str) -> str:
        """Attach it to a function of this engine and strategy."""
        options = ["--engine", engine, "--strategy", strategy, "--schedule", "rate(30 days)"]
        return self._join("rotationctl", "enable", reference(secret), *options)

    def leaked(self, secret: Secret, options: Sequence[str]) -> str:
        """Go on until a leaked password is dead."""
        return self._join("rotationctl", "leaked", reference(secret), *options)

    def watch(self, secret: Secret) -> str:
        """Follow the rotation."""
        return self._join("rotationctl", "status", "--watch", reference(secret))

    def check(self, secret: Secret) -> str:
        """Find out why it does not rotate."""
        return self._join("rotationctl", "check", reference(secret))

    def history(self, secret: Secret) -> str:
        """Show what became of its rotations, and why one failed."""
        return self._join("rotationctl", "history", reference(secret))

    def show_function(self, secret: Secret) -> str:
        """Show what rotates it, how and where."""
        return self._join("aws", "lambda", "get-function-configuration", "--function-name", secret.function_arn or "")

    def show_secret(self, secret: Secret) -> str:
        """Show its tags, and all else that may tell whose it is."""
        return self._secrets_manager("DescribeSecret", secret)

    def show_primary(self, secret: Secret) -> str:
        """The same question, where the secret rotates."""
        there = Connection(self.connection.profile, secret.primary_region)
        return shell_line(["rotationctl", "status", reference(secret), *there.options])

    def _events(self, secret: Secret, group: str, *options: str) -> str:
        since = int(((secret.last_changed or self.now) - _BEFORE_THE_CHANGE).timestamp() * 1000)
        asked = ["aws", "logs", "filter-log-events", "--log-group-name", group, "--start-time", str(since), *options]
        return self._join(*asked, "--query", "events[].[message]", "--output", "text")

    def _secrets_manager(self, operation: str, secret: Secret, **parameters: str) -> str:
        return self.connection.complete(secrets_manager(operation, reference(secret), **parameters))

    def _join(self, *words: str) -> str:
        return shell_line([*words, *self.connection.options])


_COMMANDS: dict[State, Callable[[Adviser, Secret], str]] = {
    State.FAILING: Adviser.recover,
    State.STUCK: Adviser.recover,
    State.OVERDUE: Adviser.rotate,
    State.NEVER: Adviser.rotate,
    State.OFF: Adviser.rotate,
    State.OTHER: Adviser.show_function,
    State.UNUSED: Adviser.show_secret,
    State.ROTATING: Adviser.watch,
    State.REPLICA: Adviser.show_primary,
}


def reference(secret: Secret) -> str:
    """The secret's name, or its ARN where the name could be taken for something else on a command line."""
    return secret.name if _PLAIN_NAME.fullmatch(secret.name) else secret.arn
