"""The files that a lab writes while it is up; labs beside each other keep their own."""

from pathlib import Path

from lab.lambda_environment.code import REPOSITORY
from lab.up.endpoint import LabEndpoint

FOLDER = REPOSITORY / ".cache" / "lab"


def ca_bundle(endpoint: LabEndpoint) -> Path:
    """What clients of a lab's servers trust."""
    return FOLDER / f"ca{endpoint.suffix}.pem"


def functions_log(endpoint: LabEndpoint) -> Path:
    """Where the lab's functions log to."""
    return FOLDER / f"functions{endpoint.suffix}.log"
