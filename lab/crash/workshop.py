"""Where cases are run: a local Secrets Manager, a fork server for each function, and targets on shared servers."""

import secrets
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any, Self

from lab.application import create_application, create_secret
from lab.application_user import create_application_user
from lab.crash.aftermath import CleanRun, require
from lab.crash.function import ForkedFunction
from lab.crash.moment import Timeline
from lab.crash.scenario import Phase, Scenario
from lab.crash.target import KillableFunction, Target
from lab.engines import kit_of, tapped
from lab.engines.kit import Read
from lab.lambda_environment import FunctionCode
from lab.secretsmanager import LocalSecretsManager, RetryPolicy
from lab.servers import DatabaseServer
from secret_rotation.labels import AWSCURRENT

MAX_ROTATIONS = 30
"""Of one target: Secrets Manager has room for 100 versions of a secret, and drops none within a day."""
RETRY = RetryPolicy(attempts=1, backoff_seconds=0.0)


class Workshop:
    """Makes targets, and keeps those whose next rotation is a later one; use it as a context manager.

    Args:
        server_called: a server by its name.
    """

    def __init__(self, server_called: Callable[[str], DatabaseServer]) -> None:
        self._server_called = server_called
        self._stack = ExitStack()
        self._cloud = LocalSecretsManager(retry=RETRY, send_rotation_token=True)
        self._functions: dict[tuple[str, ...], ForkedFunction] = {}
        self._targets: dict[tuple[str, ...], Target] = {}
        self._clean: dict[Scenario, CleanRun] = {}
        self._readers: dict[str, Read] = {}

    def __enter__(self) -> Self:
        self._stack.enter_context(self._cloud)
        return self

    def __exit__(self, *_: object) -> None:
        for target in self._targets.values():
            target.tap.__exit__(None, None, None)
        self._stack.close()

    def clean(self, scenario: Scenario) -> CleanRun:
        """A rotation of this kind that nothing interrupts, recorded once."""
        if scenario not in self._clean:
            target = self.target(scenario)
            require(
                target.works(target.secret.version_with(AWSCURRENT)), "AWSCURRENT does not work before the recording"
            )
            target.timeline.arm(None)
            run = target.rotate()
            require(run.succeeded, f"a rotation that nothing interrupts fails: {run.outcome}\n{self.log(scenario)}")
            moments, rights = tuple(target.timeline.moments), target.rights()
            if scenario.phase is Phase.REVOKED:
                target.revoke()
                require(target.rotate().succeeded, "a rotation after a right was revoked fails")
            self._clean[scenario] = CleanRun(moments, rights, target.rights())
        return self._clean[scenario]

    def target(self, scenario: Scenario) -> Target:
        """A target whose next rotation is of this kind."""
        key = _key(scenario)
        known = self._targets.get(key)
        if known is None or scenario.phase is Phase.FIRST or known.rotations > MAX_ROTATIONS:
            self.give_up(scenario)
            self._targets[key] = self._new_target(scenario)
        target = self._targets[key]
        while not _is_next(scenario.phase, target):
            run = target.rotate()
            require(run.succeeded, f"a rotation to prepare the target failed: {run.outcome}")
        if scenario.phase is Phase.REVOKED:
            target.grant()
        self._cloud.watch(target.timeline.on_request)
        target.tap.server_ports.clear()
        return target

    def give_up(self, scenario: Scenario) -> None:
        """Close a target that is no longer needed, or of which something is broken."""
        target = self._targets.pop(_key(scenario), None)
        if target is not None:
            target.tap.__exit__(None, None, None)

    def log(self, scenario: Scenario) -> str:
        """The last lines of the function's log."""
        function = self._functions.get(_key(scenario))
        return "\n".join(function.log().splitlines()[-8:]) if function else ""

    def _new_target(self, scenario: Scenario) -> Target:
        server = self._server_called(scenario.server)
        tap = tapped(server).__enter__()
        user = create_application_user(server, tap, f"app_{secrets.token_hex(4)}")
        user.as_superuser(*user.kit.enrichment(user.username))
        forked = self._function(scenario, server)
        timeline = Timeline(kill=forked.kill)
        tap.observer = timeline.on_message
        function = KillableFunction(forked, timeline, tap)
        names = (f"application/{user.username}", f"superuser/{user.username}")
        add_secret = partial(create_secret, self._cloud)
        application = create_application(user, scenario.pairing, function, add_secret, names)
        function_arn = application.secret.enable_rotation(function)
        return Target(application, tap, function_arn, self._reader(scenario.server))

    def _reader(self, name: str) -> Read:
        """One session of the administrator for all that is looked up on a server."""
        if name not in self._readers:
            server = self._server_called(name)
            session = server.connect(server.administrator, kit_of(server).administration_database)
            self._stack.callback(session.close)
            self._readers[name] = partial(_rows, session.cursor())
        return self._readers[name]

    def _function(self, scenario: Scenario, server: DatabaseServer) -> ForkedFunction:
        key = _key(scenario)
        if key not in self._functions:
            bundle = {"RDS_CA_BUNDLE": str(server.ca_bundle)}
            variables = {**self._cloud.environment, **bundle, **scenario.settings}
            function = ForkedFunction(FunctionCode.from_source(scenario.pairing.function), variables)
            self._functions[key] = self._stack.enter_context(function)
        return self._functions[key]


def _key(scenario: Scenario) -> tuple[str, ...]:
    """What rotations have in common that can follow on each other."""
    return (scenario.server, scenario.strategy, *scenario.settings)


def _rows(cursor: Any, query: str) -> list[tuple[Any, ...]]:  # noqa: ANN401 - of either driver
    cursor.execute(query)
    return list(cursor.fetchall())


def _is_next(phase: Phase, target: Target) -> bool:
    if phase is Phase.FIRST:
        return True
    if target.rotations == 0:
        return False
    login = target.secret.login_of(target.secret.version_with(AWSCURRENT))
    is_clone = login is not None and login[0] != target.user.username
    # The second rotation still tidies up the record of the first one, so it has a moment more than all that follow.
    is_in_turn = is_clone == (phase is Phase.TO_ORIGINAL) and target.rotations > 1
    return phase in (Phase.LATER, Phase.PROMOTED_EARLY) or is_in_turn
