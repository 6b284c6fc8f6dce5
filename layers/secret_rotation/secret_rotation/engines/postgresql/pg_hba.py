"""The line of pg_hba.conf that lets a user into a database from where the function is.

A name is a text of the secret's writer, and whoever types the line gives it no second look: so there is none for a name
that would end it, or that PostgreSQL would take for a pattern.
Source: PostgreSQL manual, "The pg_hba.conf File".
"""

import re
from ipaddress import ip_network

from secret_rotation.engines.postgresql.sql import quoted

_CLIENT = re.compile(r"FATAL:  (?:no pg_hba\.conf entry for|pg_hba\.conf rejects connection for) host \"([^\"]*)\"")


def way_in(user: str, database: str, *, tls: bool, text: str) -> str:
    """The line, with the address that the server's text has, and what makes the server read it."""
    kind, address = "hostssl" if tls else "host", address_in(text)
    if not all(name.isprintable() and not name.startswith("/") for name in (user, database)):
        return f"a line of the kind {kind} with the method scram-sha-256, for this user and this database alone."
    line = f"{kind} {quoted(database)} {quoted(user)} {address} scram-sha-256"
    return f"{line}  # then run: SELECT pg_reload_conf();"


def address_in(text: str) -> str:
    """The address from which the login came, where the server's text has it.

    Returns:
        What pg_hba.conf takes for it: "10.1.2.3/32", or "all".
    """
    found = _CLIENT.match(text)
    try:
        return str(ip_network(found[1])) if found else "all"
    except ValueError:
        return "all"
