"""The superuser does what a secret's writer asks for only where the writer could have done it himself."""

from collections.abc import Callable

import pytest

from lab.servers import Login
from tests.attacks.accounts import create_any_user
from tests.attacks.held.hostile import Peer, hostile
from tests.fixtures.databases import ApplicationUser
from tests.fixtures.rotation import ALTERNATING_USERS, SINGLE_USER, Application, MakeApplication
from tests.rotation.faulted import rotates
from tests.rotation.rds import instance

RESET = {"RESET_WITH_SUPERUSER": "true"}
LOOK_ALIKES: dict[str, Callable[[str], str]] = {
    "blank-inside": lambda name: name.replace("_", " "),
    "upper-case": str.upper,
    "combining-character": lambda name: f"{name}\u0301",
    "zero-width-character": lambda name: f"{name}\u200b",
    "full-width-letter": lambda name: f"\uff56{name[1:]}",
}
COMPARED_ALIKE = ["upper-case", "combining-character", "zero-width-character"]
each_look_alike = pytest.mark.parametrize("look_alike", LOOK_ALIKES.values(), ids=LOOK_ALIKES.keys())


def with_superuser(application: Application, **changes: object) -> Application:
    """The application, its secret naming the superuser, and changed as its writer likes."""
    application.secret.change(masterarn=application.superuser_secret.arn, **changes)
    return application


@pytest.mark.parametrize("strategy", [SINGLE_USER, ALTERNATING_USERS])
@pytest.mark.parametrize("named", ["port", "host", "both"])
def test_the_superuser_never_reaches_a_server_of_the_writers(
    user: ApplicationUser, make_application: MakeApplication, strategy: str, named: str
) -> None:
    """Whoever names a server of his own beside the superuser of another gets no connection from anybody."""
    application = make_application(user, strategy, environ=RESET)
    with hostile(Peer.hear_out) as server:
        own = {"host": "127.0.0.1", "port": server.port}
        with_superuser(application, **{key: value for key, value in own.items() if named in (key, "both")})
        user.relay.connections = 0
        application.refusal("UnsafeRotationError")
    assert (server.connections, user.relay.connections) == (0, 0)


@pytest.mark.parametrize("host", ["localhost.example.com", "localhost-replica", "xlocalhost", "127.0.0.1"])
def test_a_host_that_looks_like_one_of_the_databases_is_not(
    user: ApplicationUser, make_application: MakeApplication, host: str
) -> None:
    """A name that shares its beginning or its end with an endpoint that RDS knows is no endpoint of that database."""
    application = make_application(user, ALTERNATING_USERS, host=host)
    application.secret.cloud.databases.instances.append(instance(user))
    user.relay.connections = 0
    application.refusal("UnsafeRotationError")
    assert user.relay.connections == 0


@pytest.mark.parametrize("suffix", ["whole", "without"])
def test_a_secret_is_not_its_own_superuser(application: Application, user: ApplicationUser, suffix: str) -> None:
    """A masterarn that is the secret itself, with or without its six random characters, stops before all else."""
    arn = application.secret.arn
    value = {**application.secret.value(), "masterarn": arn if suffix == "whole" else arn[:-7]}
    application.secret.put(value)
    token = application.begin()
    user.relay.connections = 0
    assert application.step("createSecret", token).error_type == "InvalidSecretError"
    assert user.relay.connections == 0
    assert application.secret.value() == value


@each_look_alike
def test_a_look_alike_of_a_name_resets_nobody(
    user: ApplicationUser, make_application: MakeApplication, look_alike: Callable[[str], str]
) -> None:
    """A name that only looks like a user's, or compares like it, never has that user's password set."""
    name = look_alike(user.username)
    application = with_superuser(make_application(user, SINGLE_USER, environ=RESET), username=name, password="unknown")
    outcome = application.steps(application.begin(), "createSecret", "setSecret")
    assert outcome.failed
    assert not str(outcome.error_message).startswith("Unexpected")
    assert user.can_log_in(user.username, user.password)
    assert not user.can_log_in(user.username, application.secret.value("AWSPENDING")["password"])


@pytest.mark.parametrize("name", ["{} ", " {}", "{}\t"], ids=["trailing-blank", "leading-blank", "trailing-tab"])
def test_white_space_around_a_name_resets_nobody(
    user: ApplicationUser, make_application: MakeApplication, name: str
) -> None:
    """A name with white space around it, which MySQL would take off, is nobody's: the other's password stays."""
    application = with_superuser(
        make_application(user, SINGLE_USER, environ=RESET), username=name.format(user.username), password="unknown"
    )
    assert not application.rotate().succeeded
    assert user.can_log_in(user.username, user.password)


@pytest.mark.parametrize("look_alike", COMPARED_ALIKE, ids=COMPARED_ALIKE)
def test_a_look_alike_of_an_account_gets_nothing_of_the_other(
    user: ApplicationUser, make_application: MakeApplication, look_alike: str
) -> None:
    """Somebody's own account of a name that compares like a victim's: the victim's pair stays, and gives no right."""
    victim = make_application(user, ALTERNATING_USERS)
    rotates(victim, 2)
    known = [victim.credentials("AWSCURRENT"), victim.credentials("AWSPREVIOUS")]
    mallory = create_any_user(user, LOOK_ALIKES[look_alike](user.username))
    application = make_application(mallory, ALTERNATING_USERS)
    runs = [application.rotate() for _ in range(2)]
    assert all(user.can_log_in(*login) and user.can_work(*login) for login in known)
    if runs[0].succeeded:
        logins = [application.credentials(stage) for stage in ("AWSCURRENT", "AWSPREVIOUS")]
        assert not [name for name, password in logins if reads_notes(user, name, password)]
    assert mallory.can_log_in(*application.credentials())


def reads_notes(victim: ApplicationUser, username: str, password: str) -> bool:
    """Whether a login, where it is still one, reads what is the victim's."""
    if not victim.server.can_log_in(username, password):
        return False
    try:
        victim.server.run(Login(username, password), f"SELECT * FROM {victim.kit.notes(victim.username)}")  # noqa: S608 - names of our own
    except Exception as error:  # noqa: BLE001 - of either driver
        return "denied" not in str(error)
    return True
