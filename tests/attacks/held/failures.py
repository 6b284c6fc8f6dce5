"""All ways in which a rotation can fail, each with the error that it ends in."""

import json
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from types import UnionType
from typing import get_args

from lab.application import Value, new_token
from lab.relay import Relay
from lab.secretsmanager import faults
from secret_rotation import errors
from tests.attacks.held.marks import marked_password
from tests.attacks.held.tainted import Tainted
from tests.rotation.faulted import led_to

Trouble = Callable[[Tainted], AbstractContextManager[object]]
Failures = Mapping[str, tuple[type[errors.RotationError] | UnionType, Trouble]]
"""By a name of what is wrong: the error in which the rotation ends, and how it comes to be wrong."""
HANDLED_INSIDE: set[type[errors.RotationError]] = {errors.VersionUnavailableError, errors.NotPrimaryPasswordError}
"""No rotation ends in these."""
TESTED_WITH_REPLICAS: set[type[errors.RotationError]] = {errors.NotReplicatedError}


def sent(**changes: object) -> Trouble:
    """An event that Secrets Manager does not send."""

    @contextmanager
    def trouble(tainted: Tainted) -> Iterator[None]:
        tainted.changes = changes
        yield
        tainted.changes = {}

    return trouble


def holds(make: Callable[[Mapping[str, object]], Value]) -> Trouble:
    """A secret that holds something else; twice, so that AWSPREVIOUS does, too."""

    @contextmanager
    def trouble(tainted: Tainted) -> Iterator[None]:
        right = tainted.secret.value()
        for value in (make(right), make(right)):
            tainted.secret.put(value)
        yield
        tainted.secret.put(right)

    return trouble


@contextmanager
def pending_elsewhere(tainted: Tainted) -> Iterator[None]:
    """An AWSPENDING for another server, which somebody has put there before the function could."""
    secret = tainted.secret
    pending = {**secret.value(), "host": "127.0.0.1", "password": marked_password()}

    def put() -> None:
        token = str(secret.version_with("AWSPENDING"))
        secret.client.put_secret_value(
            SecretId=secret.arn,
            SecretString=json.dumps(pending),
            ClientRequestToken=token,
            VersionStages=["AWSPENDING"],
            RotationToken=str(secret.event("createSecret", token)["RotationToken"]),
        )

    with secret.cloud.faults.during(faults.call("DescribeSecret", put, secret_arn=secret.arn)):
        yield


def denied(operation: str, code: str = "AccessDeniedException") -> Trouble:
    """A call that AWS refuses, with a message that quotes what was sent, as its validation does."""

    def trouble(tainted: Tainted) -> AbstractContextManager[object]:
        message = f"Value '{marked_password()}' at 'secretString' failed to satisfy constraint."
        fault = faults.error(operation, code, message, times=None, secret_arn=tainted.secret.arn)
        return tainted.secret.cloud.faults.during(fault)

    return trouble


def no_answer(tainted: Tainted) -> AbstractContextManager[object]:
    """A Secrets Manager that hangs up."""
    return tainted.secret.cloud.faults.during(faults.drop("DescribeSecret", times=None, secret_arn=tainted.secret.arn))


def superuser_is(login: Callable[[Tainted], Mapping[str, str]]) -> Trouble:
    """A superuser's secret that holds something else."""

    @contextmanager
    def trouble(tainted: Tainted) -> Iterator[None]:
        secret = tainted.application.superuser_secret
        assert secret is not None
        right = secret.value()
        secret.change(**login(tainted))
        yield
        secret.put(right)

    return trouble


@contextmanager
def passwords_changed(tainted: Tainted) -> Iterator[None]:
    """Somebody who has changed the passwords, and tells the secret of it afterwards."""
    secret, password = tainted.secret, secrets.token_urlsafe()
    for username in {tainted.application.credentials(label)[0] for label in ("AWSCURRENT", "AWSPREVIOUS")}:
        tainted.application.user.set_password(password, username)
    yield
    secret.change(password=password)


@contextmanager
def locked(tainted: Tainted) -> Iterator[None]:
    """An account that is locked."""
    user, (username, _) = tainted.application.user, tainted.application.credentials()
    user.administrate(user.kit.lock_out(username))
    yield
    user.administrate(user.kit.let_in(username))


@contextmanager
def nobody_listens(tainted: Tainted) -> Iterator[None]:
    """A server that is gone."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with led_to(_relay(tainted), port):
        yield


@contextmanager
def answer_lost(tainted: Tainted) -> Iterator[None]:
    """A connection that is lost."""
    _relay(tainted).loses_answer = True
    yield


def elsewhere(**variables: str) -> Trouble:
    """A function that is set up otherwise."""
    return lambda tainted: tainted.elsewhere(variables)


@contextmanager
def change_held(tainted: Tainted) -> Iterator[None]:
    """A lock for which the change of the password has to wait, longer than a statement may."""
    user = tainted.application.user
    with closing(user.server.connect(user.server.administrator)) as session:
        session.cursor().execute("BEGIN")
        session.cursor().execute(user.kit.hold_all_passwords)
        yield


OF_ANY_FUNCTION: Failures = {
    "an unknown step": (errors.InvalidEventError, sent(Step=marked_password())),
    "no step": (errors.InvalidEventError, sent(Step=None)),
    "many RotationTokens": (errors.InvalidEventError, sent(RotationToken=[marked_password()])),
    "a wrong setting": (errors.InvalidSettingsError, elsewhere(PASSWORD_LENGTH="3")),
    "half a JSON": (errors.InvalidSecretError, holds(lambda _: f'{{"password": "{marked_password()}", "ho')),
    "a list": (errors.InvalidSecretError, holds(lambda right: {**right, "password": [marked_password()]})),
    "a password as port": (errors.InvalidSecretError, holds(lambda right: {**right, "port": marked_password()})),
    "an unknown token": (errors.LabelConflictError, sent(ClientRequestToken=new_token())),
    "another host": (errors.UnsafeRotationError, pending_elsewhere),
    "GetSecretValue denied": (errors.SecretStoreError, denied("GetSecretValue")),
    "PutSecretValue denied": (errors.SecretStoreError, denied("PutSecretValue")),
    "PutSecretValue refused": (errors.SecretStoreError, denied("PutSecretValue", "ValidationException")),
    "nobody at AWS": (errors.SecretStoreError, no_answer),
    "wrong password": (errors.LoginRejectedError, passwords_changed),
    "locked": (errors.LoginRefusedError, locked),
    "no database": (errors.LoginRefusedError, holds(lambda right: {**right, "dbname": "nowhere"})),
    "nobody listens": (errors.DatabaseUnreachableError, nobody_listens),
    "connection lost": (errors.DatabaseUnreachableError, answer_lost),
    "another authority": (errors.DatabaseUnreachableError, elsewhere(RDS_CA_BUNDLE="")),
    "a lock": (errors.StatementFailedError, change_held),
    "UpdateSecretVersionStage denied": (errors.SecretStoreError, denied("UpdateSecretVersionStage")),
}
WITH_A_SUPERUSER: Failures = {
    "wrong superuser": (errors.SuperuserRejectedError, superuser_is(lambda _: {"password": marked_password()})),
    "powerless": (
        errors.PermissionDeniedError | errors.UnsafeRotationError,
        superuser_is(lambda tainted: {"username": tainted.powerless.username, "password": tainted.powerless.password}),
    ),
}


def assert_none_tells(tainted: Tainted) -> None:
    """Let a rotation fail in each of these ways; no secret may stand anywhere, and in the end a rotation succeeds."""
    with_superuser = WITH_A_SUPERUSER if "masterarn" in tainted.secret.value() else {}
    for name, (error, trouble) in {**with_superuser, **OF_ANY_FUNCTION}.items():
        with trouble(tainted):
            outcome = tainted.rotate()
        assert outcome.error_type in [kind.__name__ for kind in kinds(error)], (name, outcome)
        tainted.drop_pending()
    tainted.recovers()
    leaks = tainted.leaks()
    assert leaks == set(), leaks


def kinds(error: type[errors.RotationError] | UnionType) -> tuple[type[errors.RotationError], ...]:
    """One error, or each of several."""
    return get_args(error) or (error,)


def _relay(tainted: Tainted) -> Relay:
    relay = tainted.application.user.relay
    assert isinstance(relay, Relay)
    return relay
