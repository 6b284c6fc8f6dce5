"""A version of a secret, read and checked: who logs in where, and the superuser that it names."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Self

from secret_rotation.errors import InvalidSecretError
from secret_rotation.password import Password
from secret_rotation.secret_fields import SecretFields
from secret_rotation.secret_json import SecretDocument

MAX_SECRET_BYTES = 65_536
"""The largest secret value. Source: Secrets Manager User Guide, "Quotas"."""

_PROXY_HOST = re.compile(
    # In China region and service stand the other way round.
    r"\.proxy-[a-z0-9]+\.(?:[a-z0-9-]+\.rds|rds\.[a-z0-9-]+)\.amazonaws\.(?:com(?:\.cn)?|eu)\.?",
    re.IGNORECASE,
)
_SECRET_ARN = re.compile(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[A-Za-z0-9/_+=.@!-]{1,519}")
"""A name has up to 512 characters. Source: Secrets Manager API Reference, CreateSecret."""
_ARN_SUFFIX = re.compile(r"-[A-Za-z0-9]{6}$")


@dataclass(frozen=True, slots=True)
class SecretFormat:
    """What an engine expects of a secret's JSON.

    Attributes:
        engine_names: what the key `engine` may say.
        default_port: the port where the secret names none.
        username_fault: says why no user of the server can have this name, or None where one can.
    """

    engine_names: frozenset[str]
    default_port: int
    username_fault: Callable[[str], str | None] = lambda _username: None


@dataclass(frozen=True, slots=True)
class Credentials:
    """A version of a secret, read and checked.

    Attributes:
        tls: False only where the secret itself says `"ssl": false`.
        superuser_arn: the key `masterarn`: the secret of the superuser.
        secret: which version of which secret this is, for messages.
        tlsname: the name that the server's certificate is for, where `host` is an alias of it.
        document: the secret's JSON as it is stored, so that keys that are not read here survive a rotation.

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
    tlsname: str | None = None
    document: SecretDocument = field(default_factory=SecretDocument)

    @classmethod
    def parse(cls, text: str, secret: str, expected: SecretFormat) -> Self:
        """Read a secret's value.

        Raises:
            InvalidSecretError: no JSON object, a required key missing, or a wrong type; the value is never quoted.
        """
        fields = SecretFields(text, secret)
        fields.require_engine(expected.engine_names)
        found = cls(
            host=fields.host(),
            port=fields.port(expected.default_port),
            username=fields.username(expected.username_fault),
            password=Password(fields.text("password")),
            dbname=fields.optional_text("dbname"),
            tls=fields.tls(),
            superuser_arn=fields.optional_text("masterarn"),
            secret=secret,
            tlsname=fields.tlsname(),
            document=fields.document,
        )
        fields.require_no_fault()
        return found

    def with_login(self, username: str, password: Password) -> Self:
        """The same secret with another user name and password, every other character untouched."""
        document = self.document.with_texts({"username": username, "password": password.reveal()})
        return replace(self, username=username, password=password, document=document)

    def to_json(self) -> str:
        """The secret's JSON, as it is to be stored.

        Raises:
            InvalidSecretError: it is larger than Secrets Manager takes.
        """
        text = self.document.reveal()
        if len(text.encode(errors="surrogatepass")) > MAX_SECRET_BYTES:
            raise InvalidSecretError(
                f"The new value of {self.secret} would be larger than {MAX_SECRET_BYTES} bytes. Shorten its other keys."
            )
        return text

    def same_login(self, other: "Credentials") -> bool:
        """Whether both log in with the same user name and password."""
        return (self.username, self.password) == (other.username, other.password)

    @property
    def certified_name(self) -> str:
        """The name that the server's certificate must be for."""
        return self.tlsname or self.host

    def same_host(self, other: "Credentials") -> bool:
        """Whether both name the same host, at whichever port."""
        return normal_host(self.host) == normal_host(other.host)

    def same_server(self, other: "Credentials") -> bool:
        """Whether both name the same host and port."""
        return self.same_host(other) and self.port == other.port

    def same_certified_name(self, other: "Credentials") -> bool:
        """Whether both want the certificate to be for the same name."""
        return normal_host(self.certified_name) == normal_host(other.certified_name)


def normal_host(host: str) -> str:
    """A host name in the one form in which two names of one host are equal."""
    return host.casefold().rstrip(".")


def secret_name(arn: str) -> str:
    """The ARN of a secret without the six characters at its end, which differ when it is made again by this name."""
    return _ARN_SUFFIX.sub("", arn)


def require_superuser_arn(credentials: Credentials, secret_arn: str) -> str:
    """The ARN of the secret of the superuser, checked without reading it.

    Raises:
        InvalidSecretError: `masterarn` is missing, is no ARN of a secret, or is the ARN of the secret itself.
    """
    arn = credentials.superuser_arn
    if arn is None:
        raise superuser_missing(credentials)
    if not _SECRET_ARN.fullmatch(arn):
        raise InvalidSecretError(
            f"Key 'masterarn' of {credentials.secret} is not the ARN of a secret "
            "(arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME)."
        )
    if arn in (secret_arn, secret_name(secret_arn)):
        raise superuser_is_the_secret(credentials)
    return arn


def superuser_is_the_secret(credentials: Credentials) -> InvalidSecretError:
    """The error where a secret names itself as that of its superuser."""
    return InvalidSecretError(
        f"Key 'masterarn' of {credentials.secret} is the secret itself. "
        "It must be the secret of the database superuser."
    )


def superuser_missing(credentials: Credentials) -> InvalidSecretError:
    """The error where a secret names no superuser, and only a superuser could go on."""
    return InvalidSecretError(
        f"Key 'masterarn' of {credentials.secret} is missing. "
        "Set it to the ARN of the secret of the database superuser."
    )


def refuse_proxy(credentials: Credentials) -> None:
    """Stop where the host is an RDS Proxy.

    A proxy knows the passwords of AWSCURRENT only, so AWSPENDING could never log in through it.

    Raises:
        InvalidSecretError: the host is the endpoint of an RDS Proxy.
    """
    key = "host" if credentials.tlsname is None else "tlsname"
    if _PROXY_HOST.search(credentials.certified_name):
        raise InvalidSecretError(
            f"Key '{key}' of {credentials.secret} is an RDS Proxy, which knows AWSCURRENT only: "
            "a new password cannot be tested through it. "
            "Use the endpoint of the database; applications may go on using the proxy's."
        )


@dataclass(frozen=True, slots=True)
class SuperuserSecret:
    """The secret of a superuser: like any other, or as RDS manages it, with only a user name and a password.

    Attributes:
        host: None where the secret names none. Then its port does not count either: the RDS API knows both.
        tlsname: as in `Credentials`.
    """

    username: str
    password: Password
    host: str | None
    port: int | None
    dbname: str | None
    tls: bool
    secret: str
    tlsname: str | None = None

    @classmethod
    def parse(cls, text: str, secret: str, expected: SecretFormat) -> Self:
        """Read the value of a superuser's secret.

        Raises:
            InvalidSecretError: as for `Credentials.parse`; `engine` and `host` may be missing.
        """
        fields = SecretFields(text, secret)
        if fields.has("engine"):
            fields.require_engine(expected.engine_names)
        has_host = fields.has("host")
        found = cls(
            username=fields.username(expected.username_fault),
            password=Password(fields.text("password")),
            host=fields.host() if has_host else None,
            port=fields.port(expected.default_port) if has_host else None,
            dbname=fields.optional_text("dbname"),
            tls=fields.tls(),
            secret=secret,
            tlsname=fields.tlsname(),
        )
        fields.require_no_fault()
        return found

    def at(self, host: str, port: int, dbname: str | None = None) -> Credentials:
        """The superuser's credentials on the server at this address, in this database where the secret names none."""
        return Credentials(
            host=host,
            port=port,
            username=self.username,
            password=self.password,
            dbname=self.dbname or dbname,
            tls=self.tls,
            superuser_arn=None,
            secret=self.secret,
            tlsname=self.tlsname,
        )
