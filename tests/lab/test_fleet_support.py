"""What lets the lab hold a fleet: functions that run several times at once, secrets that are found by an index."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier
from typing import Any

from moto.secretsmanager.models import SecretsStore

from lab.lambda_environment import Invocation
from lab.lambda_environment.concurrency import ConcurrentFunction
from lab.secretsmanager.backend import StrictBackend

PATIENCE_SECONDS = 60


class Meeting:
    """A function whose invocation ends only when another one runs beside it, in another environment."""

    def __init__(self, barrier: Barrier) -> None:
        self._barrier = barrier
        self.running = 0
        self.invoked = 0

    def invoke(self, event: Mapping[str, object]) -> Invocation:
        self.running += 1
        self.invoked += 1
        assert self.running == 1, "one environment takes one event at a time"
        self._barrier.wait(PATIENCE_SECONDS)
        self.running -= 1
        return Invocation(payload=event["number"])


def test_a_function_runs_as_often_at_once_as_it_has_environments() -> None:
    """Two environments run two events at once, the next two wait for them, and each caller gets its own answer."""
    barrier = Barrier(2)
    environments = [Meeting(barrier), Meeting(barrier)]
    function = ConcurrentFunction(environments)
    with ThreadPoolExecutor(4) as callers:
        answers = list(callers.map(lambda number: function.invoke({"number": number}).payload, range(4)))
    assert answers == [0, 1, 2, 3]
    assert [environment.invoked for environment in environments] == [2, 2]


def test_the_index_finds_what_moto_finds() -> None:
    """By name, whole ARN, ARN in part, and after a secret of the same name has taken another's place."""
    backend = StrictBackend(lambda: datetime.now(UTC))
    first = _create(backend, "fleet/app")
    backend.delete_secret("fleet/app", recovery_window_in_days=None, force_delete_without_recovery=True)
    assert backend.secrets.get(first) is None
    second = _create(backend, "fleet/app")
    other = _create(backend, "fleet/app-2")
    for key in ("fleet/app", second, second[:-7], first, other, "fleet/nobody"):
        assert backend.secrets.get(key) is SecretsStore.get(backend.secrets, key), key
    assert {name: backend.find(name).arn for name in ("fleet/app", other)} == {"fleet/app": second, other: other}


def _create(backend: StrictBackend, name: str) -> str:
    left_out: Any = dict.fromkeys(("secret_binary", "description", "tags", "kms_key_id", "client_request_token"))
    created = backend.create_secret(name, "{}", replica_regions=[], force_overwrite=False, **left_out)
    return str(json.loads(created)["ARN"])
