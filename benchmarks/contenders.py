"""What is compared: the suite's functions as `sam build` made them, and the floor's."""

from enum import StrEnum
from pathlib import Path

from lab.lambda_environment import FunctionCode
from lab.lambda_environment.code import BUILD

FLOOR = Path(__file__).with_name("floor")
DEPENDENCIES = Path("DependenciesLayer", "python")


class Contender(StrEnum):
    """Who rotates."""

    SUITE = "suite"
    FLOOR = "floor"

    def code(self, function: str, build: Path = BUILD) -> FunctionCode:
        """Where its function of that name lies. The floor takes its driver from the same layer."""
        if self is Contender.SUITE:
            return FunctionCode.from_build(function, build)
        return FunctionCode(FLOOR, (build / DEPENDENCIES,), handler=f"{function}.lambda_handler")
