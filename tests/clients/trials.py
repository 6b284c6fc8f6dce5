"""A client as a process of its own, run through rotations by a function in this process."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lab.client import ClientProcess, Plan, Trial
from lab.observation import ObservedFunction, StepReport
from lab.up.client import client_environment
from secret_rotation.request import Step
from tests.fixtures.rotation import Application

if TYPE_CHECKING:
    from lab.client.tally import Tally

EXAMPLES = Path(__file__).parents[2] / "examples" / "clients"
PATIENT = Path(__file__).with_name("patient.py")
PLAN = Plan(rotations=3, pause_seconds=0.1, step_seconds=0.05)
"""With three, a client meets the end of the password that it began with, also where each outlives a rotation."""
SUCCESSES_SECONDS = 30
"""How long to wait for requests to succeed after a rotation: only a client that is refused takes as long."""


def example(name: str) -> list[str]:
    """The command that runs an example, which is as patient as a slow machine asks for."""
    return [sys.executable, str(PATIENT), str(EXAMPLES / name)]


def run_through_rotations(
    application: Application,
    command: Sequence[str],
    *,
    show: Callable[[str], None] = print,
    plan: Plan = PLAN,
    successes: int = 0,
) -> "tuple[Tally, list[str]]":
    """Run a client through rotations, after each so many requests of it; what it said, and what went wrong."""
    trial, secret = Trial(plan, show), application.secret

    def report(step: StepReport) -> None:
        trial.report(step)
        if successes and step.step == Step.FINISH_SECRET:
            before = trial.tally.all.succeeded
            trial.tally.wait_for_success(SUCCESSES_SECONDS, after=before + successes - 1)

    secret.enable_rotation(ObservedFunction(application.function, secret.cloud, {}, report))
    environment = client_environment(secret.cloud, secret.arn, application.user.server.ca_bundle)
    faults = trial.run(application, ClientProcess(command, environment, trial.tally, show))
    return trial.tally, faults
