"""A secret, a database and a rotation function of the model: what an exploration starts from."""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NoReturn, cast

from lab.interleavings.database import Database
from lab.interleavings.engine import ModelEngine
from lab.interleavings.replay import READS_CLOCK, ModelClock, Replay
from lab.interleavings.secrets_manager import ModelClient, StrictSecrets
from lab.interleavings.state import Answer, DatabaseUser, Operation, SecretState, SecretVersion, SharedState
from secret_rotation.credentials import Credentials
from secret_rotation.deadline import Deadline
from secret_rotation.engine import Engine
from secret_rotation.groundwork import Groundwork, Parts
from secret_rotation.labels import AWSCURRENT, AWSPREVIOUS
from secret_rotation.password import Password, PasswordPolicy
from secret_rotation.patience import Patience
from secret_rotation.rds import RdsDirectory
from secret_rotation.request import RotationRequest, Step
from secret_rotation.rotation import Rotation
from secret_rotation.settings import AllowedSecrets, Settings
from secret_rotation.store import SecretStore
from secret_rotation.strategy import Strategy
from secret_rotation.superuser_secret import SuperuserFinder

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

APP, SUPERUSER_DATABASE = "app", "postgres"
DEADLINE = Deadline(lambda: 60.0)


@dataclass(frozen=True, slots=True)
class DrawnBy(PasswordPolicy):
    """Draws a password that says whose it is, and is the same whenever the step is run again."""

    exclude_characters: str = ""
    process: str = ""

    def draw(self) -> Password:
        return Password(f"drawn by {self.process}")


@dataclass(frozen=True)
class Deployment:
    """One deployment: an engine, a strategy, their settings, and a server.

    `dbname` is the application's database; the superuser logs in to SUPERUSER_DATABASE.
    """

    engine: type[Engine]
    strategy: type[Strategy]
    discard_old_password: bool = False
    promote_early: bool = False
    reset_with_superuser: bool = False
    users_may_change: bool = True
    pending_leaves_with_current: bool = False
    dbname: str = SUPERUSER_DATABASE

    def __str__(self) -> str:
        early = ", promoted early" * self.promote_early
        return f"{self.engine.__name__}, {self.strategy.name.replace('_', ' ')}{early}"

    @cached_property
    def secrets(self) -> StrictSecrets:
        superuser = {"host": "db", "username": "superuser", "password": "S", "dbname": SUPERUSER_DATABASE}
        return StrictSecrets(superuser, pending_leaves_with_current=self.pending_leaves_with_current)

    @cached_property
    def database(self) -> Database:
        return Database(keeps_old_password=self.engine.keeps_old_password, users_may_change=self.users_may_change)

    @cached_property
    def next_user(self) -> str:
        """Whose password the version after APP's holds, and AWSPREVIOUS too."""
        current = Credentials.parse(self.value(APP, "o"), "AWSCURRENT", self.engine.secret_format)
        return self.strategy.from_settings(self._settings("")).pending_username(current)

    @property
    def keeps_old_password(self) -> bool:
        """Whether the user has two passwords at a time: what a change replaces stays, and is compared first."""
        return self.engine.keeps_old_password and self.next_user == APP

    @property
    def has_gap(self) -> bool:
        """Whether AWSCURRENT does not log in between setSecret and finishSecret."""
        return self.next_user == APP and not (self.keeps_old_password and self.users_may_change)

    def value(self, username: str, password: str, **more: object) -> str:
        """The JSON of a version of the secret."""
        needs_superuser = self.strategy.superuser_required or self.reset_with_superuser or not self.users_may_change
        masterarn = {"masterarn": self.secrets.superuser_arn} if needs_superuser else {}
        engine = min(self.engine.secret_format.engine_names)
        login = {"username": username, "password": password}
        return json.dumps({"engine": engine, "host": "db", "dbname": self.dbname, **login, **masterarn, **more})

    def steady(self) -> SharedState:
        """As a rotation leaves it that was not the first one."""
        versions = (
            SecretVersion("P", 0, (AWSPREVIOUS,), self.value(self.next_user, "p")),
            SecretVersion("O", 1, (AWSCURRENT,), self.value(APP, "o")),
        )
        previous = DatabaseUser(self.next_user, "p")
        user = DatabaseUser(APP, "o", "p" if self.keeps_old_password else None)
        return SharedState(SecretState(versions), (previous,)).with_user(user)

    def fresh(self) -> SharedState:
        """Before the first rotation."""
        only = SecretVersion("O", 0, (AWSCURRENT,), self.value(APP, "o"))
        return SharedState(SecretState((only,)), (DatabaseUser(APP, "o"),))

    def with_orphan(self) -> SharedState:
        """After a rotation that was cleared away behind its setSecret: the database's password has no label."""
        state = self.steady()
        orphan = SecretVersion("X", 2, (), self.value(self.next_user, "x"))
        user = DatabaseUser(self.next_user, "x", "o" if self.keeps_old_password else None)
        return state._replace(secret=SecretState((*state.secret.versions, orphan))).with_user(user)

    def apply(self, state: SharedState, process: str, operation: Operation) -> tuple[SharedState, Answer]:
        """Run one operation of a process.

        Returns:
            The state after it, and what the process is answered.
        """
        if operation.name == READS_CLOCK:
            return state, Answer(state.clock)
        if self.database.knows(operation):
            return self.database.apply(state, process, operation)
        secret, answer = self.secrets.apply(state.secret, operation)
        return state.with_secret(secret, operation), answer

    def rotation(self, step: Step, token: str, process: str, replay: Replay) -> Rotation:
        """The real code of a step, about to run."""
        return Rotation(
            Groundwork(self._parts(process, replay), RotationRequest(step, self.secrets.arn, token), DEADLINE)
        )

    def _parts(self, process: str, replay: Replay) -> Parts:
        engine = ModelEngine(self.engine, replay, self.secrets.name)
        settings = self._settings(process)
        store = SecretStore(cast("SecretsManagerClient", ModelClient(replay, self.secrets)))
        finder = SuperuserFinder(store, RdsDirectory(_no_rds), engine.secret_format, AllowedSecrets(None))
        clock = ModelClock(replay)
        patience = Patience(settle_seconds=(0.01,), monotonic=clock.monotonic, sleep=clock.sleep)
        return Parts(store, finder, cast("Engine", engine), self.strategy.from_settings(settings), settings, patience)

    def _settings(self, process: str) -> Settings:
        return Settings(
            password_policy=DrawnBy(process=process),
            username_limit=None,
            reset_with_superuser=self.reset_with_superuser,
            promote_early=self.promote_early,
            discard_old_password=self.discard_old_password,
            password_encryption="scram-sha-256",  # noqa: S106 - a way to keep passwords, not one
            superuser_secrets=AllowedSecrets(None),
            ca_bundle=None,
            endpoint_url=None,
            rds_endpoint_url=None,
            sends_events=False,
            events_endpoint_url=None,
        )


def _no_rds() -> NoReturn:
    raise AssertionError("the superuser's secret names its host")
