"""The nouns of a rotation: step, request, password, credentials."""

import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

from secret_rotation.errors import InvalidEventError, InvalidSecretError

MAX_SECRET_BYTES = 65_536
"""The largest secret value. Source: Secrets Manager User Guide, "Quotas"."""

# libpq reads a leading slash as a socket's folder and a comma as a list of hosts, so a host is held to what DNS allows.
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_.])?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")
_PROXY_HOST = re.compile(r"\.proxy-[a-z0-9]+\.[a-z0-9-]+\.rds\.amazonaws\.com(\.cn)?\.?", re.IGNORECASE)
_SECRET_ARN = re.compile(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[A-Za-z0-9/_+=.@!-]+")
_ARN_SUFFIX = re.compile(r"-[A-Za-z0-9]{6}$")
_TRUTH = {"true": True, "false": False}


class Step(StrEnum):
    """The four steps of a rotation, as Secrets Manager names them."""

    CREATE_SECRET = "createSecret"  # noqa: S105 - a step, not a password
    SET_SECRET = "setSecret"  # noqa: S105 - a step, not a password
    TEST_SECRET = "testSecret"  # noqa: S105 - a step, not a password
    FINISH_SECRET = "finishSecret"  # noqa: S105 - a step, not a password


class Password:
    """A password that shows itself only to who asks for it by `reveal()`."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The password itself: for a driver, or for the secret's JSON."""
        return self._text

    def __repr__(self) -> str:
        return "Password(hidden)"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Password):
            return NotImplemented
        return hmac.compare_digest(
            self._text.encode(errors="surrogatepass"), other._text.encode(errors="surrogatepass")
        )

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> str:
        raise TypeError("a password is not to be pickled or copied to elsewhere")


@dataclass(frozen=True, slots=True)
class RotationRequest:
    """One invocation: what Secrets Manager asks the function to do.

    `token` (the client request token) is the id of the version that becomes AWSPENDING and then AWSCURRENT.
    `rotation_token` proves to Secrets Manager that the caller is the function it invoked; never to be logged.
    Source: Secrets Manager User Guide, "Lambda rotation functions"; API Reference, PutSecretValue.
    """

    step: Step
    secret_arn: str
    token: str
    rotation_token: str | None = field(default=None, repr=False)

    @classmethod
    def from_event(cls, event: object) -> Self:
        """Read the event of an invocation.

        Raises:
            InvalidEventError: a key is missing, empty or not a string, or the step is unknown.
        """
        if not isinstance(event, Mapping):
            raise InvalidEventError(
                "The event is not a JSON object. Secrets Manager sends Step, SecretId and ClientRequestToken."
            )
        return cls(
            step=_step(_event_text(event, "Step")),
            secret_arn=_event_text(event, "SecretId"),
            token=_event_text(event, "ClientRequestToken"),
            rotation_token=_event_text(event, "RotationToken") if event.get("RotationToken") is not None else None,
        )


def _event_text(event: Mapping[object, object], key: str) -> str:
    value = event.get(key)
    if isinstance(value, str) and value.strip():
        return value
    found = "is missing" if value is None else "is empty" if isinstance(value, str) else "is not a string"
    raise InvalidEventError(
        f"The event's {key} {found}. Let Secrets Manager invoke this function (aws secretsmanager rotate-secret), "
        "or start from a file in events/."
    )


def _step(text: str) -> Step:
    try:
        return Step(text)
    except ValueError:
        known = ", ".join(Step)
        raise InvalidEventError(f"The event's Step is none of {known}.") from None


@dataclass(frozen=True, slots=True)
class SecretFormat:
    """What an engine expects of a secret's JSON."""

    engine_names: frozenset[str]
    default_port: int


@dataclass(frozen=True, slots=True)
class Credentials:
    """A version of a secret, read and checked.

    `document` is the secret's whole JSON, so that keys nobody here knows survive a rotation as they are.
    `secret` says which version of which secret this is, for messages.
    Source: Secrets Manager User Guide, "JSON structure of AWS Secrets Manager secrets".
    """

    host: str
    port: int
    username: str
    password: Password
    dbname: str | None
    tls: bool
    superuser_arn: str | None
    secret: str
    document: Mapping[str, object] = field(repr=False)

    @classmethod
    def parse(cls, text: str, secret: str, expected: SecretFormat) -> Self:
        """Read a secret's value.

        Raises:
            InvalidSecretError: no JSON object, a required key missing, or a wrong type; the value is never quoted.
        """
        reader = _Reader(document_of(text, secret), secret)
        reader.require_engine(expected.engine_names)
        return cls(
            host=reader.host(),
            port=reader.port(expected.default_port),
            username=reader.text("username"),
            password=Password(reader.text("password")),
            dbname=reader.optional_text("dbname"),
            tls=reader.tls(),
            superuser_arn=reader.optional_text("masterarn"),
            secret=secret,
            document=reader.document,
        )

    def with_login(self, username: str, password: Password) -> Self:
        """The same secret with another user name and password, everything else untouched."""
        document = {**self.document, "username": username, "password": password.reveal()}
        return replace(self, username=username, password=password, document=document)

    def to_json(self) -> str:
        """The secret's JSON, as it is to be stored.

        Raises:
            InvalidSecretError: it is larger than Secrets Manager takes.
        """
        text = json.dumps(self.document)
        if len(text) > MAX_SECRET_BYTES:
            raise InvalidSecretError(
                f"The new value of {self.secret} would be larger than {MAX_SECRET_BYTES} bytes. Shorten its other keys."
            )
        return text

    def same_server(self, other: "Credentials") -> bool:
        """Whether both name the same host and port."""
        return (normal_host(self.host), self.port) == (normal_host(other.host), other.port)


def normal_host(host: str) -> str:
    """A host name in the one form in which two names of one host are equal."""
    return host.casefold().rstrip(".")


def document_of(text: str, secret: str) -> dict[str, object]:
    """The JSON object that a secret holds.

    Raises:
        InvalidSecretError: the text is no JSON object; the text is never quoted.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidSecretError(
            f"The value of {secret} is not JSON. It must be a JSON object with the keys engine, host, "
            "username and password."
        ) from None
    if not isinstance(document, dict):
        raise InvalidSecretError(f"The value of {secret} is JSON, but not an object.")
    return document


def require_superuser_arn(credentials: Credentials, secret_arn: str) -> str:
    """The ARN of the secret of the superuser, checked without reading it.

    Raises:
        InvalidSecretError: `masterarn` is missing, is no ARN of a secret, or is the ARN of the secret itself.
    """
    arn = credentials.superuser_arn
    if arn is None:
        raise InvalidSecretError(
            f"Key 'masterarn' of {credentials.secret} is missing. Set it to the ARN of the secret of the "
            "database superuser."
        )
    if not _SECRET_ARN.fullmatch(arn):
        raise InvalidSecretError(
            f"Key 'masterarn' of {credentials.secret} is not the ARN of a secret "
            "(arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME)."
        )
    if _ARN_SUFFIX.sub("", arn) == _ARN_SUFFIX.sub("", secret_arn) or arn == secret_arn:
        raise InvalidSecretError(
            f"Key 'masterarn' of {credentials.secret} is the secret itself. It must be the secret of the "
            "database superuser."
        )
    return arn


def refuse_proxy(credentials: Credentials) -> None:
    """Stop where the host is an RDS Proxy.

    A proxy knows the passwords of AWSCURRENT only, so AWSPENDING could never log in through it.

    Raises:
        InvalidSecretError: the host is the endpoint of an RDS Proxy.
    """
    if _PROXY_HOST.search(credentials.host):
        raise InvalidSecretError(
            f"Key 'host' of {credentials.secret} is an RDS Proxy, which knows AWSCURRENT only: a new password "
            "cannot be tested "
            "through it. Use the endpoint of the database; applications may go on using the proxy's."
        )


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the keys of one secret. Values are never quoted: what stands in the wrong key may be the password."""

    document: Mapping[str, object]
    secret: str

    def wrong(self, key: str, what: str) -> InvalidSecretError:
        return InvalidSecretError(f"Key '{key}' of {self.secret} {what}.")

    def optional_text(self, key: str) -> str | None:
        value = self.document.get(key)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self.wrong(key, "is not a string")
        if not value:
            raise self.wrong(key, "is empty")
        if "\0" in value:
            raise self.wrong(key, "contains a NUL character")
        return value

    def text(self, key: str) -> str:
        value = self.optional_text(key)
        if value is None:
            raise self.wrong(key, "is missing")
        return value

    def require_engine(self, names: frozenset[str]) -> None:
        if self.text("engine") not in names:
            allowed = " or ".join(f"'{name}'" for name in sorted(names))
            raise self.wrong(
                "engine", f"must be {allowed}; for other engines attach the rotation function of that engine"
            )

    def host(self) -> str:
        value = self.text("host")
        if not _HOST.fullmatch(value):
            raise self.wrong("host", "is not a host name or an IP address")
        return value

    def port(self, default: int) -> int:
        value = self.document.get("port")
        if value is None:
            return default
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= len("65535"):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.wrong("port", "is not a whole number")
        if not 1 <= value <= 65_535:  # noqa: PLR2004 - the range of TCP ports
            raise self.wrong("port", "is not between 1 and 65535")
        return value

    def tls(self) -> bool:
        value = self.document.get("ssl")
        if value is None:
            return True
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in _TRUTH:
            return _TRUTH[value.lower()]
        raise self.wrong("ssl", "is neither true nor false")


@dataclass(frozen=True, slots=True)
class SuperuserSecret:
    """The secret of a superuser: like any other, or as RDS manages it, with only a user name and a password.

    `host` and `port` are None where the secret does not name them; the RDS API knows them then.
    """

    username: str
    password: Password
    host: str | None
    port: int | None
    dbname: str | None
    tls: bool
    secret: str

    @classmethod
    def parse(cls, text: str, secret: str, expected: SecretFormat) -> Self:
        """Read the value of a superuser's secret.

        Raises:
            InvalidSecretError: as for `Credentials.parse`; `engine` and `host` may be missing.
        """
        reader = _Reader(document_of(text, secret), secret)
        if reader.document.get("engine") is not None:
            reader.require_engine(expected.engine_names)
        has_host = reader.document.get("host") is not None
        return cls(
            username=reader.text("username"),
            password=Password(reader.text("password")),
            host=reader.host() if has_host else None,
            port=reader.port(expected.default_port) if has_host else None,
            dbname=reader.optional_text("dbname"),
            tls=reader.tls(),
            secret=secret,
        )

    def at(self, host: str, port: int) -> Credentials:
        """The superuser's credentials on the server at this address."""
        return Credentials(
            host=host,
            port=port,
            username=self.username,
            password=self.password,
            dbname=self.dbname,
            tls=self.tls,
            superuser_arn=None,
            secret=self.secret,
            document={},
        )
