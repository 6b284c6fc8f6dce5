"""The run itself: begins rotations, follows them to their ends, and stops where something new goes wrong."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from rotationctl.beginning import token_for
from rotationctl.causes import Cause
from rotationctl.failures import is_passing
from rotationctl.secret import Secret
from rotationctl.watch import LAG, POLL_SECONDS, Clock, Rotation
from rotationctl.waves.begun import Begun
from rotationctl.waves.calls import Calls
from rotationctl.waves.choice import Exclusion
from rotationctl.waves.pause import Pause
from rotationctl.waves.queue import Queue
from rotationctl.waves.result import FAILURES, Outcome, Result
from rotationctl.waves.watcher import Watcher


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a rotation may take, and which failures do not stop the run.

    Attributes:
        known: the kinds of failures that do not.
        keep_going: whether none does.
    """

    timeout_seconds: float
    known: frozenset[str]
    keep_going: bool


@dataclass(slots=True)
class Run:
    """A run over many secrets.

    Attributes:
        exclusion: why a secret must not begin, as it is now; None where it may.
        tell: is told of each secret that begins, and of each result.
        results: what became of the secrets, in the order of their ends.
        stopped_by: the kind of failure that stopped it.
    """

    calls: Calls
    watcher: Watcher
    queue: Queue
    limits: Limits
    clock: Clock
    exclusion: Callable[[Secret], Exclusion | None]
    tell: Callable[[Secret | Result | str], None]
    results: list[Result] = field(default_factory=list)
    stopped_by: str | None = None
    is_interrupted: bool = False
    _asked: dict[str, str] = field(default_factory=dict)
    _begun: list[Begun] = field(default_factory=list)
    _pause: Pause = field(default_factory=Pause)

    def go(self) -> Sequence[Result]:
        """Rotate all that may, and return what became of each. Ctrl-C ends the run, and no rotation."""
        try:
            self._go()
            self._look_again()
        except KeyboardInterrupt:
            self.is_interrupted = True
        under_way = [self._result(begun.rotation.secret, Outcome.UNDER_WAY, begun) for begun in self._begun]
        not_started = [self._result(secret, Outcome.NOT_STARTED) for secret in self.queue.waiting]
        return [*self.results, *under_way, *not_started]

    @property
    def unreadable(self) -> Mapping[str, str]:
        """The logs that could not be read, with the reasons."""
        return self.watcher.causes.log.unreadable

    def _go(self) -> None:
        while True:
            self._begin()
            if not self._begun and (self._is_stopped or self.queue.is_empty):
                return
            self.clock.sleep(POLL_SECONDS)
            self._look()

    @property
    def _is_stopped(self) -> bool:
        return self.stopped_by is not None

    def _begin(self) -> None:
        while not self._is_stopped and not self._pause.lasts(self.clock.now()):
            secret = self.queue.next([begun.rotation.secret for begun in self._begun])
            if secret is None:
                return
            self._begin_one(secret)

    def _begin_one(self, secret: Secret) -> None:
        # It is on the list before AWS is asked: whoever interrupts here is told that it may be under way.
        begun = Begun(Rotation(secret, None, self.clock.now() + LAG), self.clock.now())
        self._begun.append(begun)
        try:
            secret = begun.rotation.secret = self.calls.read(secret)
            if secret.current == self._asked.get(secret.arn):  # the answer was lost, and not the call
                begun.rotation.token = secret.current
                return
            exclusion = self.exclusion(secret)
            if exclusion is None:
                self._rotate(begun)
                return
        except Exception as error:  # noqa: BLE001 - what is not boto3's is raised again
            self._begun.remove(begun)
            self._not_begun(secret, error)
            return
        self._begun.remove(begun)
        self._end(self._result(secret, exclusion.outcome, cause=Cause("", exclusion.reason)))

    def _rotate(self, begun: Begun) -> None:
        secret = begun.rotation.secret
        if secret.arn not in self._asked:
            self.tell(secret)
        self._asked[secret.arn] = token_for(secret)
        begun.rotation.token = self.calls.rotate(secret)
        self._pause.forget()

    def _not_begun(self, secret: Secret, error: Exception) -> None:
        cause = self.calls.cause(error)
        if not is_passing(error):
            self._end(self._result(secret, Outcome.FAILED, cause=cause))
            return
        self.queue.put_back(secret)
        self._pause.begin(self.clock.now())
        self.tell(f"AWS does not answer now ({cause.error}). The next one begins in {self._pause.seconds:g} s.")

    def _look(self) -> None:
        for begun, (outcome, cause) in self.watcher.ended(list(self._begun)):
            self._begun.remove(begun)
            self._end(self._result(begun.rotation.secret, outcome, begun, cause))

    def _end(self, result: Result) -> None:
        self.results.append(result)
        self.tell(result)
        if result.outcome is Outcome.DONE:
            self.queue.succeeded(result.secret)
        elif result.outcome in FAILURES and result.cause and not self._is_known(result.cause.error):
            self.stopped_by = self.stopped_by or result.cause.error

    def _is_known(self, kind: str) -> bool:
        return self.limits.keep_going or kind in self.limits.known

    def _look_again(self) -> None:
        """AWS attempts a rotation again by itself: what failed may be done by now."""
        for number, result in enumerate(self.results):
            if result.outcome not in FAILURES or result.version is None:
                continue
            try:
                secret = self.calls.read(result.secret)
            except Exception as error:  # noqa: BLE001 - what is not boto3's is raised again
                self.calls.cause(error)
                continue
            if secret.current == result.version:
                rotation = Rotation(secret, result.version)
                done = self._result(secret, Outcome.DONE, Begun(rotation, result.began or self.clock.now()))
                self.results[number] = done
                self.tell(done)

    def _result(
        self, secret: Secret, outcome: Outcome, begun: Begun | None = None, cause: Cause | None = None
    ) -> Result:
        ended = None if outcome in (Outcome.UNDER_WAY, Outcome.NOT_STARTED) else self.clock.now()
        version, at = (begun.rotation.token, begun.at) if begun else (None, None)
        return Result(secret, outcome, self.queue.database(secret), version, at, ended, cause)
