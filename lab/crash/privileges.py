"""What the two users of an application may do, in a form that can be compared; names of users are left out."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from lab.application_user import ApplicationUser
from lab.servers.pool import MYSQL

Rights = tuple[str, ...]

_POSTGRES = """
    WITH subject AS (SELECT * FROM pg_roles WHERE rolname = '{name}')
    SELECT 'attributes ' || (to_jsonb(subject) - 'oid' - 'rolname' - 'rolpassword' - 'rolconfig')::text FROM subject
    UNION ALL
    SELECT 'member ' || (to_jsonb(pg_auth_members) - 'oid' - 'roleid' - 'member' - 'grantor')::text || roleid::regrole
    FROM pg_auth_members JOIN subject ON member = subject.oid
    UNION ALL
    SELECT 'setting ' || setdatabase || ' ' || setting
    FROM pg_db_role_setting CROSS JOIN unnest(setconfig) AS setting JOIN subject ON setrole = subject.oid
    UNION ALL
    SELECT 'acl ' || relname || ' ' || privilege_type || is_grantable
    FROM pg_class CROSS JOIN aclexplode(relacl) JOIN subject ON grantee = subject.oid
    UNION ALL
    SELECT 'owner ' || relname FROM pg_class JOIN subject ON relowner = subject.oid WHERE relkind = 'r'"""
_MYSQL_SETTINGS = """
    SELECT plugin, ssl_type, max_questions, max_updates, max_connections, max_user_connections, password_lifetime,
        Password_reuse_history, Password_reuse_time, Password_require_current, account_locked,
        JSON_REMOVE(User_attributes, '$.additional_password', '$.metadata.secret_rotation')
    FROM mysql.user WHERE User = '{name}' AND Host = '%'"""
_MYSQL_DEFAULT_ROLES = "SELECT DEFAULT_ROLE_USER FROM mysql.default_roles WHERE USER = '{name}' ORDER BY 1"


Read = Callable[[str], list[tuple[Any, ...]]]
"""Runs a query as the administrator, in a session that stays open."""


def rights_of(user: ApplicationUser, read: Read) -> Mapping[str, Rights]:
    """The rights of the original and of the clone; a user that does not exist has none."""
    names = {"original": user.username, "clone": f"{user.username}_clone"}
    found = _in_mysql if user.engine == MYSQL else _in_postgres
    return {role: _without_names(user, found(read, name)) for role, name in names.items()}


def _in_postgres(read: Read, name: str) -> list[str]:
    return [text for (text,) in read(_POSTGRES.format(name=name))]


def _in_mysql(read: Read, name: str) -> list[str]:
    settings = read(_MYSQL_SETTINGS.format(name=name))
    if not settings:
        return []
    roles = read(_MYSQL_DEFAULT_ROLES.format(name=name))
    grants = read(f"SHOW GRANTS FOR '{name}'@'%'")
    return [_text(settings[0]), *(f"default role {role}" for (role,) in roles), *(text for (text,) in grants)]


def _text(row: tuple[Any, ...]) -> str:
    return " ".join(value.decode() if isinstance(value, bytes) else str(value) for value in row)


def _without_names(user: ApplicationUser, texts: list[str]) -> Rights:
    own = re.compile(rf"{user.username}(_clone)?")
    return tuple(sorted(own.sub("<user>", text) for text in texts))
