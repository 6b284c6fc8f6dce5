"""Nobody gains by what is remembered of a pair: its users cannot write it, and it belongs to one secret."""

import json
from dataclasses import replace

import pytest

from tests.attacks.pairs import names
from tests.fixtures.cloud import MakeSecret
from tests.fixtures.rotation import ALTERNATING_USERS, SINGLE_USER, Application, MakeApplication
from tests.rotation.faulted import rotates


def second_secret(application: Application, make_application: MakeApplication) -> Application:
    """Another secret for the same user, with the password that works: copied, or written by whoever knows it."""
    username, password = application.credentials()
    return make_application(application.user, ALTERNATING_USERS, username=username, password=password)


@pytest.mark.parametrize("rotations", [1, 2])
def test_another_secret_for_the_same_pair_is_refused(
    application: Application, make_application: MakeApplication, rotations: int
) -> None:
    """A pair belongs to the secret whose rotation made it: another one is told whose, and cuts nobody off."""
    rotates(application, rotations)
    other = second_secret(application, make_application)
    assert application.secret.arn[: -len("-AbCdEf")] in other.refusal("UnsafeRotationError")
    assert application.logs_in("AWSCURRENT")
    assert application.logs_in("AWSPREVIOUS")
    assert not application.user.can_log_in(*other.credentials("AWSPENDING"))
    rotates(application)


def test_a_pair_is_handed_over_by_the_statement_of_the_error(
    application: Application, make_application: MakeApplication
) -> None:
    """The statement that the refusal prints, run by the superuser, gives the pair to the other secret alone."""
    rotates(application)
    other = second_secret(application, make_application)
    token = other.begin()
    message = str(other.steps(token, "createSecret", "setSecret").error_message)
    statement = message.partition("as an administrator, run ")[2].partition("; then rotate again")[0]
    application.user.as_superuser(statement)
    outcome = other.steps(token, "setSecret", "testSecret", "finishSecret")
    assert not outcome.failed, outcome.error_message
    assert other.works()
    assert other.secret.arn[: -len("-AbCdEf")] in application.refusal("UnsafeRotationError")


def test_a_secret_that_is_made_again_by_its_name_keeps_its_pair(
    application: Application, make_secret: MakeSecret
) -> None:
    """The random end of an ARN is no part of what a pair remembers: a secret that was deleted and made again fits."""
    rotates(application)
    value, client = application.secret.value(), application.secret.client
    client.delete_secret(SecretId=application.secret.arn, ForceDeleteWithoutRecovery=True)
    arn = client.create_secret(Name=application.secret.name, SecretString=json.dumps(value))["ARN"]
    assert arn != application.secret.arn
    again = make_secret(value)
    reborn = replace(application, secret=replace(again, arn=arn, name=application.secret.name))
    reborn.secret.enable_rotation(reborn.function)
    rotates(reborn)


def test_a_secret_of_one_user_does_not_reset_one_of_a_pair(
    application: Application, make_application: MakeApplication
) -> None:
    """RESET_WITH_SUPERUSER spares the users of a pair that is another secret's."""
    rotates(application)
    user, (_, clone) = application.user, names(application)
    environ = {"RESET_WITH_SUPERUSER": "true"}
    other = make_application(
        user,
        SINGLE_USER,
        environ=environ,
        username=clone,
        password="unknown",
        masterarn=application.superuser_secret.arn,
    )
    assert application.secret.arn[: -len("-AbCdEf")] in other.refusal("UnsafeRotationError")
    assert application.logs_in()
