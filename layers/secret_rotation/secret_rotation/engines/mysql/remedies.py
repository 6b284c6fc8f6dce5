"""What a person may type about the account of a user, and what a text of `causes` is made of besides.

A user may have accounts for several hosts, and nobody but an administrator sees which. So where the server does not say
the host, a statement is about the account of any host, and beside it stands the query that shows the others. Of what a
server says, only a host that looks like one and a word that is known here are taken: what answers may be anybody.
"""

import re

from secret_rotation.credentials import Credentials
from secret_rotation.engines.mysql.causes import LIMITS, OR_TLS
from secret_rotation.engines.mysql.sql import Sql, account_name, identifier

_ANY_HOST = "%"
PASSWORD = Sql("'<the password in AWSCURRENT>'")
_OWN = "Change no account that is not this secret's own."
"""Whoever writes a secret names the user, and whoever reads the error may be an administrator of all of them."""
_ADDRESS = "the address that this function connects from"
_HOST = re.compile(r"([0-9A-Za-z.:_%/-]{1,255})'")
_LIMIT = re.compile(r" has exceeded the '(\w+)' resource \(")
_WILDCARD = re.compile(r"[\\%_]")


def filled(text: str, credentials: Credentials, said: str) -> str:
    """A text of `causes` about a user, with all that it names. `said` is what the server said."""
    username, database = credentials.username, credentials.dbname or ""
    host = _host(said, username)
    account = account_name(username, host or _ANY_HOST)
    return text.format(
        accounts=_accounts(username),
        address=host or _ADDRESS,
        create=_statement("CREATE USER {} IDENTIFIED BY {}", account, PASSWORD),
        database=identifier(database),
        grant_database=_statement("GRANT SELECT ON {}.* TO {}", _one_database(database), account),
        limit=_limit(said) or f"one of {', '.join(LIMITS.values())}",
        lift=_lifting(username, _limit(said)),
        own=_OWN,
        or_tls="" if credentials.tls else OR_TLS,
        set_password=set_password(username),
        unlock=_about_any_host(username, "ALTER USER {} ACCOUNT UNLOCK"),
    )


def set_password(username: str) -> str:
    """The statement that gives an account a password which MySQL keeps.

    Without the password it would have an empty one, and an expired one, which is everybody's to change.
    """
    return _about_any_host(username, "ALTER USER {} IDENTIFIED WITH caching_sha2_password BY {}", PASSWORD)


def _about_any_host(username: str, template: str, *values: Sql) -> str:
    statement = _statement(template, account_name(username, _ANY_HOST), *values)
    return f"{statement} If its host is not %, this shows it: {hosts_of(username)} {_OWN}"


def _statement(template: str, *values: Sql | str) -> str:
    return Sql(template).format(*values).typed() + ";"


def hosts_of(username: str) -> str:
    """The query for the hosts of a user's accounts, for an administrator."""
    return _statement("SELECT host FROM mysql.user WHERE user = {}", username)


def _accounts(username: str) -> str:
    """The query for the accounts that a login by this name may come to: the anonymous ones among them."""
    return _statement(
        "SELECT user, host, plugin, ssl_type, account_locked, password_expired FROM mysql.user WHERE user IN ({}, '')",
        username,
    )


def _lifting(username: str, limit: str | None) -> str:
    if limit is None:
        return _about_any_host(username, "SHOW CREATE USER {}")
    return _about_any_host(username, f"ALTER USER {{}} WITH {limit} 0")


def _limit(said: str) -> str | None:
    found = _LIMIT.search(said)
    return LIMITS.get(found[1]) if found else None


def _host(said: str, username: str) -> str | None:
    """The host in an error of the server's, where it has one at the place that MySQL gives it."""
    for start in (f"Access denied for user '{username}'@'", "Host '"):
        if said.startswith(start) and (found := _HOST.match(said, len(start))):
            return found[1]
    return None


def _one_database(name: str) -> Sql:
    """A database as GRANT names it, in whose names _ and % stand for others too."""
    return identifier(_WILDCARD.sub(r"\\\g<0>", name))
