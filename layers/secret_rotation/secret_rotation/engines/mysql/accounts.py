"""The accounts of a user as the grant tables hold them: one for each host, with its settings as SQL clauses.

They are read from the tables and not from SHOW CREATE USER, which prints the hash of the password too, and the subject
of a certificate without escaping the quotes in it.
Source: MySQL Reference Manual, "Grant Tables", "CREATE USER Statement".
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from secret_rotation.engines.mysql.connection import Connection
from secret_rotation.engines.mysql.privileges import READ_ACCOUNTS, permitted
from secret_rotation.engines.mysql.rights import DEFAULT_ROLE, Right, Rights, SqlSyntaxError, parse_grants
from secret_rotation.engines.mysql.sql import Abridged, Sql, account_name, literal
from secret_rotation.errors import UnsafeRotationError
from secret_rotation.password import Password

_COLUMNS = (
    "User", "Host", "plugin", "ssl_type", "ssl_cipher", "x509_issuer", "x509_subject", "max_questions", "max_updates",
    "max_connections", "max_user_connections", "password_lifetime", "Password_reuse_history", "Password_reuse_time",
    "Password_require_current", "account_locked", "@@GLOBAL.partial_revokes",
    "JSON_CONTAINS_PATH(User_attributes, 'one', '$.additional_password')",
    "JSON_REMOVE(User_attributes, '$.additional_password')",
)  # fmt: skip
"""What to SELECT from mysql.user: everything but the hashes of the passwords."""
_SECONDARY, _ATTRIBUTES = _COLUMNS[-2:]
MARK_KEY = "secret_rotation"
"""The key of an account's attribute that belongs to rotations."""
PASSWORD_PLUGINS = frozenset({"caching_sha2_password", "mysql_native_password", "sha256_password"})
_LIMITS = {
    "MAX_QUERIES_PER_HOUR": "max_questions",
    "MAX_UPDATES_PER_HOUR": "max_updates",
    "MAX_CONNECTIONS_PER_HOUR": "max_connections",
    "MAX_USER_CONNECTIONS": "max_user_connections",
}


@dataclass(frozen=True, slots=True)
class Account:
    """One account.

    Attributes:
        options: maps each setting to its SQL clause.
        attribute: is without the mark of a rotation.
        creation_mark: what a rotation that has begun to create the account left on it, until it is complete. It proves
            nothing by itself: an account may write its own attribute. What it is worth says the record of the pair.
        knows_restrictions: whether its server takes partial revokes.
    """

    user: str
    host: str
    plugin: str
    locked: bool
    options: Mapping[str, str]
    attribute: Mapping[str, object]
    creation_mark: str | None
    has_secondary_password: bool
    has_second_factor: bool
    rights: Rights = field(default_factory=Rights)
    knows_restrictions: bool = False

    @property
    def sql(self) -> Sql:
        """The account's name as SQL."""
        return account_name(self.user, self.host)

    @property
    def takes_password(self) -> bool:
        """Whether it logs in by a password that MySQL itself keeps."""
        return self.plugin in PASSWORD_PLUGINS


def _read_account(values: tuple[Any, ...]) -> Account:
    """Read a row of mysql.user, selected by `_COLUMNS`."""
    row: dict[str, Any] = dict(zip(_COLUMNS, map(_plain, values), strict=True))
    attributes = json.loads(row[_ATTRIBUTES] or "{}")
    metadata = dict(attributes.get("metadata") or {})
    return Account(
        user=row["User"],
        host=row["Host"],
        plugin=row["plugin"],
        locked=row["account_locked"] == "Y",
        options=_options(row, attributes.get("Password_locking") or {}),
        creation_mark=_text(metadata.pop(MARK_KEY, None)),
        attribute=metadata,
        has_secondary_password=bool(row[_SECONDARY]),
        has_second_factor="multi_factor_authentication" in attributes,
        knows_restrictions=bool(row["@@GLOBAL.partial_revokes"]),
    )


def creation(account: Account, password: Password) -> Sql:
    """The statement that creates an account, locked and marked, with those settings that are not a new account's."""
    attribute = {**account.attribute, MARK_KEY: account.creation_mark}
    return Sql("CREATE USER {} IDENTIFIED WITH {} BY {} {} ACCOUNT LOCK ATTRIBUTE {}").format(
        account.sql, account.plugin, password, _clause(_changed(_DEFAULTS, account.options)), json.dumps(attribute)
    )


def _changed(now: Mapping[str, str], wanted: Mapping[str, str]) -> dict[str, str]:
    return {name: clause for name, clause in wanted.items() if now.get(name) != clause}


def _clause(options: Mapping[str, str]) -> Sql:
    """The settings in the order in which CREATE USER and ALTER USER take them."""
    limits = [options[name] for name in _LIMITS if name in options]
    others = [clause for name, clause in options.items() if name not in _LIMITS and name != "REQUIRE"]
    require = [options["REQUIRE"]] if "REQUIRE" in options else []
    return Sql(" ".join([*require, *(["WITH", *limits] if limits else []), *others]))


def alteration(now: Account, wanted: Account) -> Sql | None:
    """The statement that brings an account's options, lock and attribute to what is wanted.

    Returns:
        None where nothing differs.
    """
    clauses = []
    if options := _changed(now.options, wanted.options):
        clauses.append(_clause(options))
    if now.locked != wanted.locked:
        clauses.append(Sql("ACCOUNT LOCK" if wanted.locked else "ACCOUNT UNLOCK"))
    if now.attribute != wanted.attribute:
        patch = merge_patch(now.attribute, wanted.attribute)
        clauses.append(Sql("ATTRIBUTE {}").format(json.dumps(patch)))
    return Sql("ALTER USER {} {}").format(now.sql, Sql(" ").join(clauses)) if clauses else None


def merge_patch(now: object, wanted: object) -> object:
    """The JSON merge patch from one value to the other. Source: RFC 7396; ALTER USER ... ATTRIBUTE applies it."""
    if not isinstance(now, Mapping) or not isinstance(wanted, Mapping):
        return wanted
    patch: dict[str, object] = dict.fromkeys(now.keys() - wanted.keys())
    for key, value in wanted.items():
        if key not in now or now[key] != value:
            patch[key] = merge_patch(now.get(key), value)
    return patch


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _plain(value: object) -> object:
    return value.decode() if isinstance(value, bytes) else value


def _options(row: Mapping[str, Any], locking: Mapping[str, int]) -> dict[str, str]:
    attempts, days = locking.get("failed_login_attempts", 0), locking.get("password_lock_time_days", 0)
    return {
        "REQUIRE": _require(row),
        **{name: f"{name} {row[column]}" for name, column in _LIMITS.items()},
        "EXPIRE": _expire(row["password_lifetime"]),
        "HISTORY": f"PASSWORD HISTORY {_or_default(row['Password_reuse_history'])}",
        "REUSE": f"PASSWORD REUSE INTERVAL {_or_default(row['Password_reuse_time'], ' DAY')}",
        "CURRENT": "PASSWORD REQUIRE CURRENT" + _CURRENT[row["Password_require_current"]],
        "ATTEMPTS": f"FAILED_LOGIN_ATTEMPTS {attempts}",
        "LOCK_TIME": f"PASSWORD_LOCK_TIME {'UNBOUNDED' if days < 0 else days}",
    }


_CURRENT = {None: " DEFAULT", "Y": "", "N": " OPTIONAL"}


def _or_default(value: int | None, unit: str = "") -> str:
    return "DEFAULT" if value is None else f"{value}{unit}"


def _expire(lifetime: int | None) -> str:
    if lifetime is None:
        return "PASSWORD EXPIRE DEFAULT"
    return f"PASSWORD EXPIRE INTERVAL {lifetime} DAY" if lifetime else "PASSWORD EXPIRE NEVER"


def _require(row: Mapping[str, Any]) -> str:
    simple = {"": "NONE", "ANY": "SSL", "X509": "X509"}
    if (kind := row["ssl_type"]) in simple:
        return f"REQUIRE {simple[kind]}"
    columns = {"CIPHER": "ssl_cipher", "ISSUER": "x509_issuer", "SUBJECT": "x509_subject"}
    return "REQUIRE " + " AND ".join(f"{word} {literal(row[name])}" for word, name in columns.items() if row[name])


def accounts_of(connection: Connection, usernames: Sequence[str]) -> list[Account]:
    """All accounts of these users, on any host, without their rights."""
    query = Sql("SELECT {} FROM mysql.user WHERE User IN ({}) ORDER BY User, Host")
    columns = Abridged(", ".join(_COLUMNS), "the settings of accounts")
    statement = query.format(columns, Sql(", ").join(map(literal, usernames)))
    return [_read_account(row) for row in permitted(connection, statement, READ_ACCOUNTS)]


def with_rights(connection: Connection, accounts: Sequence[Account]) -> list[Account]:
    """The same accounts with all of their rights, default roles included."""
    names = sorted({str(literal(account.user)) for account in accounts})
    default_roles = permitted(
        connection,
        Sql(
            "SELECT USER, HOST, DEFAULT_ROLE_USER, DEFAULT_ROLE_HOST FROM mysql.default_roles WHERE USER IN ({})"
        ).format(Sql(", ".join(names))),
        READ_ACCOUNTS,
    )
    found = []
    for account in accounts:
        rights = rights_of(connection, account.sql)
        own = (row for row in default_roles if row[:2] == (account.user, account.host))
        roles = frozenset(Right(str(account_name(*row[2:])), DEFAULT_ROLE) for row in own)
        found.append(replace(account, rights=replace(rights, held=rights.held | roles)))
    return found


def rights_of(connection: Connection, account: Sql) -> Rights:
    """The rights of an account or a role, without those of its roles."""
    return _read_grants(connection, Sql("SHOW GRANTS FOR {}").format(account))


def rights_of_session(connection: Connection) -> Rights:
    """The rights of the user that is logged in, with those of its active roles."""
    return _read_grants(connection, Sql("SHOW GRANTS"))


def _read_grants(connection: Connection, statement: Sql) -> Rights:
    try:
        return parse_grants(str(row) for (row,) in permitted(connection, statement, READ_ACCOUNTS))
    except SqlSyntaxError:
        raise UnsafeRotationError(
            f"The answer to {statement} holds something that this version of the rotation function does not know, so "
            "they cannot be copied. Update the function."
        ) from None


_DEFAULTS = _options(
    {
        "ssl_type": "",
        **dict.fromkeys(_LIMITS.values(), 0),
        **dict.fromkeys(("password_lifetime", "Password_reuse_history", "Password_reuse_time")),
        "Password_require_current": None,
    },
    {},
)
