"""The function that is to rotate a secret: named, or found among those of this product by engine and strategy."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotationctl.exits import Exit, Failure
from rotationctl.functions import function_name, logical_names, recognise
from rotationctl.secret import Secret

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_secretsmanager import SecretsManagerClient


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line says of the function.

    Attributes:
        engine: None where each secret says it.
        reads_value: whether the engine may be read out of a secret's value.
    """

    function_arn: str | None
    strategy: str | None
    engine: str | None
    reads_value: bool


@dataclass(frozen=True, slots=True)
class Targets:
    """Finds the function for a secret, among those that there are."""

    wanted: Wanted
    functions: Sequence[str]
    secrets: "SecretsManagerClient"

    def find(self, secret: Secret) -> str:
        """The ARN of the function.

        Raises:
            Failure: there is none, or more than one, or nothing says which engine the secret is of.
        """
        if self.wanted.function_arn:
            return self.wanted.function_arn
        engine, strategy = self._engine(secret), str(self.wanted.strategy).replace("-", "_")
        found = [arn for arn in self.functions if _pairing(arn) == (engine, strategy)]
        if len(found) == 1:
            return found[0]
        which = f"for {engine} with {self.wanted.strategy}"
        if not found:
            raise Failure(f"No function {which} is deployed in this region. Name one by --function.", Exit.NOT_FINE)
        names = ", ".join(map(function_name, found))
        raise Failure(f"There are several functions {which}: {names}. Choose by --stack or --function.", Exit.NOT_FINE)

    def _engine(self, secret: Secret) -> str:
        """The engine: by the command line, by who rotates the secret now, or by its value where that may be read."""
        engine = self.wanted.engine or engine_in(function_name(secret.function_arn or ""), engines())
        if engine is None and self.wanted.reads_value:
            engine = self._engine_in_value(secret)
        if engine is None:
            choice = "|".join(engines())
            raise Failure(f"Its metadata does not tell the engine: add --engine {choice}, or --read-value.", Exit.USAGE)
        return engine

    def _engine_in_value(self, secret: Secret) -> str | None:
        """What the secret's own key `engine` says; nothing else of the value is looked at, and none of it is shown."""
        text = self.secrets.get_secret_value(SecretId=secret.arn).get("SecretString", "")
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):  # no JSON, or nested too deeply to be read
            return None
        named = value.get("engine") if isinstance(value, dict) else None
        family = str(named).removeprefix("aurora-")
        return next((engine for engine in engines() if family and engine.startswith(family)), None)


def engines() -> list[str]:
    """The names of the engines."""
    return sorted({engine for engine, _ in logical_names().values()})


def strategies() -> list[str]:
    """The strategies, as they are typed."""
    return sorted({strategy.replace("_", "-") for _, strategy in logical_names().values()})


def engine_in(name: str, known: Iterable[str]) -> str | None:
    """The engine that a function's name tells, such as SecretsManagerRDSPostgreSQLRotationSingleUser of AWS."""
    return next((engine for engine in known if engine in name.lower()), None)


def functions_of(client: "LambdaClient", stack: str | None) -> list[str]:
    """The ARNs of the functions of this product, those of one stack if it is named; a call for each fifty functions."""
    pages = client.get_paginator("list_functions").paginate()
    arns = [function["FunctionArn"] for page in pages for function in page["Functions"]]
    return [arn for arn in arns if recognise(arn) and (stack is None or function_name(arn).startswith(f"{stack}-"))]


def _pairing(arn: str) -> tuple[str, str] | None:
    found = recognise(arn)
    return (found.engine, found.strategy) if found else None
