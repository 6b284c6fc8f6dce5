"""The superuser of a secret: whose secret it is, and at which host."""

from dataclasses import dataclass

from secret_rotation.errors import InvalidSecretError, SecretStoreError
from secret_rotation.labels import AWSCURRENT
from secret_rotation.model import Credentials, SecretFormat, SuperuserSecret, require_superuser_arn
from secret_rotation.rds import RdsDirectory
from secret_rotation.secret import SecretStore


@dataclass(frozen=True, slots=True)
class SuperuserFinder:
    """Reads the superuser's secret, before any connection is opened."""

    store: SecretStore
    directory: RdsDirectory
    expected: SecretFormat

    def find(self, current: Credentials, secret_arn: str) -> Credentials:
        """The superuser's credentials, on the writer of the same database. One GetSecretValue.

        A secret that RDS manages names no host: one DescribeSecret and one call of RDS find it.

        Raises:
            InvalidSecretError: `masterarn`, or the secret that it names, is wrong.
            SecretStoreError: that secret cannot be read.
            UnsafeRotationError: it is the secret of another database.
        """
        arn = require_superuser_arn(current, secret_arn)
        superuser = self._read(arn, current)
        if superuser.host is None or superuser.port is None:
            host, port = self.directory.writer(self.store.describe(arn).tags, superuser.secret)
        else:
            host, port = superuser.host, superuser.port
        credentials = superuser.at(host, port)
        if not credentials.same_server(current):
            self.directory.require_same_database(current, credentials)
        return credentials

    def _read(self, arn: str, current: Credentials) -> SuperuserSecret:
        try:
            text = self.store.read(arn, stage=AWSCURRENT).text
        except SecretStoreError as error:
            message = f"The superuser's secret, which masterarn of {current.secret} names, cannot be read. {error}"
            raise type(error)(message, code=error.code, passes=error.passes) from None
        except InvalidSecretError as error:
            raise InvalidSecretError(f"The superuser's secret cannot be used: {error}") from None
        return SuperuserSecret.parse(text, f"the superuser's secret {arn}", self.expected)
