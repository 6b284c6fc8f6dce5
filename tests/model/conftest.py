"""The model of processes that run at once."""

from collections.abc import Callable

import pytest

from lab.interleavings import Deployment, Model
from tests.fixtures.interleavings import SCHEDULES, STATES
from tests.model.cases import MakeModel


@pytest.fixture
def make_model(record_property: Callable[[str, object], None]) -> MakeModel:
    """Make a model: ``make_model(deployment)``."""

    def record(states: int, schedules: int) -> None:
        record_property(STATES, states)
        record_property(SCHEDULES, schedules)

    return lambda deployment: Model(deployment, record)


@pytest.fixture
def model(deployment: Deployment, make_model: MakeModel) -> Model:
    """The model of the deployment that a test is parametrized with."""
    return make_model(deployment)
