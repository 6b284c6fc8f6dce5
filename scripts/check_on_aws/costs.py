"""How long it takes and what it costs, about: nobody has run it yet."""

import math
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ASSUMPTIONS = HERE.parents[1] / "benchmarks" / "estimate" / "assumptions.toml"
HOURS_A_MONTH = 730
STORAGE_GB = 20
ENDPOINTS = 2
SECRETS_OF_AN_ENGINE = 3
CALLS_OF_AN_ENGINE = 10_000
"""Of Secrets Manager: the client reads AWSCURRENT before each login."""
MINUTES_TO_MAKE, MINUTES_OF_AN_ENGINE, MINUTES_TO_DELETE = 25, 30, 35


@dataclass(frozen=True)
class Estimate:
    """What to expect.

    Attributes:
        minutes: from the yes to the end.
        dollars: for that time.
        dollars_a_day: of what --keep leaves.
        source: what the prices are, of which region, and of when.
    """

    minutes: int
    dollars: float
    dollars_a_day: float
    source: str

    def __str__(self) -> str:
        return (
            f"It takes about {self.minutes} minutes and costs about {self.dollars:.2f} US dollars; what --keep leaves "
            f"costs about {self.dollars_a_day:.2f} a day. These are estimates, by {self.source}."
        )


def estimate(engines: Collection[str]) -> Estimate:
    """What a run with these engines takes."""
    prices = tomllib.loads((HERE / "prices.toml").read_text())
    suites = tomllib.loads(ASSUMPTIONS.read_text())["prices"]
    minutes = MINUTES_TO_MAKE + MINUTES_OF_AN_ENGINE * len(engines) + MINUTES_TO_DELETE
    an_hour = _hour(prices, suites, len(engines))
    calls = len(engines) * CALLS_OF_AN_ENGINE / 10_000 * suites["api_calls_10_000"]
    source = f"prices of {prices['region']}, {prices['as_of']}, without free tiers"
    return Estimate(minutes, an_hour * math.ceil(minutes / 60) + calls, an_hour * 24, source)


def _hour(prices: dict[str, Any], suites: dict[str, Any], engines: int) -> float:
    """What Lambda, CloudWatch's alarms and EventBridge take comes to cents, and is left out."""
    instances = engines * (prices["instance_hour"] + STORAGE_GB * prices["storage_gb_month"] / HOURS_A_MONTH)
    by_the_month = engines * SECRETS_OF_AN_ENGINE * suites["secret_month"] + suites["dashboard_month"]
    return float(instances + ENDPOINTS * prices["endpoint_hour"] + by_the_month / HOURS_A_MONTH)
