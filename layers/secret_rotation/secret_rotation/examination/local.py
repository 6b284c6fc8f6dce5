"""The same examination from the machine of whoever types, for rotationctl: with its own way to AWS, and no memory.

To import this module takes the drivers of all engines, which `pip install rotationctl[local]` brings.
"""

import os
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from secret_rotation.deadline import Deadline, Work
from secret_rotation.defects import foreseen
from secret_rotation.doctor.catalogue import Check
from secret_rotation.doctor.findings import Finding
from secret_rotation.examination.checkup import examine
from secret_rotation.examination.parts import Parts
from secret_rotation.examination.supported import EXAMINERS, STRATEGIES
from secret_rotation.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

SECONDS = 120.0
"""For all of it: each part has a bound of its own, and a login ends in time for the rest."""


def examine_here(
    client: "SecretsManagerClient",
    rds_url: Callable[[], str],
    secret: str,
    asked: Collection[Check],
    strategy: str | None,
    environ: Mapping[str, str] = os.environ,
) -> list[Finding]:
    """Examine a secret from here.

    Args:
        client: reads the secret, as whoever types.
        rds_url: tells where RDS is called, where somebody asks.
        secret: its ARN or name.
        asked: the checks whose findings are wanted.
        strategy: "single_user" or "alternating_users", as its function has it; None where nobody knows.
        environ: of it counts what the functions read: RDS_CA_BUNDLE, USERNAME_CHARACTER_LIMIT.

    Raises:
        RotationError: a variable is wrong, or a defect of this program.
    """
    with foreseen():
        parts = Parts.of(Settings.from_environ(environ, ""), client, rds_url, EXAMINERS, STRATEGIES, environ)
        return examine(parts, secret, asked, Deadline.after(SECONDS, Work.CHECKS), strategy)
