"""The settings of the two roles of a pair (ALTER ROLE ... SET, also IN DATABASE), made equal by their difference."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from psycopg2.sql import SQL, Composable, Composed, Identifier, Literal

from secret_rotation.engines.postgresql.session import PostgreSQLSession
from secret_rotation.engines.postgresql.sql import Query, Row, quoted
from secret_rotation.errors import PermissionDeniedError, StatementFailedError, UnsafeRotationError
from secret_rotation.pairs import Pair

ROLE = "role"

PARAMETER_VERSION = 150_000
"""From here on the right to set a parameter can be granted. Source: PostgreSQL 15 release notes."""

LISTS = frozenset({
    "local_preload_libraries", "search_path", "session_preload_libraries", "shared_preload_libraries",
    "temp_tablespaces", "unix_socket_directories",
})  # fmt: skip
"""Settings whose value is a list of names, quoted one by one: as one literal it would be a list of one name.

Source: PostgreSQL's pg_dump, which has the same list (variable_is_guc_list_quote).
"""

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


@dataclass(frozen=True, slots=True)
class PairSettings:
    """What the clone's settings are, and what they have to be."""

    clone: Settings
    wanted: Settings

    @property
    def clone_takes_role(self) -> bool:
        """Whether the clone acts as another role from its login on, as every clone does that a rotation here made."""
        return Key(None, ROLE) in self.clone


def settings_query(pair: Pair) -> Query:
    """The query whose rows are for `settings_of`."""
    statement = _SETTINGS.format(Literal(pair.original), Literal(pair.clone))
    return Query(statement, "The query of the pair's settings", (str | None, str | None, str, str))


def settings_of(rows: list[Row], pair: Pair) -> PairSettings:
    """The settings of the two."""
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
    for key in {**settings.clone, **settings.wanted}:
        if settings.clone.get(key) != settings.wanted.get(key):
            _apply(session, pair, settings, key)


def _target(pair: Pair, key: Key) -> Composed:
    alter = SQL("ALTER ROLE {}").format(Identifier(pair.clone))
    return alter if key.database is None else SQL("{} IN DATABASE {}").format(alter, Identifier(key.database))


def _statement(pair: Pair, settings: PairSettings, key: Key) -> Composable:
    """What makes the clone's setting the one that is wanted."""
    target, name, value = _target(pair, key), Identifier(key.name), settings.wanted.get(key)
    if value is None:
        return SQL("{} RESET {}").format(target, name)
    if key.name not in LISTS:
        # Unlike set_config, it takes what only the database of the application has: a text search configuration.
        return SQL("{} SET {} = {}").format(target, name, Literal(value))
    return SQL("SELECT set_config({}, {}, true); {} SET {} FROM CURRENT; RESET {}").format(
        Literal(key.name), Literal(value), target, name, name
    )


def _apply(session: PostgreSQLSession, pair: Pair, settings: PairSettings, key: Key) -> None:
    statement, place = _statement(pair, settings, key), _place(key)
    try:
        session.run(statement, f"ALTER ROLE {quoted(pair.clone)}{place} SET {key.name}")
    except PermissionDeniedError as error:
        why = (
            f"{session.username} may not change it (SQLSTATE {error.code}). Run as an administrator: "
            f"{' Or, to end it: '.join(_remedies(session, pair, settings, key))}"
        )
    except StatementFailedError as error:
        why = (
            f"the server does not take the value (SQLSTATE {error.code}). Correct it, or end it: "
            f"{_reset(pair.original, key)}"
        )
    else:
        return
    raise UnsafeRotationError(
        f"The setting {key.name}{place} of {pair.original} and that of {pair.clone} differ; {why} Nothing was changed."
    )


def _remedies(session: PostgreSQLSession, pair: Pair, settings: PairSettings, key: Key) -> Iterator[str]:
    """What lets the two be equal, each by itself: first what keeps the setting, then what ends it.

    A setting with a dot in its name is somebody's own and may hold a secret, so its value is not told.
    """
    if session.server_version >= PARAMETER_VERSION:
        yield f"GRANT SET ON PARAMETER {quoted(key.name)} TO {quoted(session.username)};"
    elif settings.clone and "." not in key.name and key.name not in LISTS:
        yield f"{session.as_text(_statement(pair, settings, key))};"
    owners = {pair.original: settings.wanted, pair.clone: settings.clone}
    yield " ".join(_reset(username, key) for username, own in owners.items() if key in own)


def _reset(username: str, key: Key) -> str:
    return f"ALTER ROLE {quoted(username)}{_place(key)} RESET {quoted(key.name)};"


def _place(key: Key) -> str:
    return "" if key.database is None else f" IN DATABASE {quoted(key.database)}"
