"""What the values of secrets say of databases: where, as whom, and which superuser; never the password.

BatchGetSecretValue reads twenty at once, and needs its own permission beside GetSecretValue on each.
Source: Secrets Manager API Reference, BatchGetSecretValue.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from rotationctl.secret import Secret
from rotationctl.text import printable
from secret_rotation.credentials import normal_host

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Contents:
    """What a secret says beside its password; None for what it does not say, or not as a text."""

    engine: str | None
    host: str | None
    username: str | None
    superuser: str | None

    @classmethod
    def of(cls, text: str) -> Self | None:
        """Read a value; None where it is no secret of a database."""
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):  # no JSON, or nested too deeply to be read
            return None
        if not isinstance(value, dict) or "username" not in value or "password" not in value:
            return None
        engine, host, username, superuser = (_text(value, key) for key in ("engine", "host", "username", "masterarn"))
        return cls(engine, host and normal_host(host), username, superuser)


def _text(value: Mapping[str, Any], key: str) -> str | None:
    found = value.get(key)
    return found if isinstance(found, str) and found else None


@dataclass(frozen=True, slots=True)
class Read:
    """What was read.

    Attributes:
        contents: by the ARN of the secret; those that are no secrets of databases are left out.
        unread: a sentence for each that could not be read.
    """

    contents: Mapping[str, Contents]
    unread: Sequence[str]


def read_contents(client: "SecretsManagerClient", secrets: Sequence[Secret]) -> Read:
    """Read AWSCURRENT of secrets."""
    found: dict[str, Contents] = {}
    unread = []
    for start in range(0, len(secrets), AT_ONCE):
        answer = client.batch_get_secret_value(SecretIdList=[one.arn for one in secrets[start : start + AT_ONCE]])
        found.update(_contents(answer.get("SecretValues", ())))
        unread += [
            printable(f"{error.get('SecretId')} was not read ({error.get('ErrorCode')}): {error.get('Message')}")
            for error in answer.get("Errors", ())
        ]
    return Read(found, unread)


def _contents(values: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Contents]]:
    for value in values:
        contents = Contents.of(value.get("SecretString") or "")
        if contents is not None:
            yield value["ARN"], contents
