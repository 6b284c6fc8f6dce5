"""A secret, a database and a rotation function of the model: what a case starts from."""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NoReturn, cast

from lab.secretsmanager.versions import CURRENT, PREVIOUS
from secret_rotation.deadline import Deadline
from secret_rotation.engine import CLONE_SUFFIX
from secret_rotation.model import Password, RotationRequest, Step
from secret_rotation.password import PasswordPolicy
from secret_rotation.rds import RdsDirectory
from secret_rotation.rotation import Parts, Rotation
from secret_rotation.secret import SecretStore
from secret_rotation.settings import Settings
from secret_rotation.strategies.alternating_users import AlternatingUsers
from secret_rotation.strategies.single_user import SingleUser
from secret_rotation.superuser import SuperuserFinder
from tests.model.client import ModelClient
from tests.model.database import Database
from tests.model.engines import ModelMySQL, ModelPostgreSQL
from tests.model.replay import Replay
from tests.model.strict_secrets import StrictSecrets
from tests.model.world import Account, Secret, StoredVersion, World

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

APP, SUPERUSER_DATABASE = "app", "postgres"
DEADLINE = Deadline(lambda: 60.0)


@dataclass(frozen=True, slots=True)
class DrawnBy(PasswordPolicy):
    """Draws a password that says whose it is, and is the same whenever the step is run again."""

    exclude_characters: str = ""
    delivery: str = ""

    def draw(self) -> Password:
        """A password of this delivery."""
        return Password(f"drawn by {self.delivery}")


@dataclass(frozen=True)
class Setup:
    """One deployment: an engine, a strategy, their settings, and a server.

    `dbname` is the application's database; the superuser logs in to SUPERUSER_DATABASE.
    """

    mysql: bool
    alternating: bool
    discard_old_password: bool = False
    reset_with_superuser: bool = False
    users_may_change: bool = True
    pending_leaves_with_current: bool = False
    dbname: str = SUPERUSER_DATABASE

    def __str__(self) -> str:
        words = ["MySQL" if self.mysql else "PostgreSQL", "alternating users" if self.alternating else "single user"]
        return ", ".join(words)

    @property
    def has_gap(self) -> bool:
        """Whether AWSCURRENT does not log in between setSecret and finishSecret."""
        return not self.alternating and (not self.mysql or not self.users_may_change)

    @cached_property
    def secrets(self) -> StrictSecrets:
        """The Secrets Manager."""
        superuser = {"host": "db", "username": "superuser", "password": "S", "dbname": SUPERUSER_DATABASE}
        return StrictSecrets(superuser, pending_leaves_with_current=self.pending_leaves_with_current)

    @cached_property
    def database(self) -> Database:
        """The database server."""
        return Database(keeps_old_password=self.mysql, users_may_change=self.users_may_change)

    @property
    def user_of_previous(self) -> str:
        """Whose password AWSPREVIOUS holds; it is the next one's too."""
        return APP + CLONE_SUFFIX if self.alternating else APP

    def value(self, username: str, password: str, **more: object) -> str:
        """The JSON of a version of the secret."""
        needs_superuser = self.alternating or self.reset_with_superuser or not self.users_may_change
        masterarn = {"masterarn": self.secrets.superuser_arn} if needs_superuser else {}
        engine = "mysql" if self.mysql else "postgres"
        login = {"username": username, "password": password}
        return json.dumps({"engine": engine, "host": "db", "dbname": self.dbname, **login, **masterarn, **more})

    def steady(self) -> World:
        """As a rotation leaves it that was not the first one."""
        versions = (
            StoredVersion("P", 0, (PREVIOUS,), self.value(self.user_of_previous, "p")),
            StoredVersion("O", 1, (CURRENT,), self.value(APP, "o")),
        )
        accounts = [Account(APP, "o", "p" if self.mysql and not self.alternating else None)]
        if self.alternating:
            accounts.append(Account(self.user_of_previous, "p"))
        return World(Secret(versions), tuple(accounts))

    def fresh(self) -> World:
        """Before the first rotation."""
        return World(Secret((StoredVersion("O", 0, (CURRENT,), self.value(APP, "o")),)), (Account(APP, "o"),))

    def with_orphan(self) -> World:
        """After a rotation that was cleared away behind its setSecret: the database's password has no label."""
        world = self.steady()
        orphan = StoredVersion("X", 2, (), self.value(self.user_of_previous, "x"))
        kept = "o" if self.mysql and not self.alternating else None
        versions = (*world.secret.versions, orphan)
        return world._replace(secret=Secret(versions)).with_account(Account(self.user_of_previous, "x", kept))

    def rotation(self, step: Step, token: str, delivery: str, replay: Replay) -> Rotation:
        """The real code of a step, about to run."""
        return Rotation(self._parts(delivery, replay), RotationRequest(step, self.secrets.arn, token), DEADLINE)

    def _parts(self, delivery: str, replay: Replay) -> Parts:
        engine = (ModelMySQL if self.mysql else ModelPostgreSQL)(replay)
        store = SecretStore(cast("SecretsManagerClient", ModelClient(replay, self.secrets)))
        strategy = (AlternatingUsers if self.alternating else SingleUser).from_settings(self._settings(delivery))
        finder = SuperuserFinder(store, RdsDirectory(_no_rds), engine.secret_format)
        return Parts(store, finder, engine, strategy, self._settings(delivery))

    def _settings(self, delivery: str) -> Settings:
        return Settings(
            password_policy=DrawnBy(delivery=delivery),
            username_limit=None,
            reset_with_superuser=self.reset_with_superuser,
            discard_old_password=self.discard_old_password,
            ca_bundle=None,
            endpoint_url=None,
        )


def _no_rds() -> NoReturn:
    raise AssertionError("the superuser's secret names its host")
