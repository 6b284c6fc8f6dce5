"""Everything that a rotation can fail with.

RotationError
  InvalidSettingsError        an environment variable of the function is wrong
  InvalidEventError           the event is not one that Secrets Manager sends
  InvalidSecretError          a value in the secret is missing or wrong
  LabelConflictError          the staging labels are in no state from which this step may act
  UnsafeRotationError         user, host or clone is not what it should be
  SecretStoreError            Secrets Manager (or RDS) refused a call
    VersionUnavailableError   the version has no such label, or no value yet
  DatabaseError
    LoginRejectedError        the server said no: the only one after which another password may be tried
    SuperuserRejectedError    the server rejected the password of the superuser's own secret
    NotReplicatedError        the replica that the secret names does not know the new password yet
    LoginRefusedError         the account or the database cannot be used, whatever the password
    DatabaseUnreachableError  network, TLS, timeout, too many connections; also whatever is not recognised
    StatementFailedError      the server refused a statement
      PermissionDeniedError   the user that is logged in may not do this
      NotPrimaryPasswordError the password that was to be replaced is not the primary one

Each message says what happened, to which secret and user, and what to do. None quotes a value of a secret or a driver's
own words about a statement: drivers repeat statements, and statements hold passwords.
"""

from typing import Self


class RotationError(Exception):
    """A rotation step stopped, on purpose, with nothing lost.

    `in_dry_run` says whether it is known to be a dry run that stopped, and no rotation.
    """

    in_dry_run = False

    def __init__(self, message: str) -> None:
        super().__init__(_encodable(message))

    def told(self, *, before: str = "", after: str = "") -> Self:
        """Put words before or after the message of this error, for whoever knows more; returns the error."""
        self.args = (_encodable(f"{before}{self}{after}"),)
        return self


def _encodable(message: str) -> str:
    """A message in UTF-8: Lambda's runtime dies of one that is not (a lone surrogate), and takes it along."""
    return message.encode(errors="backslashreplace").decode()


class InvalidSettingsError(RotationError):
    """An environment variable of the function is wrong."""


class InvalidEventError(RotationError):
    """The event is not one that Secrets Manager sends to a rotation function."""


class InvalidSecretError(RotationError):
    """A key of the secret's JSON is missing or wrong; nothing was written."""


class LabelConflictError(RotationError):
    """The staging labels are in no state from which this step may act."""


class UnsafeRotationError(RotationError):
    """Going on could touch an account, a host or a right that is none of this secret's business."""


class SecretStoreError(RotationError):
    """A call to Secrets Manager or RDS failed.

    `code` is the error code of AWS, or the class of the network failure. `passes` says whether the same call may
    succeed later without anybody's doing: AWS was too busy, or did not answer.
    """

    def __init__(self, message: str, *, code: str, passes: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.passes = passes


class VersionUnavailableError(SecretStoreError):
    """The version does not carry the label that was asked for, or holds no value yet."""


class DatabaseError(RotationError):
    """The database could not be used."""

    summary = "failed"
    """What happened to a login, in a word or two, for a list of all that was tried."""


class LoginRejectedError(DatabaseError):
    """The server rejected user name and password. Only now may another password be tried."""

    summary = "rejected"


class SuperuserRejectedError(DatabaseError):
    """The server rejected the superuser, whose own secret is out of date: no other password of this secret can help."""

    summary = "superuser rejected"


class NotReplicatedError(DatabaseError):
    """A replica rejected a password that its writer has: the change has not arrived there yet."""


class LoginRefusedError(DatabaseError):
    """The server refuses this account or database whatever the password: locked, missing, not permitted."""

    summary = "refused"


class DatabaseUnreachableError(DatabaseError):
    """No answer, no TLS, no free connection; also every failure that is not recognised.

    `elsewhere` says whether another address of the same host may answer.
    """

    summary = "unreachable"

    def __init__(self, message: str, *, elsewhere: bool = True) -> None:
        super().__init__(message)
        self.elsewhere = elsewhere


class StatementFailedError(DatabaseError):
    """The server refused a statement.

    `code` is the SQLSTATE (PostgreSQL) or the error number (MySQL). `refuses_password` says whether the server will
    never take the password that was to be set, but may take another one.
    """

    summary = "statement failed"

    def __init__(self, message: str, *, code: str, refuses_password: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.refuses_password = refuses_password


class PermissionDeniedError(StatementFailedError):
    """The user that is logged in may not do this; another user may."""


class NotPrimaryPasswordError(StatementFailedError):
    """The password that was to be replaced logs in, but only as the secondary one (MySQL error 3891)."""
