"""The end of a run: what became of each secret, what stopped it, and the command that goes on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from rotationctl.connection import Connection
from rotationctl.exits import Exit
from rotationctl.output import moment, say
from rotationctl.remedies import Adviser
from rotationctl.results import show
from rotationctl.text import printable
from rotationctl.waves import report
from rotationctl.waves.asked import Asked
from rotationctl.waves.in_aws import RunInAws
from rotationctl.waves.result import FAILURES, TITLES, Outcome, Result
from rotationctl.waves.run import Run
from secret_rotation.commands import shell_line


@dataclass(frozen=True, slots=True)
class Closing:
    """Shows what a run has come to, and how to go on."""

    connection: Connection
    asked: Asked
    started: datetime
    run: Run | RunInAws

    def show(self, results: Sequence[Result], *, as_json: bool) -> Exit:
        """Print the results, each with what to type next, and say how the command ends."""
        advised = [self._advised(result) for result in results]
        show(TITLES, advised, as_json=as_json)
        return self._end(advised)

    def _advised(self, result: Result) -> Result:
        """With what to type next."""
        adviser = Adviser(self.connection, self.started)
        if result.outcome in FAILURES:
            secret = result.secret
            told = result.cause and result.cause.message
            return replace(result, next_command=adviser.recover(secret) if told else adviser.log(secret))
        if result.outcome is Outcome.LEFT_OUT and result.secret.pending:
            return replace(result, next_command=adviser.recover(result.secret))
        if result.outcome is Outcome.UNDER_WAY:
            return replace(result, next_command=adviser.watch(result.secret))
        return result

    def _end(self, results: Sequence[Result]) -> Exit:
        run = self.run
        if results:
            say(report.summary(results))
        if isinstance(run, RunInAws) and run.handed_over.failed_run:
            failed_run = run.handed_over.failed_run
            words = ["aws", "stepfunctions", "list-executions", "--map-run-arn", failed_run, "--status-filter"]
            say(f"What the state machine says:\n{shell_line([*words, 'FAILED', *self.connection.options])}")
        for reason in run.unreadable.values():
            say(f"Why rotations failed is in a log that could not be read. {reason}")
        if run.is_interrupted:
            say(f"Interrupted. What was begun goes on in AWS. To go on with the rest:\n{self._again()}")
            return Exit.INTERRUPTED
        stopped_by = run.stopped_by if isinstance(run, Run) else None
        if stopped_by is not None and any(result.outcome is Outcome.NOT_STARTED for result in results):
            say(f"Stopped: {printable(stopped_by)} is new in this run. Once it is mended, this goes on:")
            say(f"{self._again()}\nOr go on in spite of it:\n{self._again('--known', stopped_by)}")
        elif any(result.outcome in FAILURES for result in results):
            say(f"Once that is mended, this tries again what has failed:\n{self._again()}")
        elif any(result.outcome in (Outcome.UNDER_WAY, Outcome.NOT_STARTED) for result in results):
            goes_on = any(result.outcome is Outcome.UNDER_WAY for result in results)
            say(f"{'What was begun goes on in AWS. ' if goes_on else ''}To go on with the rest:\n{self._again()}")
        return report.code(results)

    def _again(self, *more: str) -> str:
        """The command that goes on with this run: it leaves out who has rotated since its beginning."""
        since = self.asked.choice.not_since
        first = moment(min(since, self.started) if since else self.started) or ""
        words = ["rotationctl", "rotate", *self.asked.words, *more, "--not-since", first, *self.connection.options]
        names = ["--", *self.asked.choice.names] if self.asked.choice.names else []
        return printable(shell_line([*words, *names]))
