"""What holds for a pair on every engine, whatever its owners can do there to what is remembered of it."""

from collections.abc import Callable, Sequence
from contextlib import closing

from lab.engines import KITS
from lab.servers import Login
from tests.fixtures.databases import ApplicationUser, MakeUser
from tests.fixtures.rotation import ALTERNATING_USERS, Application, MakeApplication
from tests.rotation.faulted import rotates

Forge = Callable[[ApplicationUser, str, str], None]
"""All that an account of this name and password can do to look like one of a pair."""
Forget = Callable[[Application], None]
"""Makes the pair one of a time before there were records: its clone is marked as rotations did it then."""
REFUSALS: tuple[type[Exception], ...] = tuple(kit.driver.Error for kit in KITS)


def names(application: Application) -> tuple[str, str]:
    """The original and the clone."""
    return application.user.username, f"{application.user.username}_clone"


def passwords(application: Application) -> dict[str, str]:
    """The passwords of both users of a pair that has rotated once."""
    return dict(application.credentials(stage) for stage in ("AWSCURRENT", "AWSPREVIOUS"))


def attempt(cursor: object, statement: str) -> bool:
    """Run a statement that the server may refuse; whether it did not."""
    try:
        cursor.execute(statement)  # type: ignore[attr-defined]
    except REFUSALS:
        return False
    return True


def assert_a_stranger_is_not_the_clone(application: Application, forge: Forge) -> None:
    """The rotation of `app` leaves `app_clone` alone, whatever the owners of both do to pass it off as a clone."""
    user, (original, clone), password = application.user, names(application), "the-strangers-own"
    user.as_superuser(*user.kit.creation(clone, password))
    forge(user, original, user.password)
    forge(user, clone, password)
    application.refusal("UnsafeRotationError")
    assert user.server.can_log_in(clone, password)
    assert not user.server.can_log_in(*application.credentials("AWSPENDING"))
    assert application.logs_in()


def assert_the_owner_of_a_clones_name_gains_nothing(
    user: ApplicationUser, make_user: MakeUser, make_application: MakeApplication, forge: Forge
) -> None:
    """A secret of one's own for `shop_clone` gives no password of `shop`, and none of its rights."""
    mallory = make_user(user.server, f"{user.username}_clone")
    forge(mallory, mallory.username, mallory.password)
    application = make_application(mallory, ALTERNATING_USERS)
    application.refusal("UnsafeRotationError")
    assert user.can_log_in(user.username, user.password)
    assert not user.can_log_in(*application.credentials("AWSPENDING"))


def assert_neither_can_run(application: Application, statements: Sequence[str]) -> None:
    """Both users of a pair that has rotated are refused all of these statements, and the pair rotates on."""
    user = application.user
    for username, password in passwords(application).items():
        with closing(user.server.connect(Login(username, password), user.dbname)) as session:
            cursor = session.cursor()
            assert not [statement for statement in statements if attempt(cursor, statement)]
    rotates(application)


def assert_a_login_adopts(application: Application, forget: Forget) -> None:
    """Where a version of the secret logs in as the user whose turn it is, the pair is put on record, and rotates on."""
    rotates(application)
    forget(application)
    rotates(application, 2)
    assert application.works("AWSPREVIOUS")


def assert_a_mark_does_not_adopt(application: Application, forget: Forget) -> None:
    """Where no version logs in as the user whose turn it is, a mark or a membership is no reason to touch it."""
    rotates(application)
    forget(application)
    user, (original, _) = application.user, names(application)
    user.set_password("somebody-elses", original)
    application.refusal("UnsafeRotationError")
    assert user.can_log_in(original, "somebody-elses")
    assert application.logs_in()
