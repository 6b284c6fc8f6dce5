"""What the capacity page is computed from: a measured run, AWS's quotas and prices, and the template."""

import re
from dataclasses import dataclass
from typing import Self

from benchmarks.estimate.arithmetic import ALTERNATING_USERS, SINGLE_USER, Demand, Effort, Stack, lambda_seconds
from benchmarks.estimate.assumptions import INVOCATIONS, Prices, Quotas, Use, read_assumptions
from benchmarks.result import FleetRotated, Result
from lab.lambda_environment.code import REPOSITORY
from lab.pairing import PAIRINGS, StrategyName

MEASURED = REPOSITORY / "docs" / "fleet.json"
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
    def read(cls) -> Self:
        """Read them from their files."""
        return cls(Result.read(MEASURED), *read_assumptions(), stack_of(TEMPLATE.read_text()))

    @property
    def effort(self) -> Effort:
        """The most that a rotation takes of any function: calls, time and logs."""
        functions = self.result.fleet_functions
        return Effort(
            max(map(demand_of, functions), key=lambda demand: demand.calls),
            max(map(self.lambda_seconds, functions)),
            max(self.alone(function).log_bytes for function in functions),
        )

    def lambda_seconds(self, function: str) -> float:
        """The estimate of a cold rotation on Lambda."""
        cold = self.result.cold_start_seconds[function]
        return lambda_seconds(self.alone(function), cold, self.stack, self.use)

    def alone(self, function: str) -> FleetRotated:
        """The function's largest fleet of those that were rotated with the fewest at once: nothing to wait for."""
        own = [fleet for fleet in self.result.fleets if fleet.function == function]
        return min(own, key=lambda fleet: (fleet.at_once, -fleet.secrets))


DEMANDS = {StrategyName.SINGLE_USER: SINGLE_USER, StrategyName.ALTERNATING_USERS: ALTERNATING_USERS}


def demand_of(function: str) -> Demand:
    """The calls of the function's strategy."""
    return DEMANDS[PAIRINGS[function].strategy]


OF_THE_DOCTOR = ("HasDoctor", "VerifiesDaily")
"""The conditions of the resources in template.yaml that are the doctor's."""


def stack_of(template: str) -> Stack:
    """What the template deploys, from its text."""
    memory = re.search(r"^ +MemorySize: (\d+)$", template, re.MULTILINE)
    if memory is None:
        raise ValueError("The template states no MemorySize.")
    return Stack(
        memory_mb=int(memory[1]),
        metrics=_count(template, "AWS::Serverless::Function") * INVOCATIONS * METRICS_PER_STEP,
        alarms=_count(template, "AWS::CloudWatch::Alarm"),
        dashboards=_count(template, "AWS::CloudWatch::Dashboard"),
    )


def _count(template: str, kind: str) -> int:
    """How many resources of a type there are, but for the doctor's: it rotates nothing, and counts on demand."""
    conditions = re.findall(rf"Type: {kind}\n(?:    Condition: (\w+)\n)?", template)
    return sum(condition not in OF_THE_DOCTOR for condition in conditions)
