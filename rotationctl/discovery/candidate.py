"""One secret of one database: who rotates it, and which function and strategy fit."""

from collections.abc import Sequence
from dataclasses import dataclass

from rotationctl.by_hand import engine_of
from rotationctl.discovery.databases import Database
from rotationctl.discovery.values import Contents
from rotationctl.functions import Strategy
from rotationctl.remedies import Adviser
from rotationctl.secret import Secret
from rotationctl.state import State, judge
from rotationctl.words import Word
from secret_rotation.pairs import Pair


class Verdict(Word):
    """What can be said of a secret of a database, each word with its meaning; the first that holds is the one."""

    MANAGED = "managed by AWS", "RDS, or another service of AWS, made the secret and rotates it.", None
    ROTATES = "rotates", "a function of this product rotates it.", "green"
    UNSUPPORTED = "other engine", "this product has no function for the database's engine.", None
    NO_SECRET = "no secret", "no secret is known to be this database's; --read-values finds more.", "yellow"
    INCOMPLETE = "incomplete", "it could be attached, once what is missing is in it.", "yellow"
    ANOTHERS = "other function", "a function that is not of this product rotates it: it can be taken over.", "yellow"
    ATTACHABLE = "attachable", "nobody rotates it, and a function of this product fits.", "yellow"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A database with one of its secrets, or with none.

    Attributes:
        database: None where the secret names a host that is none of RDS's here.
        known_by: how it is known that the secret is the database's: "RDS", "tag" or "value".
        contents: what its value says, where it was read.
        shares: the names of other secrets for the same user of the same host.
        is_superuser: whether other secrets name it in masterarn.
    """

    database: Database | None
    secret: Secret | None = None
    known_by: str | None = None
    contents: Contents | None = None
    shares: Sequence[str] = ()
    is_superuser: bool = False

    @property
    def engine(self) -> str | None:
        """What RDS, or else the secret, calls the engine."""
        known = self.database or self.contents
        return None if known is None else known.engine

    @property
    def function_engine(self) -> str | None:
        """The engine of the function that fits."""
        found = engine_of(self.engine)
        return found and found[0]

    @property
    def strategy(self) -> Strategy | None:
        """The strategy that fits: without a gap, but for superusers, which nobody could set the password of.

        Source: the README, "Choose a strategy".
        """
        found = engine_of(self.engine)
        if found is None:
            return None
        is_alternating = not self._is_master and not found[1].KEEPS_OLD_PASSWORD
        return Strategy.ALTERNATING_USERS if is_alternating else Strategy.SINGLE_USER

    @property
    def missing(self) -> list[str]:
        """What the secret's value lacks for that strategy, as far as it was read."""
        if self.contents is None:
            return []
        wants = {"engine": self.contents.engine, "host": self.contents.host}
        if self.strategy is Strategy.ALTERNATING_USERS:
            wants["masterarn"] = self.contents.superuser
        return [key for key, value in wants.items() if value is None]

    def verdict(self, adviser: Adviser) -> Verdict:
        """The word for it."""
        secret = self.secret
        state = secret and judge(secret, adviser.now)
        holds = {
            Verdict.MANAGED: state is State.MANAGED,
            Verdict.ROTATES: secret is not None and secret.function is not None and secret.rotation_enabled,
            Verdict.UNSUPPORTED: self.function_engine is None,
            Verdict.NO_SECRET: secret is None,
            Verdict.INCOMPLETE: bool(self.missing),
            Verdict.ANOTHERS: secret is not None and secret.function_arn is not None and secret.function is None,
            Verdict.ATTACHABLE: True,
        }
        return next(verdict for verdict in Verdict if holds[verdict])

    def next_command(self, adviser: Adviser) -> str | None:
        """What to type next."""
        verdict = self.verdict(adviser)
        engine, strategy = self.function_engine, self.strategy
        if self.secret and engine and strategy and verdict in (Verdict.ANOTHERS, Verdict.ATTACHABLE):
            return adviser.enable(self.secret, engine, strategy)
        if self.secret and verdict is Verdict.INCOMPLETE:
            return adviser.put_value(self.secret)
        return None

    @property
    def _is_master(self) -> bool:
        if self.is_superuser or (self.secret and self.database and self.database.master_secret == self.secret.arn):
            return True
        master = self.database and self.database.master_username
        username = self.contents and self.contents.username
        return bool(master) and bool(username) and Pair.of(str(username)).original == master
