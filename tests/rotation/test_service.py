"""What Secrets Manager's own rotation service does around the four steps."""

import pytest

from lab.secretsmanager.faults import error, lag
from secret_rotation.patience import PATIENCE
from tests.fixtures.databases import ApplicationUser
from tests.fixtures.rotation import STRATEGIES, Application, MakeApplication
from tests.rotation.conftest import every_pairing


@every_pairing
@pytest.mark.parametrize("rotated", [False, True])
def test_a_dry_run_changes_nothing(application: Application, rotated: bool) -> None:
    """RotateImmediately=false tests a copy of AWSCURRENT: it succeeds, and the password stays."""
    if rotated:
        assert application.rotate().succeeded
    before = application.credentials()
    run = application.rotate(RotateImmediately=False, RotationRules={"AutomaticallyAfterDays": 30})
    assert run.succeeded, run.outcome
    assert [record.step for record in run.steps] == ["testSecret"]
    assert application.credentials() == before
    assert application.works()


def test_a_dry_run_of_a_secret_that_does_not_log_in_fails(
    user: ApplicationUser, make_application: MakeApplication
) -> None:
    """RotateImmediately=false tells that AWSCURRENT is wrong, before a schedule relies on it."""
    application = make_application(user, STRATEGIES[0])
    user.set_password("changed-by-hand")
    run = application.rotate(RotateImmediately=False, RotationRules={"AutomaticallyAfterDays": 30})
    assert not run.succeeded
    assert run.steps[-1].invocation.error_type == "LoginRejectedError"


def test_a_dry_run_by_a_proxy_is_told_to_use_the_database(
    user: ApplicationUser, make_application: MakeApplication
) -> None:
    """An RDS Proxy is named as that, not as a server whose certificate no authority of RDS has signed."""
    application = make_application(user, STRATEGIES[0], host="db.proxy-abc.eu-west-1.rds.amazonaws.com")
    run = application.rotate(RotateImmediately=False, RotationRules={"AutomaticallyAfterDays": 30})
    assert run.steps[-1].step == "testSecret"
    assert run.steps[-1].invocation.error_type == "InvalidSecretError"
    assert "RDS Proxy" in str(run.steps[-1].invocation.error_message)


@every_pairing
def test_a_rotation_token_is_passed_on(application: Application) -> None:
    """Where Secrets Manager demands the RotationToken, as across accounts, the rotation succeeds and never logs it."""
    application.secret.cloud.require_rotation_token(application.secret.arn)
    run = application.rotate()
    assert run.succeeded, run.outcome
    put = application.secret.cloud.calls.all(operation="PutSecretValue", secret_arn=application.secret.arn)[-1]
    assert put.parameters["RotationToken"] == "(present)"
    token = application.secret.event("createSecret", run.token)["RotationToken"]
    assert isinstance(token, str)
    assert token not in application.stdout.getvalue() + "".join(record.invocation.log for record in run.steps)


@every_pairing
@pytest.mark.parametrize("leaves_pending", [True, False])
def test_pending_may_stay_or_go(application: Application, leaves_pending: bool) -> None:
    """Whether AWSPENDING leaves with the move of AWSCURRENT or stays on the version, the next rotation completes."""
    variations = application.secret.cloud.variations
    variations.pending_leaves_with_current = not leaves_pending
    try:
        for _ in range(2):
            run = application.rotate()
            assert run.succeeded, run.outcome
            assert ("AWSPENDING" in application.secret.labels()[run.token]) == leaves_pending
            assert application.works()
    finally:
        variations.clear()


def test_a_retry_with_the_same_token_completes(user: ApplicationUser, make_application: MakeApplication) -> None:
    """The service tries a failed rotation again with the same token, and the second attempt completes it."""
    application = make_application(user, STRATEGIES[1])
    application.secret.cloud.faults.add(
        error("UpdateSecretVersionStage", "AccessDeniedException", secret_arn=application.secret.arn)
    )
    run = application.rotate()
    assert run.succeeded, run.outcome
    assert max(record.attempt for record in run.steps) > min(record.attempt for record in run.steps)
    assert application.works()


@pytest.mark.parametrize("patience", [PATIENCE], ids=["as-deployed"])
@every_pairing
def test_reads_that_lag_behind_writes(application: Application) -> None:
    """Reads that are a second old do not fail a rotation."""
    for operation in ("DescribeSecret", "GetSecretValue"):
        application.secret.cloud.faults.add(lag(operation, 1.0, secret_arn=application.secret.arn))
    run = application.rotate()
    application.secret.cloud.faults.clear()
    assert run.succeeded, run.outcome
    assert len(run.steps) == 4
    assert application.works()
