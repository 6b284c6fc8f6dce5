"""In which order secrets rotate: one first, then one of each database, then a few of each at once."""

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import InitVar, dataclass, field

from rotationctl.functions import function_name
from rotationctl.secret import DATABASE_TAGS, Secret


def database_of(secret: Secret, tag: str | None) -> str:
    """What stands for the database of a secret: a tag, or its function where there is none.

    Args:
        secret: whose database it is.
        tag: the key of a tag that says so, in place of those of RDS.
    """
    keys = DATABASE_TAGS if tag is None else (tag,)
    named = next((secret.tags[key] for key in keys if secret.tags.get(key)), None)
    return named or function_name(secret.function_arn or "")


@dataclass(slots=True)
class Queue:
    """The secrets that wait, and how many of them may rotate at once.

    The first one rotates alone, and so does the first of each database: what is wrong with all of them shows before it
    has happened to many.

    Attributes:
        secrets: those that have not begun, in their order.
        group_by: the key of the tag that says which database a secret is of.
        at_once: how many may rotate at once, and of one database.
        proven: how many of each database have succeeded.
    """

    secrets: InitVar[Iterable[Secret]]
    group_by: str | None
    at_once: int
    per_database: int
    proven: Counter[str] = field(default_factory=Counter)
    _places: dict[str, int] = field(init=False)
    _lines: dict[str, deque[Secret]] = field(init=False)

    def __post_init__(self, secrets: Iterable[Secret]) -> None:
        """Line the secrets up, a line for each database: to look at them all for each that begins takes too long."""
        self._places, self._lines = {}, {}
        for place, secret in enumerate(secrets):
            self._places[secret.arn] = place
            self._lines.setdefault(self.database(secret), deque()).append(secret)

    @property
    def waiting(self) -> list[Secret]:
        """Those that have not begun, in their order."""
        return sorted((secret for line in self._lines.values() for secret in line), key=self._place)

    @property
    def is_empty(self) -> bool:
        """Whether all have begun."""
        return not any(self._lines.values())

    def next(self, running: Sequence[Secret]) -> Secret | None:
        """The secret that may begin now, beside those that are running; it waits no more. None where none may."""
        if len(running) >= (self.at_once if self.proven else 1):
            return None
        busy = Counter(self.database(secret) for secret in running)
        free = [line for database, line in self._lines.items() if line and busy[database] < self._limit(database)]
        return min(free, key=lambda line: self._place(line[0])).popleft() if free else None

    def put_back(self, secret: Secret) -> None:
        """Let a secret begin again, before all others of its database."""
        self._lines.setdefault(self.database(secret), deque()).appendleft(secret)

    def succeeded(self, secret: Secret) -> None:
        """Note that a secret's database can be rotated on."""
        self.proven[self.database(secret)] += 1

    def database(self, secret: Secret) -> str:
        """The database of a secret."""
        return database_of(secret, self.group_by)

    def _limit(self, database: str) -> int:
        return self.per_database if self.proven[database] else 1

    def _place(self, secret: Secret) -> int:
        return self._places[secret.arn]


def in_order(secrets: Iterable[Secret], group_by: str | None) -> list[Secret]:
    """By turns of each database, so that no database waits for the end of another."""
    turns: Counter[str] = Counter()
    placed = []
    for secret in secrets:
        database = database_of(secret, group_by)
        placed.append((turns[database], secret))
        turns[database] += 1
    return [secret for _, secret in sorted(placed, key=lambda place: place[0])]
