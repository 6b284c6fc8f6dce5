"""Which rotation function an ARN names: one of this product's, by its name, or another."""

import pkgutil
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import product
from types import ModuleType

from secret_rotation import engines, strategies

ENOUGH_LETTERS = len("PostgresqlS")
"""Of a resource's name that CloudFormation has cut: with so many, each of ours differs from the others."""
DOCTOR = "RotationDoctorFunction"
"""The resource in template.yaml that looks at secrets from within the network."""
DOCTOR_BY_HAND = "rotation-doctor"
"""What it is called where the rotation functions are called after their pairings, and its log group in every stack."""
MAX_NAME = 64
"""Lambda's limit on names, to which CloudFormation cuts the stack's name and the resource's."""


class Strategy(StrEnum):
    """The strategies, as they are typed."""

    SINGLE_USER = "single-user"
    ALTERNATING_USERS = "alternating-users"

    @property
    def module(self) -> str:
        """What the layer calls it."""
        return self.name.lower()


ALTERNATING_USERS = Strategy.ALTERNATING_USERS.module
"""The strategy with two users, as the layer calls it."""


@dataclass(frozen=True, slots=True)
class RotationFunction:
    """One of the functions of this product.

    Attributes:
        log_group: None where the name does not tell it.
    """

    engine: str
    strategy: str
    log_group: str | None

    def __str__(self) -> str:
        return f"{self.engine}, {self.strategy.replace('_', ' ')}"


@cache
def logical_names() -> dict[str, tuple[str, str]]:
    """The engine and strategy of each function, by the name of its resource in template.yaml."""
    pairings = product(_modules(engines), _modules(strategies))
    return {f"{_camel(engine)}{_camel(strategy)}Function": (engine, strategy) for engine, strategy in pairings}


def function_name(arn: str) -> str:
    """The name in a function's ARN, without the version or alias that may follow it."""
    return arn.split(":")[6] if arn.count(":") > 5 else arn  # noqa: PLR2004 - arn:aws:lambda:region:account:function:NAME


def recognise(arn: str) -> RotationFunction | None:
    """The function that an ARN names, or None where it is another's.

    CloudFormation names a function after its stack and its resource, `secret-rotation-MysqlSingleUserFunction-4AbC`,
    and cuts both where that is too long. A function that was deployed by hand may be called after its pairing,
    `mysql-single-user`. Nothing else is known of it without asking Lambda.
    """
    name = function_name(arn)
    return _of_a_stack(name) or _by_pairing(name)


def is_doctor_of(function: str, other: str) -> bool:
    """Whether the function of the other name is the doctor of the stack that this rotation function is of."""
    pairing = _pairing_at_the_end(function)
    if pairing:
        return other == function.removesuffix(_kebab(pairing)) + DOCTOR_BY_HAND
    ours, theirs = _parts(function), _parts(other)
    if ours is None or theirs is None or not DOCTOR.startswith(theirs[1]) or len(theirs[1]) < ENOUGH_LETTERS:
        return False
    (stack, _), (other_stack, _) = ours, theirs
    is_cut = MAX_NAME in (len(function), len(other))
    return stack == other_stack or (is_cut and (stack.startswith(other_stack) or other_stack.startswith(stack)))


def _parts(name: str) -> tuple[str, str] | None:
    """The stack's name and the resource's in a function's name."""
    found = re.fullmatch(r"(.+)-([A-Za-z]+)-[A-Za-z0-9]+", name)
    return (found[1], found[2]) if found else None


def _of_a_stack(name: str) -> RotationFunction | None:
    parts = _parts(name)
    if parts is None or len(parts[1]) < ENOUGH_LETTERS:
        return None
    stack, resource = parts
    for logical, pairing in logical_names().items():
        if logical.startswith(resource):
            is_whole = logical == resource and len(name) < MAX_NAME
            return RotationFunction(*pairing, f"/aws/lambda/{stack}/{_kebab(pairing)}" if is_whole else None)
    return None


def _by_pairing(name: str) -> RotationFunction | None:
    pairing = _pairing_at_the_end(name)
    return RotationFunction(*pairing, f"/aws/lambda/{name}") if pairing else None


def _pairing_at_the_end(name: str) -> tuple[str, str] | None:
    return next((p for p in logical_names().values() if f"-{name}".endswith(f"-{_kebab(p)}")), None)


def _kebab(pairing: tuple[str, str]) -> str:
    return "-".join(pairing).replace("_", "-")


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _modules(package: ModuleType) -> list[str]:
    """The names of a package's modules, none of which is imported: they bring database drivers."""
    return sorted(module.name for module in pkgutil.iter_modules(package.__path__))
