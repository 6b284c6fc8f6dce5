"""Accounts of names that make_user cannot make: with quotes, blanks, words of SQL."""

import secrets
from dataclasses import replace
from typing import Any

from lab.application_user import ApplicationUser
from lab.servers import Login


def create_any_user(like: ApplicationUser, name: str, *rights: str) -> ApplicationUser:
    """Create a user of any name on the server of another, with rights of its own where `{}` stands for its account."""
    kit, password = like.kit, secrets.token_urlsafe()
    account = kit.account(name)
    like.as_superuser(*kit.creation(name, password), *(right.format(account) for right in rights))
    # It has no database of its own, but may enter the one for administration.
    return replace(like, username=name, password=password, dbname=kit.administration_database or like.dbname)


def run(user: ApplicationUser, username: str, password: str, *statements: str) -> list[tuple[Any, ...]]:
    """Run statements as somebody on the user's server, in its database; the rows of the last one."""
    return user.server.run(Login(username, password), *statements, dbname=user.dbname)
