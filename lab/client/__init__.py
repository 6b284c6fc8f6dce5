"""Anybody's own client, run through rotations: `python -m lab client`."""

from lab.client.process import ClientProcess
from lab.client.tally import Tally
from lab.client.trial import Plan, Trial

__all__ = ["ClientProcess", "Plan", "Tally", "Trial"]
