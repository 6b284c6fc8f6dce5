"""A dry run, which RotateImmediately=false asks for, beside the rotation that it stands for."""

from lab.lambda_environment import Invocation
from lab.secretsmanager import Run
from tests.fixtures.rotation import Application


def dry_run(application: Application) -> Run:
    """Ask for a dry run, and wait for its end."""
    run = application.rotate(RotateImmediately=False, RotationRules={"AutomaticallyAfterDays": 30})
    assert [record.step for record in run.steps] == ["testSecret"]
    return run


def rotation(application: Application) -> Invocation:
    """How a real rotation ends: what createSecret came to, or, where that succeeds, setSecret."""
    token = application.begin()
    created = application.step("createSecret", token)
    return created if created.failed else application.step("setSecret", token)


def stops_as_the_rotation(application: Application, error: str) -> str:
    """Check that the dry run stops, that a rotation stops with the same words, and return these.

    But for a rotation that took back what it had changed: a dry run changes nothing, and says so.

    The two have the same rejected logins: a test that costs more of them than a rotation could lock an account.
    """
    user = application.user
    before = user.rejected_logins()
    run = dry_run(application)
    after = user.rejected_logins()
    assert not run.succeeded
    tested, rotated = run.steps[-1].invocation, rotation(application)
    assert tested.error_type == error, tested
    message = str(rotated.error_message).replace("What this run had changed was taken back.", "Nothing was changed.")
    assert (tested.error_type, tested.error_message) == (rotated.error_type, message)
    assert after - before <= user.rejected_logins() - after
    return str(tested.error_message)
