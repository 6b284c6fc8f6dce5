"""What the checks ask about: one secret, and what AWS knows of it and of its function."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rotationctl import fleet
from rotationctl.checks.asking import UnansweredError, ask
from rotationctl.checks.inquiry import Inquiry
from rotationctl.checks.planned import Planned
from rotationctl.functions import RotationFunction, function_name, recognise
from rotationctl.remedies import Adviser, reference
from rotationctl.secret import Secret
from rotationctl.versions import Version, read_versions
from secret_rotation.commands import Value, secrets_manager, shell_line

SERVICE = "secretsmanager"


@dataclass
class Case:
    """One secret that is looked at.

    Attributes:
        reference: the name or ARN that was typed.
        adviser: knows how AWS is reached, and the commands to type.
        planned: what is to be attached; None where the secret is looked at as it is.
        database: the identifier of the instance or cluster in RDS, which metadata does not tell.
        aws: what is asked.
    """

    reference: str
    adviser: Adviser
    planned: Planned | None = None
    database: str | None = None
    aws: Inquiry = field(init=False)

    def __post_init__(self) -> None:
        """Nothing was asked yet."""
        self.aws = Inquiry(self.adviser.connection)

    @property
    def secret(self) -> Secret:
        """The secret's metadata.

        Raises:
            Failure: there is none, or it may not be read: then nothing can be said of it.
        """
        options = self.adviser.connection.options
        return self.aws.once("secret", lambda: fleet.describe_secret(self.aws.client(SERVICE), self.reference, options))

    @property
    def versions(self) -> list[Version]:
        """The secret's versions.

        Raises:
            UnansweredError: they may not be listed.
        """
        options = self.adviser.connection.options
        return self.aws.once(
            "versions", lambda: ask(SERVICE, lambda: read_versions(self.aws.client(SERVICE), self.secret), options)
        )

    @property
    def function_arn(self) -> str | None:
        """The rotation function: the one that is to be attached, or else the secret's own.

        Raises:
            UnansweredError: it has to be looked for, and may not be.
        """
        if self.planned is None:
            return self.secret.function_arn
        return self.planned.function_arn or (self.candidates[0] if len(self.candidates) == 1 else None)

    @property
    def function(self) -> RotationFunction | None:
        """The same, where it is one of this product."""
        return recognise(self.function_arn) if self.function_arn else None

    @property
    def name(self) -> str:
        """The rotation function's name."""
        return function_name(self.function_arn or "")

    @property
    def candidates(self) -> list[str]:
        """The functions of this product that have the strategy that is planned."""
        wanted = self.planned and self.planned.strategy.module
        arns = (str(function["FunctionArn"]) for function in self.functions)
        return [arn for arn in arns if (found := recognise(arn)) and found.strategy == wanted]

    @property
    def functions(self) -> list[Mapping[str, Any]]:
        """All functions of the account and region.

        Raises:
            UnansweredError: they may not be listed.
        """
        return self.aws.once("functions", lambda: self.aws.pages("lambda", "list_functions", "Functions"))

    @property
    def configuration(self) -> Mapping[str, Any]:
        """How the rotation function is configured.

        Raises:
            UnansweredError: it may not be read.
            MissingError: there is no such function.
        """
        asked = {"FunctionName": self.function_arn}
        return self.aws.once("configuration", lambda: self.aws.call("lambda", "get_function_configuration", **asked))

    @property
    def role_arn(self) -> str:
        """The role of the rotation function."""
        return str(self.configuration["Role"])

    @property
    def account(self) -> str:
        """The account that the secret is in."""
        return self.secret.arn.split(":")[4]

    @property
    def word(self) -> str:
        """The secret, for a command line."""
        return reference(self.secret)

    @property
    def enabling(self) -> str | None:
        """The command that attaches what is planned; None where it is not known which function that is.

        It names the function: by a strategy alone nothing is found for a secret whose engine metadata does not tell.
        """
        if self.planned is None:
            return None
        try:
            function = self.function_arn
        except UnansweredError:
            return None
        return function and self.rotationctl("enable", self.word, "--function", function, "--schedule", "rate(30 days)")

    def command(self, *words: str) -> str:
        """A command of the AWS command line, with the options of this one."""
        return self._type("aws", *words)

    def rotationctl(self, *words: str) -> str:
        """A command of this program, with the options of this one."""
        return self._type("rotationctl", *words)

    def secrets_manager(self, operation: str, *words: str, **parameters: Value) -> str:
        """The command that calls an operation of Secrets Manager on the secret, whatever that is called."""
        command = secrets_manager(operation, reference(self.secret), **parameters)
        return self.adviser.connection.complete(command, *words)

    def _type(self, *words: str) -> str:
        return shell_line([*words, *self.adviser.connection.options])
