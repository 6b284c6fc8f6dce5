"""An engine with a strategy: for each such pairing there is a function."""

from dataclasses import dataclass
from enum import StrEnum
from itertools import product, starmap

from lab.engines import KITS, Kit
from secret_rotation.strategies.alternating_users import AlternatingUsers
from secret_rotation.strategies.single_user import SingleUser
from secret_rotation.strategy import Strategy

_CLASSES: dict[str, type[Strategy]] = {kind.name: kind for kind in (SingleUser, AlternatingUsers)}


class StrategyName(StrEnum):
    """The strategies, as the functions are named after them."""

    SINGLE_USER = SingleUser.name
    ALTERNATING_USERS = AlternatingUsers.name

    @property
    def strategy(self) -> type[Strategy]:
        return _CLASSES[self]

    @property
    def words(self) -> str:
        return self.replace("_", " ")


@dataclass(frozen=True)
class Pairing:
    """An engine with a strategy."""

    kit: Kit
    strategy: StrategyName

    @property
    def function(self) -> str:
        return f"{self.kit.name}_{self.strategy}"

    @property
    def words(self) -> str:
        """The function in prose, such as "PostgreSQL, single user"."""
        return f"{self.kit.brand}, {self.strategy.words}"

    @property
    def has_gap(self) -> bool:
        """Whether AWSCURRENT is refused from setSecret to finishSecret: its user is in use, and has one password."""
        return self.strategy is StrategyName.SINGLE_USER and not self.kit.engine.keeps_old_password

    @property
    def needs_superuser(self) -> bool:
        """Whether a secret has to name the secret of a superuser."""
        return self.strategy.strategy.superuser_required

    def __str__(self) -> str:
        return self.function


PAIRINGS = {pairing.function: pairing for pairing in starmap(Pairing, product(KITS, StrategyName))}
"""All there are, by the names of their functions."""
