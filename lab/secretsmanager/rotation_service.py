"""The part of Secrets Manager that invokes rotation functions: asynchronous, with retries under the same token."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

from moto.secretsmanager.models import FakeSecret

from lab.lambda_environment.function import Invocation, LambdaFunction
from lab.secretsmanager import versions as rules_of
from lab.secretsmanager.backend import Rotation, StrictBackend
from lab.secretsmanager.events import EventList, EventName, RotationEvent
from lab.secretsmanager.versions import CURRENT, PENDING

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
TEST_STEPS = ("testSecret",)


@dataclass(frozen=True)
class RetryPolicy:
    """How often a rotation is attempted, and the pause before the second attempt; it doubles from there."""

    attempts: int = 3
    backoff_seconds: float = 0.05

    def pauses(self) -> Iterator[float | None]:
        """The pause after each attempt; None after the last."""
        for attempt in count():
            yield self.backoff_seconds * 2**attempt if attempt + 1 < self.attempts else None


@dataclass(frozen=True)
class StepRecord:
    """One invocation of the function, with the staging labels as they stood before and after it."""

    step: str
    attempt: int
    invocation: Invocation
    labels_before: dict[str, set[str]]
    labels_after: dict[str, set[str]]


@dataclass
class Run:
    """One rotation, or test of one, from its start to its last attempt.

    Attributes:
        outcome: the event of its last attempt; None before that, and when CancelRotateSecret ended it.
        stopped: set when no further step may be invoked: cancelled or abandoned.
    """

    secret: FakeSecret
    rotation: Rotation
    token: str
    is_test: bool = False
    steps: list[StepRecord] = field(default_factory=list)
    outcome: RotationEvent | None = None
    stopped: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def succeeded(self) -> bool:
        return self.outcome is not None and self.outcome.name in (
            EventName.ROTATION_SUCCEEDED,
            EventName.TEST_ROTATION_SUCCEEDED,
        )


class RotationService:
    """Runs rotations, each in a thread of its own.

    Args:
        backend: the secrets.
        events: where the service's events go.
        retry: how often a failing rotation is attempted.
        sends_rotation_token: whether a secret's events carry a RotationToken.
    """

    def __init__(
        self, backend: StrictBackend, events: EventList, retry: RetryPolicy, sends_rotation_token: Callable[[str], bool]
    ) -> None:
        self.functions: dict[str, LambdaFunction] = {}
        self.retry = retry
        self._backend = backend
        self._events = events
        self._sends_rotation_token = sends_rotation_token
        self._runs: dict[str, list[Run]] = {}

    def start(self, secret: FakeSecret, token: str, *, is_test: bool = False) -> None:
        """Begin a rotation under this token, unless one is under way."""
        if self.is_running(secret.arn):
            return
        run = Run(secret, self._backend.rotations[secret.arn], token, is_test)
        self._runs.setdefault(secret.arn, []).append(run)
        threading.Thread(target=self._run, args=(run,), name=f"rotation {secret.name}", daemon=True).start()

    def is_running(self, secret_arn: str) -> bool:
        """Whether a rotation of the secret is under way, or waits for its next attempt."""
        last = self.last_run(secret_arn)
        return last is not None and not last.ended.is_set() and not last.stopped.is_set()

    def last_run(self, secret_arn: str) -> Run | None:
        runs = self._runs.get(secret_arn)
        return runs[-1] if runs else None

    def cancel(self, secret_arn: str) -> None:
        """Invoke no further step; one that runs is left to end, and the labels stay as they are."""
        self._backend.rotations[secret_arn].pending_token = None
        if run := self.last_run(secret_arn):
            run.stopped.set()

    def stop(self) -> None:
        """Invoke nothing further, for any secret."""
        for runs in self._runs.values():
            runs[-1].stopped.set()

    def abandon_if_pending_is_gone(self, secret: FakeSecret) -> None:
        """End an incomplete rotation whose version has lost AWSPENDING without becoming AWSCURRENT.

        Source: User Guide, RotationAbandoned.
        """
        rotation = self._backend.rotations.get(secret.arn)
        token = rotation.pending_token if rotation else None
        if rotation is None or token is None:
            return
        version = self._backend.versions(secret).get(token)
        if version and {PENDING, CURRENT} & set(version["version_stages"]):
            return
        rotation.pending_token = None
        event = self._record(secret, token, EventName.ROTATION_ABANDONED)
        run = self.last_run(secret.arn)
        if run and run.token == token:
            run.outcome = event
            run.stopped.set()

    def _run(self, run: Run) -> None:
        try:
            self._run_test(run) if run.is_test else self._run_rotation(run)
        finally:
            with self._backend.settled:
                run.ended.set()
                self._backend.settled.notify_all()

    def _run_rotation(self, run: Run) -> None:
        for attempt, pause in enumerate(self.retry.pauses(), start=1):
            self._record(run.secret, run.token, EventName.ROTATION_STARTED)
            problem = self._attempt(run, attempt, STEPS) or self._incomplete(run)
            if run.stopped.is_set():
                return
            if problem is None:
                self._complete(run)
                return
            run.outcome = self._record(run.secret, run.token, EventName.ROTATION_FAILED, problem)
            if pause is None or run.stopped.wait(pause):
                return

    def _run_test(self, run: Run) -> None:
        self._record(run.secret, run.token, EventName.TEST_ROTATION_STARTED)
        problem = self._attempt(run, 1, TEST_STEPS)
        with self._backend.lock:
            self._backend.versions(run.secret).pop(run.token, None)
            self._backend.changed(run.secret)
        name = EventName.TEST_ROTATION_FAILED if problem else EventName.TEST_ROTATION_SUCCEEDED
        run.outcome = self._record(run.secret, run.token, name, problem)

    def _attempt(self, run: Run, attempt: int, steps: tuple[str, ...]) -> str | None:
        for step in steps:
            if run.stopped.is_set():
                return None
            before = self._backend.labels(run.secret)
            invocation = self._invoke(run, step)
            run.steps.append(StepRecord(step, attempt, invocation, before, self._backend.labels(run.secret)))
            if invocation.failed:
                return f"{step} failed: {invocation.error_type}: {invocation.error_message}"
        return None

    def event(self, secret_arn: str, step: str, token: str) -> dict[str, object]:
        """What the function is invoked with.

        Source: User Guide, "Rotation by Lambda function".
        """
        event: dict[str, object] = {"Step": step, "SecretId": secret_arn, "ClientRequestToken": token}
        if self._sends_rotation_token(secret_arn):
            event["RotationToken"] = self._backend.rotations[secret_arn].token
        return event

    def _invoke(self, run: Run, step: str) -> Invocation:
        function = self.functions.get(run.rotation.function_arn)
        if function is None:
            return Invocation("ResourceNotFoundException", f"Function not found: {run.rotation.function_arn}")
        return function.invoke(self.event(run.secret.arn, step, run.token))

    def _incomplete(self, run: Run) -> str | None:
        with self._backend.lock:
            pending = rules_of.holder(self._backend.versions(run.secret), PENDING)
            current = rules_of.holder(self._backend.versions(run.secret), CURRENT)
        if pending in (None, current):
            return None
        return f"finishSecret ended, but version {pending} still carries {PENDING} while {current} carries {CURRENT}"

    def _complete(self, run: Run) -> None:
        with self._backend.lock:
            now = self._backend.now()
            run.rotation.pending_token = None
            run.rotation.last_rotated = now
            run.rotation.next_rotation = run.rotation.rules.next_rotation(now) if run.rotation.rules else None
            run.outcome = self._record(run.secret, run.token, EventName.ROTATION_SUCCEEDED)

    def _record(self, secret: FakeSecret, token: str, name: EventName, problem: str | None = None) -> RotationEvent:
        event = RotationEvent(name, secret.arn, token, self._backend.now(), problem)
        self._events.add(event)
        return event

    def wait(self, secret_arn: str, timeout_seconds: float) -> Run:
        run = self.last_run(secret_arn)
        if run is None:
            raise LookupError(f"{secret_arn} was never rotated: call RotateSecret first")
        started = time.monotonic()
        if not run.ended.wait(timeout_seconds):
            waited = time.monotonic() - started
            raise TimeoutError(f"rotation of {secret_arn} has not ended in {waited:.1f} s; steps so far: {run.steps}")
        return run
