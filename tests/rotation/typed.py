"""The remedies of PostgreSQL's messages, typed exactly as they are printed, by the role that the message names."""

import re
from collections.abc import Iterator
from itertools import groupby

from lab.servers import Login
from tests.fixtures.rotation import Application

STATEMENT = (
    r"\b(?:ALTER|COMMENT|CREATE|GRANT|REASSIGN|REVOKE|SELECT|SET)\b "
    r"""(?:(?! at |, or )(?:"[^"]*"|'[^']*'|[^;"']))*;"""
)
"""Up to the semicolon: what goes on in prose names a statement that was refused."""
BY_WHOM = r"\b[Aa]s (?P<role>an administrator|\w+)\b[^;:.(]*:"
PASSWORD = re.compile(r"<[^>]*password[^>]*>")
"""All that a person has to fill in."""


def remedies(message: str) -> Iterator[tuple[str | None, str]]:
    """Each statement of a message, and who is to run it: None where the message does not say."""
    role = None
    for found in re.finditer(f"{STATEMENT}|{BY_WHOM}", message):
        if found["role"]:
            role = found["role"]
        else:
            yield role, found[0]


def type_remedies(
    application: Application, message: str, only: str = "", password: str | None = None
) -> list[tuple[object, ...]]:
    """Run what a message prints.

    Args:
        application: on whose server.
        message: that has the statements.
        only: which of them, where they are for several causes; a pattern that their beginning matches.
        password: what is to be filled in as a password; that of AWSCURRENT where none is given.

    Returns:
        The rows of the last statement.
    """
    password = password or application.credentials()[1]
    chosen = [(role, PASSWORD.sub(password, typed)) for role, typed in remedies(message) if re.match(only, typed)]
    assert chosen, message
    rows: list[tuple[object, ...]] = []
    for role, statements in groupby(chosen, lambda one: one[0]):
        login = _login(application, role)
        rows = application.user.server.run(login, *(typed for _, typed in statements), dbname=application.user.dbname)
    return rows


def _login(application: Application, role: str | None) -> Login:
    """Who types: the role that is named, else the superuser."""
    server = application.user.server
    if role in ("an administrator", server.administrator.username):
        return server.administrator
    labels = {"AWSCURRENT", "AWSPREVIOUS"} & set().union(*application.secret.labels().values())
    users = dict(map(application.credentials, labels))
    return Login(role, users[role]) if role in users else server.superuser
