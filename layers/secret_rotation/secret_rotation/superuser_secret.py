"""The superuser of a secret: whose secret it is, and at which host."""

from dataclasses import dataclass

from secret_rotation.credentials import (
    Credentials,
    SecretFormat,
    SuperuserSecret,
    require_superuser_arn,
    superuser_is_the_secret,
)
from secret_rotation.errors import InvalidSecretError, SecretStoreError, UnsafeRotationError
from secret_rotation.labels import AWSCURRENT
from secret_rotation.rds import RdsDirectory
from secret_rotation.settings import AllowedSecrets
from secret_rotation.store import SecretStore


@dataclass(frozen=True, slots=True)
class SuperuserFinder:
    """Reads the superuser's secret, before any connection is opened."""

    store: SecretStore
    directory: RdsDirectory
    expected: SecretFormat
    allowed: AllowedSecrets

    def require_listed(self, current: Credentials, secret_arn: str) -> str:
        """The ARN of the superuser's secret, checked without reading it.

        Raises:
            InvalidSecretError: `masterarn` is missing, malformed, the secret itself, or none that the deployer listed.
        """
        arn = require_superuser_arn(current, secret_arn)
        if not self.allowed.may_name(arn):
            raise _not_listed(current, arn)
        return arn

    def find(self, current: Credentials, secret_arn: str) -> Credentials:
        """The superuser's credentials, on the writer of the same database. One GetSecretValue.

        Where they name no database to log in to, it is the user's: others, "postgres" too, may be closed to everybody.
        A secret that RDS manages names no host: one DescribeSecret and one call of RDS find it.

        Raises:
            InvalidSecretError: `masterarn`, or the secret that it names, is wrong.
            SecretStoreError: that secret cannot be read.
            UnsafeRotationError: it is the secret of another database.
        """
        arn = self.require_listed(current, secret_arn)
        superuser = self._read(arn, current, secret_arn)
        if superuser.host is None or superuser.port is None:
            host, port = self.directory.writer(self.store.describe(arn).tags, superuser.secret)
        else:
            host, port = superuser.host, superuser.port
        credentials = superuser.at(host, port, current.dbname)
        self._require_same_database(current, credentials)
        return credentials

    def _require_same_database(self, current: Credentials, superuser: Credentials) -> None:
        """Stop unless both name one database; RDS is asked only where their secrets do not tell."""
        has_tls = current.tls and superuser.tls
        if current.same_server(superuser):
            # Whoever writes the one secret must not choose whose certificate proves a login to the other's superuser.
            if has_tls and not current.same_certified_name(superuser):
                raise _two_names(current, superuser)
        elif current.same_host(superuser):
            raise _two_ports(current, superuser)
        elif not (has_tls and current.same_certified_name(superuser) and current.port == superuser.port):
            self.directory.require_same_database(current, superuser)

    def _read(self, arn: str, current: Credentials, secret_arn: str) -> SuperuserSecret:
        try:
            stored = self.store.read(arn, stage=AWSCURRENT)
        except SecretStoreError as error:
            if error.code == "ResourceNotFoundException":
                raise _missing(current, arn) from None
            raise error.told(
                before=f"The superuser's secret, which masterarn of {current.secret} names, cannot be read. "
            ) from None
        except InvalidSecretError as error:
            raise error.told(before="The superuser's secret cannot be used: ") from None
        # What was named may be the beginning of an ARN; what was read has its whole.
        if stored.arn == secret_arn:
            raise superuser_is_the_secret(current)
        if not self.allowed.may_be(stored.arn):
            raise _not_listed(current, stored.arn)
        return SuperuserSecret.parse(stored.text, f"the superuser's secret {arn}", self.expected)


def _two_names(current: Credentials, superuser: Credentials) -> UnsafeRotationError:
    return UnsafeRotationError(
        f"{current.secret} and {superuser.secret} both name the server {current.host}:{current.port}, but its "
        f"certificate is to be for {current.certified_name} by the one and for {superuser.certified_name} by the "
        "other. Put the name that it is for into 'tlsname' of both."
    )


def _two_ports(current: Credentials, superuser: Credentials) -> UnsafeRotationError:
    return UnsafeRotationError(
        f"{current.secret} names port {current.port} of the host {current.host}, and {superuser.secret} names port "
        f"{superuser.port} of the same host: two ports are two servers. Put the right number into 'port' of both."
    )


def _missing(current: Credentials, arn: str) -> InvalidSecretError:
    return InvalidSecretError(
        f"Key 'masterarn' of {current.secret} names {arn}, and there is no such secret, or it has no value. Put the "
        "ARN of the secret of the database superuser into 'masterarn'."
    )


def _not_listed(current: Credentials, arn: str) -> InvalidSecretError:
    return InvalidSecretError(
        f"Key 'masterarn' of {current.secret} names {arn}, which is none of the superuser secrets that this function "
        "may use (its environment variable SUPERUSER_SECRET_ARNS). "
        "Whoever deployed the function can add it to the stack's parameter AlternatingUsersSuperuserSecretArns or "
        "SingleUserSuperuserSecretArns; otherwise name another one."
    )
