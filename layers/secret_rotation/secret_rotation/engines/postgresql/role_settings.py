"""The settings of the two roles of a pair (ALTER ROLE ... SET, also IN DATABASE), made equal by their difference."""

from collections.abc import Iterable
from dataclasses import dataclass

from psycopg2.sql import SQL, Composable, Composed, Identifier, Literal

from secret_rotation.engine import Pair
from secret_rotation.engines.postgresql.failures import quoted
from secret_rotation.engines.postgresql.session import PostgreSQLSession
from secret_rotation.errors import StatementFailedError, UnsafeRotationError

ROLE = "role"

_SETTINGS = SQL("""
    SELECT rolname, datname, split_part(setting, '=', 1), substr(setting, strpos(setting, '=') + 1)
    FROM pg_db_role_setting CROSS JOIN unnest(setconfig) AS setting
    LEFT JOIN pg_database ON pg_database.oid = setdatabase
    LEFT JOIN pg_roles ON pg_roles.oid = setrole
    WHERE rolname IN ({}, {}) OR setrole = 0 AND setting LIKE 'role=%'""")


@dataclass(frozen=True, slots=True)
class Key:
    """Which setting, and where: in one database, or (None) in all of them."""

    database: str | None
    name: str


Settings = dict[Key, str]
Row = tuple[str | None, str | None, str, str]


@dataclass(frozen=True, slots=True)
class PairSettings:
    """What the clone's settings are, and what they have to be."""

    clone: Settings
    wanted: Settings

    @property
    def clone_takes_role(self) -> bool:
        """Whether the clone acts as another role from its login on, as every clone does that a rotation here made."""
        return Key(None, ROLE) in self.clone


def read_settings(session: PostgreSQLSession, pair: Pair) -> PairSettings:
    """Read them for both roles."""
    statement = _SETTINGS.format(Literal(pair.original), Literal(pair.clone))
    rows: list[Row] = session.run(statement, "The query of the pair's settings")
    return PairSettings(clone=_of(rows, pair.clone), wanted=_wanted(rows, pair))


def _of(rows: Iterable[Row], owner: str | None) -> Settings:
    return {Key(database, name): value for role, database, name, value in rows if role == owner}


def _wanted(rows: list[Row], pair: Pair) -> Settings:
    """The original's settings, and the role that the original acts as: itself, unless a setting says otherwise.

    A role set for a whole database (ALTER DATABASE ... SET role) has to be repeated for the clone, whose own setting
    would outrank it.
    """
    own = _of(rows, pair.original)
    if Key(None, ROLE) in own:
        return own
    return {Key(None, ROLE): pair.original, **_of(rows, None), **own}


def mirror_settings(session: PostgreSQLSession, pair: Pair, settings: PairSettings) -> None:
    """Make the clone's settings those that are wanted.

    Raises:
        UnsafeRotationError: the superuser may not make one of them.
    """
    for key in settings.clone.keys() - settings.wanted.keys():
        _apply(session, pair, key, SQL("{} RESET {}").format(_target(pair, key), Identifier(key.name)))
    for key, value in settings.wanted.items():
        if settings.clone.get(key) != value:
            _apply(session, pair, key, _set(pair, key, value))


def _target(pair: Pair, key: Key) -> Composed:
    alter = SQL("ALTER ROLE {}").format(Identifier(pair.clone))
    return alter if key.database is None else SQL("{} IN DATABASE {}").format(alter, Identifier(key.database))


def _set(pair: Pair, key: Key, value: str) -> Composable:
    target, name = _target(pair, key), Identifier(key.name)
    if key.name == ROLE:
        return SQL("{} SET role = {}").format(target, Literal(value))
    # The value goes through set_config, because a list such as search_path is not one literal to ALTER ROLE.
    return SQL("SELECT set_config({}, {}, true); {} SET {} FROM CURRENT; RESET {}").format(
        Literal(key.name), Literal(value), target, name, name
    )


def _apply(session: PostgreSQLSession, pair: Pair, key: Key, statement: Composable) -> None:
    place = "" if key.database is None else f" IN DATABASE {quoted(key.database)}"
    alter = f"ALTER ROLE {quoted(pair.clone)}{place}"
    try:
        session.run(statement, f"{alter} SET {key.name}")
    except StatementFailedError as error:
        raise UnsafeRotationError(
            f"The setting {key.name}{place} of {pair.original} and that of {pair.clone} differ; {session.username} may "
            f"not change it (SQLSTATE {error.code}). As an administrator, make them equal with {alter} SET {key.name}, "
            f"or {alter} RESET {key.name}. Nothing was changed."
        ) from None
