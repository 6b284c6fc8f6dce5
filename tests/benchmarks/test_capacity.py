"""The capacity page: its arithmetic, and that it says what its inputs say."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from benchmarks.estimate.arithmetic import (
    ALTERNATING_USERS,
    SINGLE_USER,
    Effort,
    Stack,
    lambda_seconds,
    limits,
    monthly_cost,
    per_minute,
    rotation_cost,
    share_of_writes,
)
from benchmarks.estimate.inputs import Inputs
from benchmarks.publish.capacity import CURVES, PAGE, page_with
from benchmarks.publish.fleet import curves
from benchmarks.publish.svg import round_up
from benchmarks.result import Part

STACK = Stack(memory_mb=512, metrics=48, alarms=12, dashboards=1)


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    """What is committed."""
    return Inputs.read()


def test_the_page_is_up_to_date(inputs: Inputs) -> None:
    """docs/capacity.md has each computed part, as `make capacity` would write it."""
    text = PAGE.read_text()
    assert page_with(inputs, text) == text


def test_the_curves_are_up_to_date(inputs: Inputs) -> None:
    """docs/fleet.svg is well-formed, and drawn from docs/fleet.json."""
    text = CURVES.read_text()
    assert ET.fromstring(text).tag.endswith("svg")  # noqa: S314 - our own file
    assert curves(inputs.result) == text


def test_the_page_follows_its_inputs(inputs: Inputs) -> None:
    """Another price, quota or memory size changes the page."""
    text = PAGE.read_text()
    for changed in (
        {"prices": replace(inputs.prices, secret_month=0.5)},
        {"quotas": replace(inputs.quotas, writes_per_second=100)},
        {"stack": replace(inputs.stack, memory_mb=256)},
        {"use": replace(inputs.use, rotations_a_month=4.0)},
    ):
        assert page_with(replace(inputs, **changed), text) != text


def test_the_measured_fleet_lost_nothing_and_stays_within_the_budget(inputs: Inputs) -> None:
    """The committed run has all sizes, no failure, and 8 or 9 calls a rotation.

    It is one more where another environment runs testSecret than the other steps. What is repeated now and then is less
    than a call in a hundred rotations.
    """
    assert {fleet.secrets for fleet in inputs.result.fleets} >= {1, 10, 100, 500, 1000}
    assert not any(fleet.failures for fleet in inputs.result.fleets)
    for fleet in inputs.result.fleets:
        budget = 9 if fleet.function.endswith("alternating_users") else 8
        assert budget <= round(fleet.calls, 2) <= budget + 1


def test_writes_bind(inputs: Inputs) -> None:
    """A rotation writes twice, so that 50 writes a second are 25 rotations; every other quota allows more."""
    first, *others = limits(inputs.quotas, Effort(ALTERNATING_USERS, 1.0, 0))
    assert (first.name, first.rotations_per_second) == ("Writes of secrets a second", 25)
    assert [round(limit.rotations_per_second) for limit in others] == [50, 1000, 2000, 2500, 20_000]


def test_lambda_binds_only_where_rotations_are_very_slow(inputs: Inputs) -> None:
    """At 25 a second, 1,000 functions at once are enough up to 40 s a rotation."""
    assert limits(inputs.quotas, Effort(SINGLE_USER, 39.0, 0))[0].name == "Writes of secrets a second"
    assert limits(inputs.quotas, Effort(SINGLE_USER, 41.0, 0))[0].name == "Lambda's concurrent executions"


@pytest.mark.parametrize(
    ("secrets", "hours", "rate", "share"),
    [(1_000, 1, 16.67, 0.011), (100_000, 1, 1666.67, 1.111), (100_000, 24, 69.44, 0.046)],
)
def test_windows(inputs: Inputs, secrets: int, hours: float, rate: float, share: float) -> None:
    """A fleet over a window is so many rotations a minute, and so much of the quota on writes."""
    assert per_minute(secrets, hours) == pytest.approx(rate, abs=0.01)
    assert share_of_writes(per_minute(secrets, hours), inputs.quotas, SINGLE_USER) == pytest.approx(share, abs=0.001)


def test_the_estimate_for_lambda(inputs: Inputs) -> None:
    """What is computed takes longer by the function's share of a processor; what is waited does not."""
    fleet = replace(
        inputs.result.fleets[0], step_seconds={"createSecret": 0.1, "setSecret": 0.2}, cpu_seconds={Part.FUNCTION: 0.1}
    )
    whole = replace(STACK, memory_mb=inputs.use.vcpu_memory_mb)
    assert lambda_seconds(fleet, 0.4, whole, inputs.use) == pytest.approx(0.2 + 0.5)
    assert lambda_seconds(fleet, 0.4, STACK, inputs.use) == pytest.approx(0.2 + 0.5 * 1769 / 512)


def test_costs(inputs: Inputs) -> None:
    """Ten thousand secrets, each rotated once, at the committed prices."""
    bill = monthly_cost(10_000, Effort(ALTERNATING_USERS, 1.0, 2_000), inputs.prices, inputs.use, STACK)
    assert {item: round(dollars, 3) for item, dollars in bill.items()} == {
        "The secrets themselves": 4_000.0,
        "Calls of Secrets Manager": 0.45,  # 90,000
        "Lambda, requests": 0.008,  # 40,000
        "Lambda, GB-seconds": 0.067,  # 5,000
        "KMS, requests": 0.18,  # 60,000
        "CloudWatch, logs": 0.016,  # 32 MB
        "KMS, one key": 1.0,
        "CloudWatch, metrics, alarms and dashboard": 18.6,
    }


def test_the_short_answer_is_true(inputs: Inputs) -> None:
    """Writes bind by far, 100,000 secrets do not fit into an hour, and a rotation is under one percent of a secret."""
    first, *others = limits(inputs.quotas, inputs.effort)
    assert first.name == "Writes of secrets a second"
    lambda_limit = next(limit for limit in others if "concurrent" in limit.name)
    assert lambda_limit.rotations_per_second > 10 * first.rotations_per_second
    assert share_of_writes(per_minute(100_000, 1), inputs.quotas, inputs.effort.demand) > 1
    rotation = sum(rotation_cost(inputs.effort, inputs.prices, inputs.use, inputs.stack).values())
    assert rotation * inputs.use.rotations_a_month < 0.01 * inputs.prices.secret_month


def test_the_template_is_read(inputs: Inputs) -> None:
    """Memory, metrics, alarms and dashboard are those that the template deploys."""
    assert inputs.stack == replace(STACK, memory_mb=1024)


@pytest.mark.parametrize(("value", "rounded"), [(3, 4), (4, 4), (87, 120), (118, 120), (130, 200), (0.9, 1.2)])
def test_axes_end_at_round_numbers(value: float, rounded: float) -> None:
    """A fourth of an axis is a number that is read at a glance."""
    assert round_up(value) == pytest.approx(rounded)
