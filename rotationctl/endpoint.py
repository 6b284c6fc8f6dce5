"""What --endpoint-url may be."""

import re
from urllib.parse import urlsplit

import click

_PLACE = re.compile(
    r"([^@]*@)?((?:(?!-)[A-Za-z\d-]{1,63}(?<!-)\.)*(?!-)[A-Za-z\d-]{1,63}(?<!-)\.?|\[[\dA-Fa-f:.]+\])(:\d+)?"
)
"""What botocore takes for a host, a name of names or an IPv6 address, and a port; and a user before it."""


def checked_url(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """Refuse what is no address, and one with a user's name, which commands that are printed would repeat."""
    if value and not _is_url(value):
        raise click.BadParameter("it is no URL such as https://vpce-1-a.secretsmanager.eu-central-1.vpce.amazonaws.com")
    if value and "@" in urlsplit(value).netloc:
        raise click.BadParameter("it has a user's name in it, which AWS has no use for, and others could read.")
    return value


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    is_plain = text.isprintable() and not {*" ?#"} & {*text}
    return parts.scheme in ("http", "https") and bool(_PLACE.fullmatch(parts.netloc)) and is_plain and port != 0
