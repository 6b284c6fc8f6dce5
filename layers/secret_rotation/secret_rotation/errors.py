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
    LoginRefusedError         the account or the database cannot be used, whatever the password
    DatabaseUnreachableError  network, TLS, timeout, too many connections; also whatever is not recognised
    StatementFailedError      the server refused a statement
      PermissionDeniedError   the user that is logged in may not do this
      NotPrimaryPasswordError the password that was to be replaced is not the primary one

Each message says what happened, to which secret and user, and what to do. None quotes a value of a secret or a driver's
own words about a statement: drivers repeat statements, and statements hold passwords.
"""


class RotationError(Exception):
    """A rotation step stopped, on purpose, with nothing lost."""


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


class LoginRefusedError(DatabaseError):
    """The server refuses this account or database whatever the password: locked, missing, not permitted."""

    summary = "refused"


class DatabaseUnreachableError(DatabaseError):
    """No answer, no TLS, no free connection; also every failure that is not recognised."""

    summary = "unreachable"


class StatementFailedError(DatabaseError):
    """The server refused a statement.

    `code` is the SQLSTATE (PostgreSQL) or the error number (MySQL).
    """

    summary = "statement failed"

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class PermissionDeniedError(StatementFailedError):
    """The user that is logged in may not do this; another user may."""


class NotPrimaryPasswordError(StatementFailedError):
    """The password that was to be replaced logs in, but only as the secondary one (MySQL error 3891)."""
