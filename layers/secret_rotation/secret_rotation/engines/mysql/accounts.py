"""The accounts of a user as mysql.user holds them: one for each host, their settings as SQL clauses. Pure.

Read from the table and not from SHOW CREATE USER, which prints the hash of the password too, and a certificate's
subject without escaping the quotes in it.
Source: MySQL Reference Manual, "Grant Tables", "CREATE USER Statement".
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from secret_rotation.engines.mysql.marks import ATTRIBUTE_KEY, Mark
from secret_rotation.engines.mysql.rights import Rights
from secret_rotation.engines.mysql.tokens import quote_account

COLUMNS = (
    "User", "Host", "plugin", "ssl_type", "ssl_cipher", "x509_issuer", "x509_subject", "max_questions", "max_updates",
    "max_connections", "max_user_connections", "password_lifetime", "Password_reuse_history", "Password_reuse_time",
    "Password_require_current", "account_locked",
    "JSON_CONTAINS_PATH(User_attributes, 'one', '$.additional_password')",
    "JSON_REMOVE(User_attributes, '$.additional_password')",
)  # fmt: skip
"""What to SELECT from mysql.user: everything but the hashes of the passwords."""
_SECONDARY, _ATTRIBUTES = COLUMNS[-2:]
PASSWORD_PLUGINS = frozenset({"caching_sha2_password", "mysql_native_password", "sha256_password"})
_LIMITS = {
    "MAX_QUERIES_PER_HOUR": "max_questions",
    "MAX_UPDATES_PER_HOUR": "max_updates",
    "MAX_CONNECTIONS_PER_HOUR": "max_connections",
    "MAX_USER_CONNECTIONS": "max_user_connections",
}


@dataclass(frozen=True, slots=True)
class Account:
    """One account. `options` maps each setting to its SQL clause; `attribute` is without the mark of a rotation."""

    user: str
    host: str
    plugin: str
    locked: bool
    options: Mapping[str, str]
    attribute: Mapping[str, object]
    mark: Mark | None
    has_secondary_password: bool
    has_second_factor: bool
    rights: Rights = field(default_factory=Rights)

    @property
    def sql(self) -> str:
        """The account's name as SQL."""
        return quote_account(self.user, self.host)

    @property
    def is_unfinished(self) -> bool:
        """Whether a rotation created it and did not come to its end; it is locked until then."""
        return self.mark is not None and self.mark.unfinished

    @property
    def takes_password(self) -> bool:
        """Whether it logs in by a password that MySQL itself keeps."""
        return self.plugin in PASSWORD_PLUGINS


def quote_text(text: str) -> str:
    """A string literal, for sessions whose sql_mode has NO_BACKSLASH_ESCAPES."""
    return "'" + text.replace("'", "''") + "'"


def read_account(values: tuple[Any, ...]) -> Account:
    """Read a row of mysql.user, selected by `COLUMNS`."""
    row: dict[str, Any] = dict(zip(COLUMNS, map(_plain, values), strict=True))
    attributes = json.loads(row[_ATTRIBUTES] or "{}")
    metadata = dict(attributes.get("metadata") or {})
    return Account(
        user=row["User"],
        host=row["Host"],
        plugin=row["plugin"],
        locked=row["account_locked"] == "Y",
        options=_options(row, attributes.get("Password_locking") or {}),
        mark=Mark.from_text(metadata.pop(ATTRIBUTE_KEY, None)),
        attribute=metadata,
        has_secondary_password=bool(row[_SECONDARY]),
        has_second_factor="multi_factor_authentication" in attributes,
    )


def creation_options(account: Account) -> str:
    """What CREATE USER needs to say of an account's settings: those that are not what every new account has."""
    return _clause(_changed(_DEFAULTS, account.options))


def _changed(now: Mapping[str, str], wanted: Mapping[str, str]) -> dict[str, str]:
    return {name: clause for name, clause in wanted.items() if now.get(name) != clause}


def _clause(options: Mapping[str, str]) -> str:
    """The settings in the order in which CREATE USER and ALTER USER take them."""
    limits = [options[name] for name in _LIMITS if name in options]
    others = [clause for name, clause in options.items() if name not in _LIMITS and name != "REQUIRE"]
    require = [options["REQUIRE"]] if "REQUIRE" in options else []
    return " ".join([*require, *(["WITH", *limits] if limits else []), *others])


def settings(now: Account, wanted: Account) -> str:
    """What ALTER USER needs to bring an account's options, lock and attribute to what is wanted; "" for nothing."""
    parts = [_clause(_changed(now.options, wanted.options))]
    if now.locked != wanted.locked:
        parts.append("ACCOUNT LOCK" if wanted.locked else "ACCOUNT UNLOCK")
    if now.attribute != wanted.attribute:
        parts.append(f"ATTRIBUTE {quote_text(json.dumps(merge_patch(now.attribute, wanted.attribute)))}")
    return " ".join(filter(None, parts))


def merge_patch(now: object, wanted: object) -> object:
    """The JSON merge patch from one value to the other. Source: RFC 7396; ALTER USER ... ATTRIBUTE applies it."""
    if not isinstance(now, Mapping) or not isinstance(wanted, Mapping):
        return wanted
    patch: dict[str, object] = dict.fromkeys(now.keys() - wanted.keys())
    for key, value in wanted.items():
        if key not in now or now[key] != value:
            patch[key] = merge_patch(now.get(key), value)
    return patch


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
    return "REQUIRE " + " AND ".join(f"{word} {quote_text(row[name])}" for word, name in columns.items() if row[name])


_DEFAULTS = _options(
    {
        "ssl_type": "",
        **dict.fromkeys(_LIMITS.values(), 0),
        **dict.fromkeys(("password_lifetime", "Password_reuse_history", "Password_reuse_time")),
        "Password_require_current": None,
    },
    {},
)
