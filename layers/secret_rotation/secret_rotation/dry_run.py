"""The dry run, which Secrets Manager asks for as testSecret alone, with a copy of AWSCURRENT as AWSPENDING.

Source: Secrets Manager API Reference, RotateSecret, RotateImmediately.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from secret_rotation.credentials import Credentials, secret_name
from secret_rotation.errors import InvalidSecretError, RotationError, SecretStoreError
from secret_rotation.groundwork import Groundwork
from secret_rotation.labels import AWSPENDING
from secret_rotation.login_order import Logins
from secret_rotation.store import StoredVersion
from secret_rotation.strategy import PasswordChange

_log = logging.getLogger(__name__)


def tested(ground: Groundwork, stored: StoredVersion) -> Credentials:
    """AWSPENDING. Where it has a fault, and a dry run has copied that, the error is about AWSCURRENT."""
    try:
        return ground.reader.credentials(stored, AWSPENDING)
    except InvalidSecretError:
        with suppress(SecretStoreError), _in_dry_run():
            ground.reader.current()
        raise


def copied(ground: Groundwork, pending: Credentials) -> Credentials | None:
    """AWSCURRENT, where AWSPENDING is a copy of it. One GetSecretValue, unless the rotation has begun here."""
    if ground.request in ground.parts.begun:
        return None
    try:
        current = ground.reader.current()
    except (SecretStoreError, InvalidSecretError) as error:
        _log.warning("AWSCURRENT cannot be read, so if this is a dry run, it only tests the login. %s", error)
        return None
    is_promoted = current.version_id == ground.request.token  # and what was read before was behind
    return current.credentials if pending.same_login(current.credentials) and not is_promoted else None


def dry_run(ground: Groundwork, current: Credentials, arn: str) -> None:
    """Find out what createSecret and setSecret would stop at, without changing anything.

    Raises:
        RotationError: what a rotation would stop at.
    """
    with _in_dry_run():
        labels_read_at = ground.patience.monotonic()
        ground.check(current)
        pending = ground.successor(current)
        pending.to_json()  # or it is too large
        change = ground.change(current, pending, secret_name(arn), labels_read_at)
        with Logins(ground.connect).first_accepted([change.current_version]) as login:
            login.session.verify_identity()
        is_checked = ground.strategy.check(change)
    if is_checked:
        _tell(change)
    else:
        _log.warning(
            "Dry run: version %s became AWSCURRENT meanwhile, so the superuser's part in a rotation of %s was not "
            "checked. Nothing was changed. Ask for another dry run.",
            ground.request.token,
            current.username,
        )


def _tell(change: PasswordChange) -> None:
    superuser = change.superuser
    _log.info(
        "Dry run: the secret and the login of %s%s were checked; a rotation would set the password of %s. "
        "Nothing was changed.",
        change.current.username,
        f" and the superuser's secret, that of {superuser.credentials.username}," if superuser else "",
        change.pending.username,
    )


@contextmanager
def _in_dry_run() -> Iterator[None]:
    try:
        yield
    except RotationError as error:
        error.in_dry_run = True
        raise
