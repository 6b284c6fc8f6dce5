"""What the capacity page is computed from: a measured run, AWS's quotas and prices, and the template."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from benchmarks.fleet.capacity import (
    ALTERNATING_USERS,
    SINGLE_USER,
    Demand,
    Effort,
    Prices,
    Quotas,
    Stack,
    Use,
    lambda_seconds,
)
from benchmarks.fleet.result import STEPS, Result, Row
from lab.lambda_environment.code import REPOSITORY
from lab.world import StrategyName

MEASURED = REPOSITORY / "docs" / "fleet.json"
ASSUMPTIONS = Path(__file__).with_name("assumptions.toml")
TEMPLATE = REPOSITORY / "template.yaml"
METRICS_PER_STEP = 3


@dataclass(frozen=True)
class Inputs:
    """All that the page depends on."""

    result: Result
    quotas: Quotas
    prices: Prices
    use: Use
    stack: Stack

    @classmethod
    def read(cls, measured: Path = MEASURED, assumptions: Path = ASSUMPTIONS) -> Self:
        """Read them from their files."""
        stated = tomllib.loads(assumptions.read_text())
        result = Result.read(measured)
        return cls(
            result,
            Quotas(**stated["quotas"]),
            Prices(**stated["prices"]),
            Use(**stated["use"]),
            stack_of(TEMPLATE.read_text()),
        )

    @property
    def effort(self) -> Effort:
        """The most that a rotation takes of any function: calls, time and logs."""
        functions = self.result.functions
        return Effort(
            max(map(demand_of, functions), key=lambda demand: demand.calls),
            max(map(self.lambda_seconds, functions)),
            max(self.alone(function).log_bytes for function in functions),
        )

    def lambda_seconds(self, function: str) -> float:
        """The estimate of a cold rotation on Lambda."""
        cold = self.result.cold_start_seconds[function]
        return lambda_seconds(self.alone(function), cold, self.stack, self.use)

    def alone(self, function: str) -> Row:
        """The function's largest fleet of those that were rotated with the fewest at once: nothing to wait for."""
        own = [row for row in self.result.rows if row.function == function]
        return min(own, key=lambda row: (row.at_once, -row.secrets))


def demand_of(function: str) -> Demand:
    """The calls of the function's strategy."""
    return ALTERNATING_USERS if function.endswith(StrategyName.ALTERNATING_USERS) else SINGLE_USER


def stack_of(template: str) -> Stack:
    """What the template deploys, from its text."""
    memory = re.search(r"^ +MemorySize: (\d+)$", template, re.MULTILINE)
    if memory is None:
        raise ValueError("The template states no MemorySize.")
    functions = template.count("Type: AWS::Serverless::Function\n")
    return Stack(
        memory_mb=int(memory[1]),
        metrics=functions * len(STEPS) * METRICS_PER_STEP,
        alarms=template.count("Type: AWS::CloudWatch::Alarm\n"),
        dashboards=template.count("Type: AWS::CloudWatch::Dashboard\n"),
    )
