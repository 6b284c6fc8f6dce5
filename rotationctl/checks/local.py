"""Looking at the database from here, by the code of the doctor's function.

It reads the secret's value with the rights of whoever types the command, and shows none of it. The drivers are an extra
of the package, and are loaded when they are needed: nothing else here wants them.
"""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec

import rotationctl
from rotationctl.checks.case import Case
from rotationctl.checks.inside import Answer, nobody
from rotationctl.checks.outcome import failed, ok
from rotationctl.exits import Exit, Failure
from rotationctl.local.option import Local
from secret_rotation.doctor.catalogue import CHECKS
from secret_rotation.errors import RotationError

DRIVERS = ("psycopg2", "pymysql")
EXTRA = "rotationctl[local]"
_FROM_THE_FUNCTION = ("USERNAME_CHARACTER_LIMIT",)


def require_drivers() -> None:
    """Make sure that databases can be reached at all.

    Raises:
        Failure: the package was installed without its extra.
    """
    missing = [driver for driver in DRIVERS if find_spec(driver) is None]
    if missing:
        sentence = f"--local needs {' and '.join(missing)}: install them with pip install '{EXTRA}'."
        raise Failure(sentence, Exit.USAGE)


def look(case: Case, local: Local, checks: Sequence[str]) -> Answer:
    """Examine the secret's way to its database as it is from here."""
    from secret_rotation.examination.local import examine_here  # noqa: PLC0415 - it loads the drivers

    try:
        found = examine_here(
            client=case.aws.client("secretsmanager"),
            rds_url=lambda: str(case.aws.client("rds").meta.endpoint_url),
            secret=case.secret.arn,
            asked=[CHECKS[name] for name in checks],
            strategy=_strategy(case),
            environ=_variables(case, local),
        )
    except RotationError as error:
        return nobody(failed(str(error)))
    return Answer(ok("Its code ran here, in its place."), rotationctl.__version__, {one.check: one for one in found})


def _strategy(case: Case) -> str | None:
    if case.planned:
        return case.planned.strategy.module
    return case.function.strategy if case.function else None


def _variables(case: Case, local: Local) -> Mapping[str, str]:
    """The settings that matter: those of the function, but files are of this machine."""
    configuration = case.aws.quietly(lambda: case.configuration) if case.function_arn else None
    theirs = (configuration or {}).get("Environment", {}).get("Variables", {})
    return {
        **{name: theirs[name] for name in _FROM_THE_FUNCTION if name in theirs},
        **({"RDS_CA_BUNDLE": str(local.ca_bundle)} if local.ca_bundle else {}),
    }
