"""Where cases are run: a local Secrets Manager, a fork server for each function, and subjects on shared servers."""

import json
import secrets
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from types import TracebackType
from typing import Any, Self

from lab.application_user import ApplicationUser, create_application_user
from lab.crash.function import ForkedFunction
from lab.crash.moment import Timeline
from lab.crash.privileges import Read
from lab.crash.scenario import ALTERNATING_USERS, Phase, Scenario
from lab.crash.standing import Clean, require
from lab.crash.subject import CURRENT, Mortal, Subject
from lab.lambda_environment import FunctionCode
from lab.secretsmanager import LocalSecretsManager
from lab.secretsmanager.rotation_service import RetryPolicy
from lab.servers import DatabaseServer
from lab.servers.pool import MYSQL
from lab.tap import Tap

MAX_ROTATIONS = 30
"""Of one subject: Secrets Manager has room for 100 versions of a secret, and drops none within a day."""
FUNCTION_ARN = "arn:aws:lambda:us-east-1:123456789012:function:{name}-{serial}"
RETRY = RetryPolicy(attempts=1, backoff_seconds=0.0)


class Workshop:
    """Makes subjects, and keeps those whose next rotation is a later one; use it as a context manager.

    Args:
        server_called: a server by its name.
    """

    def __init__(self, server_called: Callable[[str], DatabaseServer]) -> None:
        self._server_called = server_called
        self._stack = ExitStack()
        self._cloud = LocalSecretsManager(retry=RETRY, send_rotation_token=True)
        self._client = self._cloud.client()  # one for all: each keeps a connection open
        self._functions: dict[tuple[str, str], ForkedFunction] = {}
        self._subjects: dict[tuple[str, str], Subject] = {}
        self._clean: dict[Scenario, Clean] = {}
        self._readers: dict[str, Read] = {}

    def __enter__(self) -> Self:
        self._stack.enter_context(self._cloud)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for subject in self._subjects.values():
            subject.tap.__exit__(None, None, None)
        self._stack.close()

    def clean(self, scenario: Scenario) -> Clean:
        """A rotation of this kind that nothing interrupts, recorded once."""
        if scenario not in self._clean:
            subject = self.subject(scenario)
            require(subject.works(subject.holder(CURRENT)), "AWSCURRENT does not work before the recording")
            subject.timeline.arm(None)
            run = subject.rotate()
            require(run.succeeded, f"a rotation that nothing interrupts fails: {run.outcome}\n{self.log(scenario)}")
            self._clean[scenario] = Clean(tuple(subject.timeline.moments), subject.rights())
        return self._clean[scenario]

    def subject(self, scenario: Scenario) -> Subject:
        """A subject whose next rotation is of this kind."""
        key = (scenario.server, scenario.strategy)
        known = self._subjects.get(key)
        if known is None or scenario.phase is Phase.FIRST or known.rotations > MAX_ROTATIONS:
            self.give_up(scenario)
            self._subjects[key] = self._new_subject(scenario)
        subject = self._subjects[key]
        while not _is_next(scenario.phase, subject):
            run = subject.rotate()
            require(run.succeeded, f"a rotation to prepare the subject failed: {run.outcome}")
        self._cloud.watch(subject.timeline.on_request)
        subject.tap.server_ports.clear()
        return subject

    def give_up(self, scenario: Scenario) -> None:
        """Close a subject that is no longer needed, or of which something is broken."""
        subject = self._subjects.pop((scenario.server, scenario.strategy), None)
        if subject is not None:
            subject.tap.__exit__(None, None, None)

    def log(self, scenario: Scenario) -> str:
        """The last lines of the function's log."""
        function = self._functions.get((scenario.server, scenario.function))
        return "\n".join(function.log().splitlines()[-8:]) if function else ""

    def _new_subject(self, scenario: Scenario) -> Subject:
        server = self._server_called(scenario.server)
        tap = Tap(server).__enter__()
        user = create_application_user(server, tap, f"app_{secrets.token_hex(4)}")
        enrich(user)
        arn = self._new_secret(user, scenario.strategy)
        function = self._function(scenario, server)
        timeline = Timeline(kill=function.kill)
        tap.observer = timeline.on_message
        mortal = Mortal(function, timeline, tap)
        function_arn = FUNCTION_ARN.format(name=scenario.function, serial=user.username)
        self._cloud.register(function_arn, mortal)
        self._cloud.enable_rotation(arn, function_arn)
        return Subject(self._cloud, user, tap, mortal, function_arn, arn, self._reader(scenario.server), self._client)

    def _new_secret(self, user: ApplicationUser, strategy: str) -> str:
        value = user.secret_value()
        if strategy == ALTERNATING_USERS:
            value["masterarn"] = self._create(f"superuser/{user.username}", user.superuser_secret_value())
        return self._create(f"application/{user.username}", value)

    def _create(self, name: str, value: Mapping[str, object]) -> str:
        return self._client.create_secret(Name=name, SecretString=json.dumps(value))["ARN"]

    def _reader(self, name: str) -> Read:
        """One session of the administrator for all that is looked up on a server."""
        if name not in self._readers:
            server = self._server_called(name)
            session = server.connect(server.administrator, "mysql" if server.engine == MYSQL else None)
            self._stack.callback(session.close)
            self._readers[name] = partial(_rows, session.cursor())
        return self._readers[name]

    def _function(self, scenario: Scenario, server: DatabaseServer) -> ForkedFunction:
        key = (scenario.server, scenario.function)
        if key not in self._functions:
            variables = {**self._cloud.environment, "RDS_CA_BUNDLE": str(server.ca_bundle)}
            function = ForkedFunction(FunctionCode.from_source(scenario.function), variables)
            self._functions[key] = self._stack.enter_context(function)
        return self._functions[key]


def _rows(cursor: Any, query: str) -> list[tuple[Any, ...]]:  # noqa: ANN401 - of either driver
    cursor.execute(query)
    return list(cursor.fetchall())


def _is_next(phase: Phase, subject: Subject) -> bool:
    if phase is Phase.FIRST:
        return True
    if subject.rotations == 0:
        return False
    login = subject.login_of(subject.holder(CURRENT))
    is_clone = login is not None and login[0] != subject.user.username
    return phase is Phase.LATER or is_clone == (phase is Phase.TO_ORIGINAL)


def enrich(user: ApplicationUser) -> None:
    """Give the user what a rotation could lose: a role, limits, a right on a column, a right that it may hand on."""
    name = user.username
    if user.engine == MYSQL:
        user.as_superuser(
            f"CREATE ROLE '{name}_role'",
            f"GRANT SELECT ON db_{name}.* TO '{name}_role'",
            f"GRANT '{name}_role' TO '{name}'@'%'",
            f"SET DEFAULT ROLE '{name}_role' TO '{name}'@'%'",
            f"GRANT SELECT ON db_{name}.* TO '{name}'@'%' WITH GRANT OPTION",
            f"GRANT UPDATE (note) ON db_{name}.notes_{name} TO '{name}'@'%'",
            f"ALTER USER '{name}'@'%' REQUIRE SSL WITH MAX_USER_CONNECTIONS 20 ATTRIBUTE '{{\"team\": \"shop\"}}'",
        )
    else:
        user.as_superuser(
            f'CREATE ROLE "{name}_role"',
            f'GRANT "{name}_role" TO "{name}"',
            f'ALTER ROLE "{name}" CONNECTION LIMIT 20',
            f"ALTER ROLE \"{name}\" SET search_path = '$user', public",
        )
