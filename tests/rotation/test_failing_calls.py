"""Calls to Secrets Manager that fail: the error names operation, secret, code and what to grant, and retries heal."""

import pytest

from lab.secretsmanager import faults
from lab.servers import PostgresServer
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import ALTERNATING_USERS, STEPS, Application, MakeApplication

CALLS = [
    ("createSecret", "DescribeSecret", 1),
    ("createSecret", "GetSecretValue", 1),
    ("createSecret", "PutSecretValue", 1),
    ("setSecret", "GetSecretValue", 1),
    ("setSecret", "GetSecretValue", 2),
    ("testSecret", "GetSecretValue", 1),
    ("finishSecret", "DescribeSecret", 1),
    ("finishSecret", "UpdateSecretVersionStage", 1),
]


@pytest.fixture
def application(newest_postgres: PostgresServer, make_user: MakeUser, make_application: MakeApplication) -> Application:
    """An application; what Secrets Manager answers does not depend on its database."""
    return make_application(make_user(newest_postgres), ALTERNATING_USERS)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("AccessDeniedException", "grant the function's role secretsmanager:{operation}"),
        ("DecryptionFailure", "kms:Decrypt"),
        ("EncryptionFailure", "kms:GenerateDataKey"),
        ("NoSuchCodeYet", "API reference of {operation}"),
    ],
)
@pytest.mark.parametrize(("step", "operation", "nth"), CALLS)
def test_a_refused_call_is_explained_and_healed(
    application: Application, step: str, operation: str, nth: int, code: str, words: str
) -> None:
    """Each call, refused once: an error that says what to do; the same token then completes the rotation."""
    token = application.begin()
    assert not application.steps(token, *STEPS[: STEPS.index(step)]).failed
    application.secret.cloud.faults.add(faults.error(operation, code, nth=nth, secret_arn=application.secret.arn))
    outcome = application.step(step, token)
    assert outcome.error_type == "SecretStoreError", outcome
    for part in (operation, code, application.secret.arn, words.format(operation=operation)):
        assert part in str(outcome.error_message)
    application.secret.cloud.faults.clear()
    assert not application.steps(token, *STEPS).failed
    assert application.works()


@pytest.mark.parametrize(("step", "operation", "nth"), CALLS)
@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServiceError"])
def test_a_passing_failure_is_retried_by_the_sdk(
    application: Application, step: str, operation: str, nth: int, code: str
) -> None:
    """A call that is throttled, or fails inside the service, once is repeated without anybody noticing."""
    token = application.begin()
    assert not application.steps(token, *STEPS[: STEPS.index(step)]).failed
    application.secret.cloud.faults.add(faults.error(operation, code, nth=nth, secret_arn=application.secret.arn))
    assert not application.steps(token, *STEPS[STEPS.index(step) :]).failed
    assert application.works()


@pytest.mark.parametrize(("step", "operation", "nth"), CALLS)
def test_an_answer_that_is_lost_is_asked_for_again(
    application: Application, step: str, operation: str, nth: int
) -> None:
    """A call whose effect took place but whose answer never came is repeated, and the rotation completes."""
    token = application.begin()
    assert not application.steps(token, *STEPS[: STEPS.index(step)]).failed
    lost = faults.drop(operation, nth=nth, after_effect=True, secret_arn=application.secret.arn)
    application.secret.cloud.faults.add(lost)
    assert not application.steps(token, *STEPS[STEPS.index(step) :]).failed
    assert application.works()


def test_no_way_to_secrets_manager(application: Application, make_application: MakeApplication) -> None:
    """An endpoint that does not answer is an error that speaks of the VPC."""
    lonely = make_application(
        application.user, ALTERNATING_USERS, environ={"SECRETS_MANAGER_ENDPOINT": "http://127.0.0.1:1"}
    )
    outcome = lonely.function.invoke(application.secret.event("createSecret", application.begin()))
    assert outcome.error_type == "SecretStoreError"
    assert "interface endpoint" in str(outcome.error_message)
