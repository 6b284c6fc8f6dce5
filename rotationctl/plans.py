"""The way out of each condition of a rotation, as steps to type, and which of them `recover --yes` does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from rotationctl.logins import Login
from rotationctl.recovery import Condition, Diagnosis
from rotationctl.remedies import Adviser
from rotationctl.state import judge
from secret_rotation.labels import AWSPREVIOUS


class Deed(Enum):
    """What `recover --yes` does by itself."""

    FOLLOW = auto()
    ROTATE = auto()
    GIVE_UP = auto()
    NAME_CURRENT = auto()


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a plan.

    Attributes:
        why: what it is for.
        command: what to type, if anything.
        deed: what --yes does in its place; None where it leaves the step to a person.
        version: that becomes AWSCURRENT by NAME_CURRENT.
    """

    why: str
    command: str | None
    deed: Deed | None = None
    version: str | None = None


_Plan = Callable[[Diagnosis, Adviser], list[Step]]


def plan(found: Diagnosis, adviser: Adviser) -> list[Step]:
    """The steps of the way out, in their order: the first that has a deed is the safe one."""
    return _PLANS[found.condition](found, adviser)


def _next(found: Diagnosis, adviser: Adviser) -> list[Step]:
    command = adviser.next_command(found.secret, judge(found.secret, adviser.now))
    return [Step("This is what to type next.", command)] if command else []


def _rotating(found: Diagnosis, adviser: Adviser) -> list[Step]:
    """It may be one that has just failed: nobody who has mended the cause shall have to wait for it to look stuck."""
    follow = Step("Follow it. Secrets Manager tries again by itself.", adviser.watch(found.secret), Deed.FOLLOW)
    failed = Step("If it does not get through, see which step failed, and why.", adviser.history(found.secret))
    again = Step("Once that is mended, do not wait: ask again.", adviser.rotate(found.secret))
    return [follow, failed, again]


def _go_on(why: str) -> _Plan:
    """Repeat the rotation that is not complete; or give it up, where it can never succeed."""

    def steps(found: Diagnosis, adviser: Adviser) -> list[Step]:
        if found.logins is not None and found.logins.of(found.secret.pending) is Login.UNUSABLE:
            return _give_up("The value of AWSPENDING cannot be used: take the label off")(found, adviser)
        log = Step("Read what the function said: the cause, and the remedy.", adviser.log(found.secret))
        resume = Step(why, adviser.rotate(found.secret), Deed.ROTATE)
        return [log, resume, *_give_up("Only if this rotation can never succeed: take AWSPENDING off")(found, adviser)]

    return steps


def _give_up(what: str) -> _Plan:
    """Give the pending version up. Functions of this product try its password in the next rotation; others do not."""

    def steps(found: Diagnosis, adviser: Adviser) -> list[Step]:
        command = adviser.give_up(found.secret)
        if found.secret.function is None:
            first = Step("Make sure that AWSCURRENT logs in: another's function may never try what you give up.", None)
            return [first, Step(f"{what}, and rotate anew.", command, Deed.GIVE_UP)]
        kept = "The version keeps its password, which the next rotation tries if need be."
        return [Step(f"{what}, and rotate anew. {kept}", command, Deed.GIVE_UP)]

    return steps


def _given_up(found: Diagnosis, adviser: Adviser) -> list[Step]:
    why = "Rotate: where need be, it logs in with what has lost its label."
    return [Step(why, adviser.rotate(found.secret), Deed.ROTATE)]


def _refused(found: Diagnosis, adviser: Adviser) -> list[Step]:
    """Functions of this product find the version that logs in; for others, it has to be AWSCURRENT."""
    proven = _newest_accepted(found)
    if proven is not None and found.secret.function is None:
        return [_name(proven, found, adviser)]
    what = f"version {proven} logs in" if proven else "the function tries all that may log in"
    return [Step(f"Rotate: {what}.", adviser.rotate(found.secret), Deed.ROTATE)]


def _name(proven: str, found: Diagnosis, adviser: Adviser) -> Step:
    command = adviser.name_current(found.secret, proven)
    return Step(f"Version {proven} logs in: make it AWSCURRENT.", command, Deed.NAME_CURRENT, proven)


def _name_current(found: Diagnosis, adviser: Adviser) -> list[Step]:
    proven = _newest_accepted(found)
    if proven is not None:
        return [_name(proven, found, adviser)]
    listed = next((version.version_id for version in found.versions if version.created), None)
    candidate = found.secret.labels.holder(AWSPREVIOUS) or listed
    if candidate is None:
        why = "No version has a value. Put one that logs in, out of a file."
        return [Step(why, adviser.put_value(found.secret))]
    why = f"If the password in version {candidate} logs in, make it AWSCURRENT. Otherwise try another one of the list."
    return [Step(why, adviser.name_current(found.secret, candidate))]


def _without_login(found: Diagnosis, adviser: Adviser) -> list[Step]:
    """A version that is AWSPENDING is older than the value that is put then: it logs in no more, and is given up."""
    rotate = adviser.give_up if found.secret.pending else adviser.rotate
    return [
        Step(
            "Somebody changed the password elsewhere. Put the password that works into a file, and that into the "
            "secret; or set the database's password to the one in AWSCURRENT. See docs/operations.md, No version logs "
            "in.",
            adviser.put_value(found.secret),
        ),
        Step("Then rotate.", rotate(found.secret)),
    ]


def _newest_accepted(found: Diagnosis) -> str | None:
    accepted = () if found.logins is None else found.logins.accepted
    return next((version.version_id for version in found.versions if version.version_id in accepted), None)


_PLANS: Mapping[Condition, _Plan] = {
    Condition.ELSEWHERE: _next,
    Condition.ROTATING: _rotating,
    Condition.NO_LOGIN: _without_login,
    Condition.NO_CURRENT: _name_current,
    Condition.OUTDATED: _give_up("Take AWSPENDING off"),
    Condition.CANCELLED: _go_on("Rotate: it turns rotation on again, and goes on with this version."),
    Condition.STUCK: _go_on("Mend that, then ask again: the same rotation is repeated."),
    Condition.REFUSED: _refused,
    Condition.GIVEN_UP: _given_up,
    Condition.COMPLETE: _next,
}
