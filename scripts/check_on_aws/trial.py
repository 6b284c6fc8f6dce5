"""One function tried: a dry run, a rotation under load, one that is stuck and is recovered."""

import threading
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lab.pairing import Pairing
from rotationctl.exits import Exit
from scripts.check_on_aws.cloud import Answer, Cloud, TrialError
from scripts.check_on_aws.promises import Promise, Table

WATCH_SECONDS = 280
LOGIN_SECONDS = 2
STUCK_SECONDS = 240
RECOVERY_SECONDS = 1200
"""Nobody knows how long Secrets Manager waits before it tries again. By then what stopped counts as stuck."""
EVENT_SECONDS = 60
ALARM_SECONDS = 600


@dataclass(frozen=True)
class Place:
    """What the stacks have for one function.

    Attributes:
        function: its ARN.
        secret: the ARN of the secret to rotate.
        superuser: the ARN of the superuser's secret.
        alarm: the name of the alarm on failed steps.
        database_group: the database's security group, which admits `function_group` to `port`.
    """

    function: str
    secret: str
    superuser: str
    alarm: str
    database_group: str
    function_group: str
    port: int


@dataclass(frozen=True)
class Trial:
    """A function with its secret, and where to note what is seen."""

    pairing: Pairing
    place: Place
    cloud: Cloud
    table: Table

    def run(self) -> None:
        """Try all but the alarm. What comes after a step that nothing can follow is left out, with the reason.

        The alarm takes its time, so it is looked at in the end.
        """
        try:
            self.cloud.ask("make", superuser=self.place.superuser, secret=self.place.secret)
            self._dry_run()
            self._rotation()
            self._stuck()
        except (TrialError, BotoCoreError, ClientError) as error:
            self.table.leave_out(self.pairing.words, str(error))

    def look_at_alarm(self) -> None:
        """See whether the alarm told of the step that failed; there is nothing to see where none did."""
        if self.table.was_tried(self.pairing.words, Promise.STUCK):
            gone_off = self.cloud.alarmed(self.place.alarm, ALARM_SECONDS)
            self._note(Promise.ALARM, "it did" if gone_off else f"not within {ALARM_SECONDS} s", held=gone_off)

    def may_rotate_early(self) -> bool:
        """Whether PROMOTE_EARLY is of any meaning, and a rotation without it has been tried."""
        return self.pairing.has_gap and self.table.was_tried(self.pairing.words, Promise.ROTATION)

    def rotate_early(self) -> None:
        """Rotate with PROMOTE_EARLY, which the function has been given meanwhile.

        Labels alone do not tell whether AWS went on after setSecret had moved them, nor whether it was setSecret.
        """
        place = self.place
        try:
            self._rotate_under_load(Promise.PROMOTE_EARLY)
        except TrialError as error:
            self._note(Promise.PROMOTE_EARLY, str(error), held=False)
            return
        version = self.cloud.current(place.secret)
        went_on = self.cloud.reads(place.function, [version, "finishSecret was done already"], EVENT_SECONDS)
        ended = self.cloud.hears(place.secret, "Rotation Succeeded", EVENT_SECONDS, version)
        moved = f"that finishSecret found it done is {'' if went_on else 'not '}in the log"
        told = f"its event {'arrived' if ended else f'did not arrive within {EVENT_SECONDS} s'}"
        self._note(Promise.PROMOTE_EARLY, f"{moved}; {told}", held=went_on and ended)

    def _dry_run(self) -> None:
        place = self.place
        answer = self.cloud.rotationctl(
            "enable", place.secret, "--function", place.function, "--schedule", "rate(30 days)", "--yes"
        )
        passed = answer.row.get("outcome") in ("enabled", "enabled already")
        self._note(Promise.DRY_RUN, _told(answer), held=passed)
        if not passed:
            raise TrialError("the dry run did not pass")
        pending = [labels for labels in self.cloud.labels(place.secret).values() if labels == ["AWSPENDING"]]
        seen = "AWSPENDING stays on its copy" if pending else "no version has AWSPENDING alone"
        self._note(Promise.DRY_RUN_LABEL, seen, held=not pending)

    def _rotation(self) -> None:
        watched = self._rotate_under_load(Promise.ROTATION)
        held = watched["accepted"] and (self.pairing.has_gap or not watched["refused"])
        seen = f"{watched['logins']} logins, {watched['refused']} refused, for {watched['refused_ms']} ms at most"
        self._note(Promise.LOGINS, seen, held=held)
        arrived = self.cloud.hears(self.place.secret, "Rotation Succeeded", EVENT_SECONDS)
        self._note(Promise.EVENT, "it did" if arrived else f"not within {EVENT_SECONDS} s", held=arrived)

    def _rotate_under_load(self, promise: Promise) -> dict[str, Any]:
        """Rotate while the client logs in again and again; note how that went, and return what the client saw."""
        secret = self.place.secret
        before = self.cloud.current(secret)
        watching = self._watch()
        answer = self.cloud.rotationctl("rotate", secret)
        watched = watching.result()
        done = answer.row.get("outcome") == "done" and self.cloud.current(secret) != before
        after = self.cloud.labels(secret)[self.cloud.current(secret)]
        seen = f"{answer.row.get('seconds')} s; its labels are {', '.join(sorted(after))}" if done else _told(answer)
        self._note(promise, seen, held=done)
        if not done:
            raise TrialError("the rotation did not end well")
        if watched["first"] != before:
            raise TrialError("the client came too late to see the rotation")
        if watched["last"] == before:
            raise TrialError("the client stopped before the rotation had ended")
        return watched

    def _watch(self) -> Future[dict[str, Any]]:
        """Have the client log in from now on, beside this thread and not longer than it: Ctrl-C waits for nobody."""
        ended: Future[dict[str, Any]] = Future()

        def ask() -> None:
            try:
                ended.set_result(self.cloud.ask("watch", secret=self.place.secret, seconds=str(WATCH_SECONDS)))
            except Exception as error:  # noqa: BLE001 - whoever waits for the answer gets it
                ended.set_exception(error)

        threading.Thread(target=ask, daemon=True).start()
        return ended

    def _stuck(self) -> None:
        place = self.place
        before = self.cloud.current(place.secret)
        with self.cloud.cut_off(place.database_group, place.function_group, place.port):
            answer = self.cloud.rotationctl("rotate", place.secret, "--timeout", str(STUCK_SECONDS))
            stays = self.cloud.current(place.secret) == before
        failed = answer.row.get("outcome") == "failed"
        self._note(Promise.STUCK, _told(answer), held=failed and stays)
        recovered = self._recover()
        is_new = self.cloud.current(place.secret) != before
        accepted = bool(self.cloud.ask("watch", secret=place.secret, seconds=str(LOGIN_SECONDS))["accepted"])
        condition = recovered.row.get("condition", "no condition")
        seen = f"{condition}, exit code {recovered.code}; AWSCURRENT {'logs' if accepted else 'does not log'} in"
        self._note(Promise.RECOVERY, seen, held=recovered.code == 0 and is_new and accepted)

    def _recover(self) -> Answer:
        """At first it follows what AWS may still try by itself; where that has no end, it rotates the second time."""
        recover = ("recover", self.place.secret, "--yes", "--timeout", str(RECOVERY_SECONDS))
        first = self.cloud.rotationctl(*recover)
        return self.cloud.rotationctl(*recover) if first.code == Exit.TIMED_OUT else first

    def _note(self, promise: Promise, seen: str, *, held: bool) -> None:
        self.table.note(self.pairing.words, promise, seen, held=held)


def _told(answer: Answer) -> str:
    """What rotationctl said, in a few words."""
    row = answer.row
    words = [row.get("outcome"), row.get("error"), row.get("step"), row.get("message")]
    return ", ".join(str(word) for word in words if word) or answer.told or f"exit code {answer.code}"
