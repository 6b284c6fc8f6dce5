"""A client as a process of its own, run through rotations by a function in this process."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lab.client import ClientProcess, Plan, Trial
from lab.observation import ObservedFunction
from lab.up.client import client_environment
from tests.fixtures.rotation import Application

if TYPE_CHECKING:
    from lab.client.tally import Tally

EXAMPLES = Path(__file__).parents[2] / "examples" / "clients"
PLAN = Plan(rotations=3, pause_seconds=0.1, step_seconds=0.05)
"""With three, a client meets the end of the password that it began with, also where each outlives a rotation."""


def example(name: str) -> list[str]:
    """The command that runs an example."""
    return [sys.executable, str(EXAMPLES / name)]


def run_through_rotations(
    application: Application, command: Sequence[str], *, show: Callable[[str], None] = print, plan: Plan = PLAN
) -> "tuple[Tally, list[str]]":
    """Run a client through rotations; what it said, and what went wrong."""
    trial, secret = Trial(plan, show), application.secret
    secret.enable_rotation(ObservedFunction(application.function, secret.cloud, {}, trial.report))
    environment = client_environment(secret.cloud, secret.arn, application.user.server.ca_bundle)
    faults = trial.run(application, ClientProcess(command, environment, trial.tally, show))
    return trial.tally, faults
