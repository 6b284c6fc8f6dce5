"""Who may log in to one database, and which secrets name them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotationctl.discovery.matching import Estate
from rotationctl.exits import Exit, Failure
from rotationctl.local.option import Local
from rotationctl.local.superuser import login_accounts
from rotationctl.local.values import NoValueError, Values
from rotationctl.secret import Secret
from rotationctl.text import NOTHING, Row
from secret_rotation.credentials import normal_host
from secret_rotation.engine import LoginAccount
from secret_rotation.pairs import Pair

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

TITLES = ("ACCOUNT", "METHOD", "SECRETS", "REMARK")
JSON = {
    "account": "its name, on MySQL with its host",
    "username": "its user name",
    "method": "how its password is kept; null where the superuser may not see that",
    "secrets": "the secrets that name it, or the other one of its pair",
    "has_no_secret": "whether it logs in by a password that no secret holds",
    "is_outdated": "whether its method is one of those that are going away: md5, mysql_native_password",
}


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """An account, and the names of the secrets that hold a password of its pair."""

    account: LoginAccount
    secrets: Sequence[str]

    @property
    def has_no_secret(self) -> bool:
        """Whether it logs in by a password that no secret holds."""
        return self.account.has_password and not self.secrets

    def row(self) -> Row:
        """A row under `TITLES`."""
        remarks = {
            "no secret": self.has_no_secret,
            "several secrets": len(self.secrets) > 1,
            f"{self.account.method} is going away": self.account.is_outdated,
        }
        remark = "; ".join(text for text, holds in remarks.items() if holds)
        cells = (self.account.name, self.account.method, ", ".join(self.secrets), remark)
        return Row([cell or NOTHING for cell in cells], "yellow" if remark else None)

    def json(self) -> Mapping[str, object]:
        """The values for the keys of `JSON`."""
        return {
            "account": self.account.name,
            "username": self.account.username,
            "method": self.account.method,
            "secrets": list(self.secrets),
            "has_no_secret": self.has_no_secret,
            "is_outdated": self.account.is_outdated,
        }


def known_accounts(
    client: "SecretsManagerClient", superuser: Secret, estate: Estate, local: Local
) -> Iterator[KnownAccount]:
    """Log in as a superuser, and compare who may log in there with what secrets say.

    Raises:
        Failure: its secret cannot be used, or it cannot log in.
    """
    values = Values(client, superuser)
    try:
        text = values.text(superuser.current or "")
    except NoValueError:
        raise Failure(f"{values.name(superuser.current or '')} holds no value.", Exit.NOT_FINE) from None
    contents, database = estate.contents.get(superuser.arn), estate.database_of(superuser)
    called = next((known.engine for known in (contents, database) if known and known.engine), None)
    place = (database.endpoints[0], database.port) if database and database.endpoints and database.port else None
    (host, _), accounts = login_accounts(text, values.name(superuser.current or ""), called, place, local)
    for account in accounts:
        yield KnownAccount(account, _secrets_of(account, normal_host(host), estate))


def _secrets_of(account: LoginAccount, host: str, estate: Estate) -> list[str]:
    """The secrets for a user of this database; a clone's password is in the pair's."""
    hosts = next((one.endpoints for one in estate.databases if host in one.endpoints), (host,))
    original = Pair.of(account.username).original
    return [secret.name for secret in estate.secrets if original == _user_at(hosts, secret, estate)]


def _user_at(hosts: Sequence[str], secret: Secret, estate: Estate) -> str | None:
    """Of which pair a secret holds a password, if it is for a user of the database with these host names."""
    contents, database = estate.contents.get(secret.arn), estate.database_of(secret)
    if contents is None or contents.username is None:
        return None
    named = [contents.host] if contents.host else database.endpoints if database else []
    return Pair.of(contents.username).original if set(named) & set(hosts) else None
