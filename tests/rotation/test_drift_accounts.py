"""Drift of users: dropped, renamed, and a superuser whose password is another one now."""

import re
import secrets

import pytest

from lab.secretsmanager import faults
from tests.fixtures.databases import ApplicationUser
from tests.fixtures.rotation import SINGLE_USER, Application, MakeApplication
from tests.rotation.faulted import heals, new_superuser, reach, rotates, stopped


@pytest.mark.parametrize("rotations", [1, 2])
def test_the_clone_is_dropped(application: Application, rotations: int) -> None:
    """In use or not, the clone comes back by itself: its original, whose version is known, carries the rotation."""
    rotates(application, rotations)
    user = application.user
    user.administrate(*user.kit.drop(f"{user.username}_clone"))
    rotates(application, 2)
    assert application.works("AWSPREVIOUS")


def test_the_single_user_is_renamed(user: ApplicationUser, make_application: MakeApplication) -> None:
    """A name that the server does not know is rejected like a wrong password; the error says that it may be that."""
    application = make_application(user, SINGLE_USER)
    user.administrate(user.kit.rename(user.username, f"{user.username}_new"))
    token = reach(application, "setSecret")
    outcome = application.step("setSecret", token)
    assert outcome.error_type == "LoginRejectedError", outcome
    assert re.search("role does not exist|no such account", str(outcome.error_message))
    user.administrate(user.kit.rename(f"{user.username}_new", user.username))
    heals(application, token)


def test_a_superuser_whose_password_was_just_rotated(application: Application) -> None:
    """Its secret is rotated between the read and the login: an error that says so, and the next attempt succeeds."""
    rotates(application)
    user = application.user
    name = new_superuser(application, user.username, f"{user.username}_clone")

    def rotate_superuser() -> None:
        password = secrets.token_urlsafe()
        user.administrate(*user.kit.changes_of_password(name, password))
        application.superuser_secret.change(password=password)

    about = application.superuser_secret.arn
    between = faults.call("GetSecretValue", rotate_superuser, after_effect=True, secret_arn=about)
    application.secret.cloud.faults.add(between)
    run = application.rotate()
    assert run.succeeded, run.outcome
    failed = [record.invocation for record in run.steps if record.invocation.failed]
    assert [invocation.error_type for invocation in failed] == ["SuperuserRejectedError"]
    stopped(application, failed[0], "SuperuserRejectedError", about, "the next attempt succeeds")
    rotates(application)
