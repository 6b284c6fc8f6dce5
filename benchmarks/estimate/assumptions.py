"""What AWS grants and charges, and how the secrets are used, as assumptions.toml states it."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from secret_rotation.request import Step

FILE = Path(__file__).with_name("assumptions.toml")
INVOCATIONS = len(Step)
MB_PER_GB = 1024


@dataclass(frozen=True)
class Quotas:
    """AWS's quotas."""

    writes_per_second: int
    rotate_secret_per_second: int
    get_secret_value_per_second: int
    describe_secret_per_second: int
    concurrent_executions: int
    invocations_per_second: int


@dataclass(frozen=True)
class Prices:
    """AWS's prices, in dollars."""

    as_of: str
    region: str
    secret_month: float
    api_calls_10_000: float
    lambda_requests_million: float
    lambda_gb_second: float
    kms_requests_10_000: float
    kms_key_month: float
    logs_gb: float
    metric_month: float
    alarm_month: float
    dashboard_month: float

    def invocations(self, seconds: float, memory_mb: int) -> dict[str, float]:
        """What the four invocations of a rotation cost, which take so many seconds together, item by item."""
        return {
            "Lambda, requests": INVOCATIONS / 1_000_000 * self.lambda_requests_million,
            "Lambda, GB-seconds": seconds * memory_mb / MB_PER_GB * self.lambda_gb_second,
        }


@dataclass(frozen=True)
class Use:
    """How the fleet is used, and what the estimates of Lambda rest on."""

    rotations_a_month: float
    share_of_writes: float
    vcpu_memory_mb: int
    lambda_log_bytes: int


def read_assumptions() -> tuple[Quotas, Prices, Use]:
    """Read all of them."""
    stated = tomllib.loads(FILE.read_text())
    return Quotas(**stated["quotas"]), Prices(**stated["prices"]), Use(**stated["use"])
