"""A run from the plan to its last sentence: what `rotationctl rotate` does."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from rotationctl.asking import is_agreed
from rotationctl.connection import Connection
from rotationctl.exits import Exit
from rotationctl.following import CLOCK
from rotationctl.function_log import LogGroups, LogReader
from rotationctl.output import columns, say, write
from rotationctl.remedies import Adviser
from rotationctl.results import show
from rotationctl.rows import Status
from rotationctl.secret import Secret
from rotationctl.watch import Clock
from rotationctl.waves import report
from rotationctl.waves.asked import Asked
from rotationctl.waves.calls import Calls
from rotationctl.waves.causes import Causes
from rotationctl.waves.choice import Exclusion, outdated
from rotationctl.waves.closing import Closing
from rotationctl.waves.in_aws import RunInAws
from rotationctl.waves.machine import Machine
from rotationctl.waves.plan import Plan
from rotationctl.waves.queue import Queue, database_of, in_order
from rotationctl.waves.result import TITLES, Result
from rotationctl.waves.run import Run
from rotationctl.waves.watcher import Watcher


@dataclass(slots=True)
class Session:
    """One run of the command."""

    connection: Connection
    asked: Asked
    clock: Clock = CLOCK
    started: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.started = self.clock.now()

    def run(self, *, dry_run: bool, yes: bool, as_json: bool) -> Exit:
        """Plan, ask, rotate, and say what became of it.

        Raises:
            Failure: a secret that was named cannot be read.
        """
        calls = Calls(self.connection.secrets_manager(), self.connection.options)
        plan = self._plan(calls)
        if dry_run:
            return self._show_plan(plan, as_json=as_json)
        chosen = [status.secret for status, _ in plan.chosen]
        if len(chosen) > 1 and not yes:
            for line in plan.lines(columns()):
                say(line)
        for sentence in plan.sentences():
            say(sentence)
        if len(chosen) > 1 and not is_agreed(f"Rotate {len(chosen)} secrets now?", yes=yes):
            say("Nothing was changed. To rotate them, add --yes.")
            return Exit.NOT_FINE
        run = self._run(calls, chosen) if self.asked.state_machine is None else self._in_aws(calls, chosen)
        results = [*run.go(), *self._named(plan)]
        return Closing(self.connection, self.asked, self.started, run).show(results, as_json=as_json)

    def _plan(self, calls: Calls) -> Plan:
        choice, adviser = self.asked.choice, Adviser(self.connection, self.started)
        secrets = choice.read(calls.client, self.connection.options)
        judged = [(secret, choice.exclusion(secret, self.started)) for secret in secrets]
        chosen = [secret for secret, exclusion in judged if exclusion is None]
        left_out = [exclusion for _, exclusion in judged if exclusion is not None]
        placed = [
            (Status.of(secret, adviser), database_of(secret, self.asked.group_by))
            for secret in in_order(chosen, self.asked.group_by)
        ]
        return Plan(placed, left_out, self.asked.at_once, self.asked.per_database, self.asked.state_machine)

    @staticmethod
    def _show_plan(plan: Plan, *, as_json: bool) -> Exit:
        if as_json:
            show(TITLES, plan.results(), as_json=True)
        else:
            write(plan.lines(columns()))
        for sentence in plan.sentences():
            say(sentence)
        return Exit.FINE

    def _run(self, calls: Calls, chosen: Sequence[Secret]) -> Run:
        asked = self.asked
        return Run(
            calls,
            Watcher(calls, self._causes(calls, chosen), self.clock, asked.limits.timeout_seconds),
            Queue(chosen, asked.group_by, asked.at_once, asked.per_database),
            asked.limits,
            self.clock,
            lambda secret: self._exclusion(calls, secret),
            report.Progress(self.clock, len(chosen)).tell,
        )

    def _in_aws(self, calls: Calls, chosen: Sequence[Secret]) -> RunInAws:
        asked, client = self.asked, self.connection.client("stepfunctions")
        return RunInAws(
            Machine(client, self.clock, asked.state_machine or ""),
            calls,
            self._causes(calls, chosen),
            chosen,
            asked.group_by,
            lambda secret: outdated(calls.client, secret),
            report.Progress(self.clock, len(chosen)).tell,
        )

    def _causes(self, calls: Calls, chosen: Sequence[Secret]) -> Causes:
        since = calls.date(chosen[0], self.started) if chosen else self.started
        groups = LogGroups(lambda: self.connection.client("lambda"))
        return Causes(LogReader(self.connection.client("logs"), self.connection.options), groups, since)

    def _exclusion(self, calls: Calls, secret: Secret) -> Exclusion | None:
        exclusion = self.asked.choice.exclusion(secret, self.clock.now())
        return exclusion or outdated(calls.client, secret)

    def _named(self, plan: Plan) -> Sequence[Result]:
        """What was named and is left out has a line of its own; of a whole account it would be too many."""
        return plan.exclusions() if self.asked.choice.names else ()
