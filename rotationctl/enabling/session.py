"""Attaching one secret after the other, from the plan to the last sentence: what `rotationctl enable` does."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from rotationctl.asking import is_agreed
from rotationctl.causes import Cause, cause_of
from rotationctl.enabling.attachment import Attachments, undo
from rotationctl.enabling.configuration import Configuration
from rotationctl.enabling.dry_run import DryRun, Verdict
from rotationctl.enabling.plan import warning
from rotationctl.enabling.result import FAILURES, FINE, TITLES, Outcome, Result
from rotationctl.exits import Exit
from rotationctl.failures import is_about_caller, is_passing, is_throttled
from rotationctl.function_log import LogGroups
from rotationctl.functions import function_name, recognise
from rotationctl.output import moment, say
from rotationctl.remedies import Adviser
from rotationctl.results import as_table, show
from rotationctl.secret import Secret
from rotationctl.text import printable
from rotationctl.watch import LAG, Clock

_OUTDATED = Cause(
    "",
    "Since this was planned, somebody has changed how it rotates, or a rotation has begun: nothing was done. The same "
    "command again plans it anew.",
)
_OTHERS = "Somebody has changed meanwhile how it rotates, so that was left as it is."


@dataclass(slots=True)
class Session:
    """One run of the command.

    Attributes:
        again: the command that goes on with it.
    """

    attachments: Attachments
    dry_runs: DryRun
    log_groups: LogGroups
    adviser: Adviser
    clock: Clock
    again: str
    is_interrupted: bool = False

    def run(self, planned: Sequence[Result], *, dry_run: bool, yes: bool, keep_going: bool, as_json: bool) -> Exit:
        """Show the plan, ask, attach, and say what became of it."""
        to_do = [result for result in planned if result.outcome is Outcome.PLANNED]
        for line in filter(None, map(warning, to_do)):
            say(printable(line))
        if dry_run:
            show(TITLES, planned, as_json=as_json)
            return Exit.FINE if len(to_do) == len(planned) else Exit.NOT_FINE
        if len(to_do) > 1 and not self._is_agreed(planned, len(to_do), yes=yes):
            return Exit.NOT_FINE
        results = [*self._enable_all(to_do, keep_going=keep_going), *(r for r in planned if r not in to_do)]
        show(TITLES, results, as_json=as_json)
        return self._end(results)

    @staticmethod
    def _is_agreed(planned: Sequence[Result], count: int, *, yes: bool) -> bool:
        for line in [] if yes else as_table(TITLES, planned):
            say(line)
        if is_agreed(f"Attach {count} secrets now, without rotating them?", yes=yes):
            return True
        say("Nothing was changed. To attach them, add --yes.")
        return False

    def _enable_all(self, planned: Sequence[Result], *, keep_going: bool) -> list[Result]:
        results: list[Result] = []
        for plan in planned:
            if self.is_interrupted or (not keep_going and any(result.outcome in FAILURES for result in results)):
                results.append(replace(plan, outcome=Outcome.NOT_STARTED))
                continue
            results.append(self._look_and_enable(plan))
            self._tell(results[-1])
        return results

    def _look_and_enable(self, plan: Result) -> Result:
        """Attach a function, unless the plan does not hold any more."""
        arn = str((plan.wanted or plan.former).function_arn)
        try:
            now, since = self.attachments.look(plan.secret)
            log_group = self.log_groups.of(arn) if recognise(arn) else None
        except KeyboardInterrupt:
            self.is_interrupted = True
            return replace(plan, outcome=Outcome.NOT_STARTED)
        except Exception as error:  # noqa: BLE001 - what is not boto3's is raised again
            return replace(plan, outcome=Outcome.FAILED, cause=cause_of(error, self.adviser.connection.options))
        if now.pending is not None or Configuration.of(now) != plan.former:
            return replace(plan, outcome=Outcome.LEFT_OUT, cause=_OUTDATED)
        try:
            return self._enable(plan, since, log_group)
        except KeyboardInterrupt:
            self.is_interrupted = True
            return self._changed(plan, Outcome.UNDER_WAY)

    def _enable(self, plan: Result, since: datetime, log_group: str | None) -> Result:
        """Attach a function, see its dry run to the end, and put back what was there where it fails."""
        wanted = plan.wanted or plan.former
        now = moment(self.clock.now())
        say(printable(f"{now}  {plan.secret.name}: attaching {_name(wanted)}. To undo it, after its dry run:"))
        say(f"    {printable(self._undo(plan))}")
        token = str(uuid.uuid4())
        is_attached = False
        try:
            self.attachments.attach(plan.secret, wanted, token)
            is_attached = True
            verdict, cause = self.dry_runs.follow(plan.secret, since, log_group)
        except Exception as error:  # noqa: BLE001 - as above
            cause = cause_of(error, self.adviser.connection.options)
            if not is_attached and is_passing(error) and not is_throttled(error):
                # A call whose answer is lost may have been carried out.
                self.clock.sleep(LAG.total_seconds())
            return self._put_back(plan, token, cause, is_attached=is_attached)
        if verdict is Verdict.UNTOLD:
            told = self._changed(plan, Outcome.UNTOLD)
            return replace(told, cause=cause, next_command=self._log(plan))
        if cause is not None:
            return self._put_back(plan, token, cause, is_attached=True)
        is_new = (plan.former.function_arn, plan.former.is_on) != (wanted.function_arn, True)
        outcome = Outcome.ENABLED if is_new or plan.former.rules != wanted.rules else Outcome.ALREADY
        return replace(self._changed(plan, outcome), next_command=self.adviser.rotate(self._attached(plan)))

    def _put_back(self, plan: Result, token: str, cause: Cause, *, is_attached: bool) -> Result:
        """Put back what was there before, unless somebody else has attached another function or turned rotation off.

        A schedule that somebody has changed meanwhile is not told from what AWS makes of the one that was asked for.
        """
        wanted = plan.wanted or plan.former
        try:
            self.attachments.take_off(plan.secret, token)
            now = self.attachments.configuration(plan.secret)
            if wanted == plan.former or (now == plan.former and not is_attached):
                return replace(plan, outcome=Outcome.FAILED, cause=cause)
            # The former one is what is read where reads lag behind the attachment.
            if now != plan.former and (_name(now), now.is_on) != (_name(wanted), True):
                told = replace(cause, message=f"{cause.message} {_OTHERS}")
                return replace(
                    plan, outcome=Outcome.NOT_PUT_BACK, cause=told, next_command=self.adviser.check(plan.secret)
                )
            say(printable(f"{plan.secret.name}: {cause.short}. Putting back what was there before."))
            self.attachments.put_back(plan.secret, plan.former)
        except KeyboardInterrupt:
            self.is_interrupted = True
            why = replace(cause, message=f"{cause.message} Putting back was interrupted.")
            return replace(self._changed(plan, Outcome.NOT_PUT_BACK), cause=why, next_command=self._undo(plan))
        except Exception as error:  # noqa: BLE001 - as above
            again = cause_of(error, self.adviser.connection.options)
            why = replace(cause, message=f"{cause.message} Putting back failed, too: {again.message}")
            return replace(self._changed(plan, Outcome.NOT_PUT_BACK), cause=why, next_command=self._undo(plan))
        return replace(plan, outcome=Outcome.PUT_BACK, cause=cause)

    def _changed(self, plan: Result, outcome: Outcome) -> Result:
        return replace(plan, outcome=outcome, undo=self._undo(plan))

    def _undo(self, plan: Result) -> str:
        return undo(plan.secret, plan.former, self.adviser.connection)

    def _log(self, plan: Result) -> str:
        return self.adviser.log(replace(self._attached(plan), last_changed=self.clock.now()))

    @staticmethod
    def _attached(plan: Result) -> Secret:
        """The secret with the function that it has now."""
        return replace(plan.secret, function_arn=(plan.wanted or plan.former).function_arn)

    def _tell(self, result: Result) -> None:
        said = f": {result.cause.short}" if result.cause else ""
        say(printable(f"{moment(self.clock.now())}  {result.secret.name}: {result.outcome}{said}"))

    def _end(self, results: Sequence[Result]) -> Exit:
        if self.is_interrupted:
            say(f"Interrupted. The same command again goes on:\n{self.again}")
            for result in results:
                if result.outcome is Outcome.UNDER_WAY:
                    name = printable(result.secret.name)
                    say(f"Or undo {name}, once its dry run has ended (in a minute):\n{printable(result.undo or '')}")
            return Exit.INTERRUPTED
        failures = [result for result in results if result.outcome in FAILURES]
        if failures:
            say(f"Once that is mended, the same command again goes on:\n{self.again}")
        elif any(result.cause is _OUTDATED for result in results):
            say(f"The same command again:\n{self.again}")
        if all(result.outcome in FINE for result in results):
            return Exit.FINE
        if any(result.outcome in (*FINE, Outcome.UNTOLD) for result in results):
            return Exit.PARTLY
        is_refused = failures and all(result.cause and is_about_caller(result.cause.error) for result in failures)
        return Exit.NOT_ASKED if is_refused else Exit.NOT_FINE


def _name(configuration: Configuration) -> str:
    return function_name(configuration.function_arn or "")
