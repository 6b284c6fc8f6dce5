"""Calls to Secrets Manager that fail: the error names operation, secret, code and what to grant, and retries heal."""

import pytest

from lab.secretsmanager import faults
from lab.servers import DatabaseServer
from tests.fixtures.databases import MakeUser
from tests.fixtures.rotation import ALTERNATING_USERS, STEPS, Application, MakeApplication
from tests.rotation.faulted import CALLS, Call, completes, reach

each_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


@pytest.fixture
def application(any_database: DatabaseServer, make_user: MakeUser, make_application: MakeApplication) -> Application:
    """An application; what Secrets Manager answers does not depend on its database."""
    return make_application(make_user(any_database), ALTERNATING_USERS)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("AccessDeniedException", "grant the function's role secretsmanager:{operation}"),
        ("DecryptionFailure", "kms:Decrypt"),
        ("EncryptionFailure", "kms:GenerateDataKey"),
        ("NoSuchCodeYet", "API reference of {operation}"),
    ],
)
@each_call
def test_a_refused_call_is_explained_and_healed(application: Application, call: Call, code: str, words: str) -> None:
    """Each call, refused once: an error that says what to do; the same token then completes the rotation."""
    token = reach(application, call.step)
    about = application.secret.arn
    application.secret.cloud.faults.add(faults.error(call.operation, code, nth=call.nth, secret_arn=about))
    outcome = application.step(call.step, token)
    assert outcome.error_type == "SecretStoreError", outcome
    for part in (call.operation, code, about, words.format(operation=call.operation)):
        assert part in str(outcome.error_message)
    application.secret.cloud.faults.clear()
    completes(application, token)


@each_call
@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServiceError"])
def test_a_passing_failure_is_retried_by_the_sdk(application: Application, call: Call, code: str) -> None:
    """A call that is throttled, or fails inside the service, once is repeated without anybody noticing."""
    token = reach(application, call.step)
    about = application.secret.arn
    application.secret.cloud.faults.add(faults.error(call.operation, code, nth=call.nth, secret_arn=about))
    assert not application.steps(token, *STEPS[STEPS.index(call.step) :]).failed
    assert application.works()


@each_call
def test_an_answer_that_is_lost_is_asked_for_again(application: Application, call: Call) -> None:
    """A call whose effect took place but whose answer never came is repeated, and the rotation completes."""
    token = reach(application, call.step)
    lost = faults.drop(call.operation, nth=call.nth, after_effect=True, secret_arn=application.secret.arn)
    application.secret.cloud.faults.add(lost)
    assert not application.steps(token, *STEPS[STEPS.index(call.step) :]).failed
    assert application.works()


def test_no_way_to_secrets_manager(application: Application, make_application: MakeApplication) -> None:
    """An endpoint that does not answer is an error that speaks of the VPC."""
    lonely = make_application(
        application.user, ALTERNATING_USERS, environ={"SECRETS_MANAGER_ENDPOINT": "http://127.0.0.1:1"}
    )
    outcome = lonely.function.invoke(application.secret.event("createSecret", application.begin()))
    assert outcome.error_type == "SecretStoreError"
    assert "interface endpoint" in str(outcome.error_message)
