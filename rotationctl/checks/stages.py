"""The order in which checks are run: layer by layer, and not beyond one that is broken."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from rotationctl.checks import caller, function, network, role, schedule, secret, versions, watchers
from rotationctl.checks.asking import MissingError, UnansweredError
from rotationctl.checks.case import Case
from rotationctl.checks.inside import DOCTOR, VERSION, Answer
from rotationctl.checks.outcome import Outcome, skipped
from rotationctl.checks.parallel import side_by_side
from rotationctl.exits import Exit, Failure
from secret_rotation.doctor.catalogue import LAYERS, Check, Place
from secret_rotation.doctor.findings import Finding, Result

OUTSIDE: Mapping[str, Callable[[Case], Outcome]] = {
    **caller.CHECKS,
    **secret.CHECKS,
    **schedule.CHECKS,
    **function.CHECKS,
    **role.CHECKS,
    **network.CHECKS,
    **watchers.CHECKS,
    **versions.CHECKS,
}
"""The checks that ask AWS from here."""
BY_THE_DOCTOR = (DOCTOR, VERSION)
"""What is known once the doctor's function was asked, although nothing within the network is looked at."""
EXISTS = "secret.exists"
NO_HINDRANCE = ("schedule", "watchers")
"""Layers of which nothing depends: a secret that is overdue is so for a reason that comes later."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Checks that are run at once, because nothing of what one finds out changes what another means.

    Attributes:
        is_inside: whether the doctor has to be asked before.
    """

    layer: str
    checks: Sequence[Check]
    is_inside: bool

    @property
    def title(self) -> str:
        """What stands above it."""
        again = self.is_inside and self.layer in ("secret", "function")
        return f"{self.layer}, from within the network" if again else self.layer


def stages(checks: Sequence[Check]) -> Iterator[Stage]:
    """These checks in the order in which they are run: the doctor is asked once all is well that it needs."""
    order = [(layer, False) for layer in LAYERS[: LAYERS.index("network")]]
    order += [("function", True), ("secret", True)]
    order += [(layer, layer not in ("watchers", "versions")) for layer in LAYERS[LAYERS.index("network") :]]
    for layer, is_inside in order:
        chosen = [check for check in checks if check.layer == layer and _is_inside(check) == is_inside]
        chosen.sort(key=lambda check: check.name == VERSION)  # the doctor says it
        if chosen:
            yield Stage(layer, chosen, is_inside)


def needs_doctor(check: Check) -> bool:
    """Whether the doctor has to be asked for it."""
    return check.place is not Place.AWS or check.name in BY_THE_DOCTOR


def _is_inside(check: Check) -> bool:
    return needs_doctor(check) or check.layer == "network"


def examine(
    case: Case,
    checks: Sequence[Check],
    look_inside: Callable[[Sequence[str]], Answer],
    tell: Callable[[Stage, Sequence[Finding]], None],
) -> Iterator[Finding]:
    """Run the checks, and tell of each stage as soon as it is done.

    Args:
        case: the secret.
        checks: what to find out.
        look_inside: asks the doctor for what it is to find out; called once at most.
        tell: called for each stage that was begun.

    Returns:
        The findings, in the order of the stages; those of stages that were not begun are skipped.
    """
    inside = [check.name for check in checks if check.place is not Place.AWS]
    look_once = partial(case.aws.once, "inside", lambda: look_inside(inside))
    tells_of_missing = any(check.name == EXISTS for check in checks)
    broken: str | None = None
    for stage in stages(checks):
        if broken:
            yield from (skipped(f"{broken} is broken.").named(check.name) for check in stage.checks)
            continue
        findings = side_by_side([_task(case, check, look_once, tells_of_missing) for check in stage.checks])
        findings = _proven(findings)
        tell(stage, findings)
        yield from findings
        if stage.layer not in NO_HINDRANCE and any(finding.result is Result.FAILED for finding in findings):
            broken = stage.layer


def _proven(findings: Sequence[Finding]) -> list[Finding]:
    """What was found of the network: where the database answers, a plan that forbids it is no more than odd."""
    answers = any(finding.check == "network.tcp" and finding.result is Result.OK for finding in findings)
    return [
        replace(finding, result=Result.WARNING, text=f"{finding.text} Yet its port answers.")
        if answers and finding.check == "network.plan" and finding.result is Result.FAILED
        else finding
        for finding in findings
    ]


def _task(case: Case, check: Check, look_inside: Callable[[], Answer], is_told: bool) -> Callable[[], Finding]:  # noqa: FBT001
    if needs_doctor(check):
        return lambda: look_inside().finding(check.name)
    return lambda: _outside(case, check.name, is_told=is_told)


def _outside(case: Case, check: str, *, is_told: bool) -> Finding:
    """What a check finds; `is_told` says that another one tells whether there is such a secret at all."""
    try:
        return OUTSIDE[check](case).named(check)
    except (UnansweredError, MissingError) as error:
        return skipped(str(error)).named(check)
    except Failure as failure:
        if is_told and failure.code is Exit.NOT_FINE:
            return skipped("There is no secret.").named(check)
        raise
