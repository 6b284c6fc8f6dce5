"""How large a fleet AWS's quotas carry, and what it costs: arithmetic on documented and measured numbers, no I/O."""

from dataclasses import dataclass

from benchmarks.estimate.assumptions import INVOCATIONS, Prices, Quotas, Use
from benchmarks.result import FleetRotated, Part

BYTES_PER_GB = 10**9
MINUTES_PER_HOUR, SECONDS_PER_MINUTE = 60, 60


@dataclass(frozen=True)
class Stack:
    """What the template deploys once, whatever the size of the fleet."""

    memory_mb: int
    metrics: int
    alarms: int
    dashboards: int


@dataclass(frozen=True)
class Demand:
    """The calls of Secrets Manager that the function makes for one rotation."""

    describe_secret: int
    get_secret_value: int
    writes: int

    @property
    def calls(self) -> int:
        """All of them."""
        return self.describe_secret + self.get_secret_value + self.writes

    @property
    def kms_requests(self) -> int:
        """What they ask of KMS: each value is encrypted or decrypted once. One of the two writes moves a label only."""
        return self.get_secret_value + self.writes - 1


SINGLE_USER = Demand(describe_secret=2, get_secret_value=4, writes=2)
ALTERNATING_USERS = Demand(describe_secret=2, get_secret_value=5, writes=2)


@dataclass(frozen=True)
class Effort:
    """What one rotation takes on AWS.

    Attributes:
        demand: calls of Secrets Manager.
        seconds: that Lambda bills for its four invocations, all together.
        log_bytes: that the function writes.
    """

    demand: Demand
    seconds: float
    log_bytes: float


@dataclass(frozen=True)
class Limit:
    """A quota, what a rotation needs of it, and so how many rotations a second it allows."""

    name: str
    quota: int
    need: float

    @property
    def rotations_per_second(self) -> float:
        """How many rotations a second it allows."""
        return self.quota / self.need


def limits(quotas: Quotas, effort: Effort) -> list[Limit]:
    """All quotas that a rotation needs, the tightest first."""
    demand = effort.demand
    found = [
        Limit("Writes of secrets a second", quotas.writes_per_second, demand.writes),
        Limit("RotateSecret a second", quotas.rotate_secret_per_second, 1),
        Limit("GetSecretValue a second", quotas.get_secret_value_per_second, demand.get_secret_value),
        Limit("DescribeSecret a second", quotas.describe_secret_per_second, demand.describe_secret),
        Limit("Lambda's concurrent executions", quotas.concurrent_executions, effort.seconds),
        Limit("Invocations a second", quotas.invocations_per_second, INVOCATIONS),
    ]
    return sorted(found, key=lambda limit: limit.rotations_per_second)


def lambda_seconds(fleet: FleetRotated, cold_start_seconds: float, stack: Stack, use: Use) -> float:
    """An estimate of what a cold rotation takes on Lambda: it computes at Lambda's share of a vCPU, and waits as long.

    Args:
        fleet: as measured, with a whole core for itself.
        cold_start_seconds: as measured, all of which is computing.
        stack: whose memory buys the share.
        use: how much memory buys a whole vCPU.
    """
    slowdown = max(1.0, use.vcpu_memory_mb / stack.memory_mb)
    computing = fleet.cpu_seconds[Part.FUNCTION]
    waiting = max(0.0, sum(fleet.step_seconds.values()) - computing)
    return waiting + (computing + cold_start_seconds) * slowdown


def per_minute(secrets: int, hours: float) -> float:
    """How many rotations a minute a fleet is that is spread evenly over a window."""
    return secrets / (hours * MINUTES_PER_HOUR)


def share_of_writes(rotations_per_minute: float, quotas: Quotas, demand: Demand) -> float:
    """How much of the quota on writes the rotations take. Above 1 they cannot be done in that time."""
    return rotations_per_minute / SECONDS_PER_MINUTE * demand.writes / quotas.writes_per_second


def rotation_cost(effort: Effort, prices: Prices, use: Use, stack: Stack) -> dict[str, float]:
    """What one rotation costs, in dollars, item by item."""
    logged_bytes = effort.log_bytes + INVOCATIONS * use.lambda_log_bytes
    return {
        "Calls of Secrets Manager": effort.demand.calls / 10_000 * prices.api_calls_10_000,
        **prices.invocations(effort.seconds, stack.memory_mb),
        "KMS, requests": effort.demand.kms_requests / 10_000 * prices.kms_requests_10_000,
        "CloudWatch, logs": logged_bytes / BYTES_PER_GB * prices.logs_gb,
    }


def monthly_cost(secrets: int, effort: Effort, prices: Prices, use: Use, stack: Stack) -> dict[str, float]:
    """What a fleet costs in a month, in dollars, item by item."""
    rotations = secrets * use.rotations_a_month
    watched = stack.metrics * prices.metric_month + stack.alarms * prices.alarm_month
    return {
        "The secrets themselves": secrets * prices.secret_month,
        **{item: rotations * dollars for item, dollars in rotation_cost(effort, prices, use, stack).items()},
        "KMS, one key": prices.kms_key_month,
        "CloudWatch, metrics, alarms and dashboard": watched + stack.dashboards * prices.dashboard_month,
    }
