"""Which accounts the superuser must leave alone: those whose password would be a way to more rights.

Whoever may write a secret could name any user in it. The superuser sets the password of ordinary users only.
"""

import re

from secret_rotation.engines.mysql.rights import GLOBAL, GRANT_OPTION, PROXY, ROLE, Rights
from secret_rotation.engines.mysql.tokens import Kind, TokenReader

_ADMINISTRATION = frozenset({
    "CREATE USER", "SUPER", "SYSTEM_USER", "ROLE_ADMIN", "SET_USER_ID", "SET_ANY_DEFINER", "SYSTEM_VARIABLES_ADMIN",
    GRANT_OPTION, PROXY,
})  # fmt: skip
# Whoever may write to every database may write to the grant tables.
_WRITING = frozenset(
    {"INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER", "TRIGGER", "CREATE VIEW", "CREATE ROUTINE"}
)
_SYSTEM_DATABASE = "mysql"


def administrative_right(rights: Rights) -> str | None:
    """The first right that makes an account more than an ordinary one, for a message; None if it has none."""
    for right in sorted(rights.held):
        where = f"role {right.privilege}" if right.level == ROLE else f"{right.privilege} ON {right.level}"
        if right.privilege in _ADMINISTRATION or right.option:
            return where + " WITH ADMIN OPTION" * (right.option and right.level == ROLE)
        if right.level == GLOBAL and right.privilege in _WRITING and not _spares_system(rights, right.privilege):
            return where
        if _is_on_system_database(right.level):
            return where
    return None


def _spares_system(rights: Rights, privilege: str) -> bool:
    return any(r.privilege == privilege and r.level == "`mysql`.*" for r in rights.restrictions)


def _is_on_system_database(level: str) -> bool:
    reader = TokenReader.of(level)
    while reader.at(Kind.WORD):
        reader.take(Kind.WORD)
    if not reader.at(Kind.NAME):
        return False
    return _like(reader.take(Kind.NAME), _SYSTEM_DATABASE)


def _like(pattern: str, text: str) -> bool:
    """Whether a database name of GRANT, in which % and _ are wildcards, means this database."""
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    wildcards = {"%": ".*", "_": "."}
    regex = "".join(wildcards.get(part, re.escape(part.removeprefix("\\"))) for part in parts)
    return re.fullmatch(regex, text, re.IGNORECASE | re.DOTALL) is not None
