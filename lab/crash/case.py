"""One case: kill the function at a moment, look, go on in a way, and look again."""

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from lab.crash.aftermath import (
    Aftermath,
    CleanRun,
    PromiseBrokenError,
    StateBefore,
    check_complete,
    check_kill,
    require,
)
from lab.crash.moment import SENT, Moment
from lab.crash.scenario import Case, Phase, Way
from lab.crash.target import ATTEMPTS, Target
from lab.crash.workshop import Workshop
from lab.engines import KITS
from lab.secretsmanager import Run
from secret_rotation.labels import AWSCURRENT

if TYPE_CHECKING:
    from collections.abc import Callable

SET = tuple(SENT + name for kit in KITS for name in kit.messages_of_change)
REFUSED = tuple(kit.message_of_rejection for kit in KITS)
GAP_STEPS = ("setSecret", "testSecret", "finishSecret")
DEATHS = {**dict.fromkeys(Way, 1), Way.KILLED_AGAIN: 2}
MOMENTS_OF_DONE, MOMENTS_OF_SET, MOMENTS_FEWER = 12, 50, 4
"""How many moments a retry has at least, where it finds all done, or the password set; else nearly as many as a clean
run: a server may know a password by then, and ask for less."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a case.

    Attributes:
        moment: at which the function was killed.
        left: what that left behind.
        healing: what the recovery had to do: "sets it", "finds it set", "finds it done", and how many logins it had
            refused.
        second: where the recovery was killed too, in that way on.
    """

    case: Case
    moment: Moment
    left: Aftermath
    healing: str
    second: Moment | None = None


def run(workshop: Workshop, case: Case) -> Result:
    """Run a case.

    Raises:
        PromiseBrokenError: the promise does not hold; says where and how.
    """
    clean = workshop.clean(case.scenario)
    target = workshop.target(case.scenario)
    try:
        return _Trial(case, clean, target).run()
    except Exception as error:
        workshop.give_up(case.scenario)
        moment = clean.moments[case.position]
        raise PromiseBrokenError(f"{case} ({moment}): {error}\n{workshop.log(case.scenario)}") from error


class _Trial:
    def __init__(self, case: Case, clean: CleanRun, target: Target) -> None:
        self._case, self._clean, self._target = case, clean, target
        self._before = StateBefore.of(target)
        self._left: list[Aftermath] = []
        self._deaths: list[Moment] = []
        self._ways: dict[Way, Callable[[], Run]] = {
            Way.SAME_TOKEN: lambda: target.rotate(ATTEMPTS),
            Way.KILLED_AGAIN: lambda: target.rotate(ATTEMPTS),
            Way.LABEL_REMOVED: self._label_removed,
            Way.CANCELLED: self._cancelled,
        }

    def run(self) -> Result:
        target = self._target
        target.function.on_death = self._look
        target.timeline.arm(self._case.position)
        outcome = self._ways[self._case.way]()
        require(outcome.succeeded, f"the recovery failed: {outcome.outcome}")
        require(len(self._deaths) == DEATHS[self._case.way], f"the function was killed at {self._deaths}")
        healing = _healing(target.timeline.moments)
        is_mirrored = self._left[0].pending != AWSCURRENT
        for _ in range(2):
            check_complete(self._case.scenario, target, self._clean, is_mirrored=is_mirrored)
            is_mirrored = True
            further = target.rotate()
            require(further.succeeded, f"a rotation after the recovery failed: {further.outcome}")
        check_complete(self._case.scenario, target, self._clean)
        return Result(self._case, self._deaths[0], self._left[0], healing, *self._deaths[1:])

    def _label_removed(self) -> Run:
        self._target.rotate()
        if self._target.secret.is_stuck:
            self._target.secret.remove_pending()
        return self._target.rotate()

    def _cancelled(self) -> Run:
        self._target.rotate()
        self._target.cancel()
        return self._target.resume()

    def _look(self) -> None:
        """Called when the function is dead, before anything goes on."""
        timeline, case = self._target.timeline, self._case
        died, expected = timeline.struck, self._clean.moments[case.position]
        if died is None:
            return
        require(self._deaths or died == expected, f"killed at {died}, which a clean run has as {expected}")
        left = check_kill(case.scenario, self._target, self._target.function.token, self._before, self._clean)
        in_gap = died.step in GAP_STEPS or self._deaths
        require("old" in left.logs_in or in_gap, "AWSCURRENT does not log in before setSecret")
        if case.scenario.phase is Phase.REVOKED and not self._deaths:
            self._target.revoke()
            self._before = self._before.with_rights_of_original(self._target.rights())
        self._left.append(left)
        self._deaths.append(died)
        timeline.arm(self._second(left) if len(self._deaths) < DEATHS[case.way] else None)

    def _second(self, left: Aftermath) -> int:
        """Where the retry is killed: another moment for each case, the same in each run of it."""
        moments = len(self._clean.moments) - MOMENTS_FEWER
        if left.pending == AWSCURRENT:
            moments = MOMENTS_OF_DONE
        elif "new" in left.logs_in:
            moments = MOMENTS_OF_SET
        return Random(str(self._case)).randrange(moments)  # noqa: S311 - no secret


def _healing(moments: list[Moment]) -> str:
    refused = sum(moment.event.endswith(REFUSED) for moment in moments)
    sets = any(moment.event.startswith(SET) for moment in moments)
    found = any(moment.place.startswith("connection") for moment in moments)
    what = "sets it" if sets else "finds it set" if found else "finds it done"
    return f"{what}, {refused} refused" if refused else what
