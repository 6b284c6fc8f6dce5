"""Compute the tables and the curves of docs/capacity.md anew.

They follow from the measured fleets in docs/fleet.json, from quotas and prices in benchmarks/estimate/assumptions.toml,
and from the template.
"""

import argparse

from benchmarks.estimate.inputs import Inputs
from benchmarks.publish.capacity import publish


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command: it has none."""


def run(_: argparse.Namespace) -> int:
    """Write them.

    Returns:
        The exit status.
    """
    publish(Inputs.read())
    return 0
