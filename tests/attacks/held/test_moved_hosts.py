"""Passwords of one host are not tried at another."""

from lab.relay import Relay
from tests.fixtures.databases import ApplicationUser
from tests.fixtures.rotation import SINGLE_USER, Application, MakeApplication

OWN_VERSIONS = 2  # AWSCURRENT and AWSPENDING


def logins_at(application: Application, port: int, *, moved: bool) -> None:
    """Rotate with wrong passwords where only AWSCURRENT names this port, or (not moved) where all versions do."""
    older = {**application.secret.value(), "ssl": False, **({} if moved else {"port": port})}
    for version in ("first", "second"):
        application.secret.put({**older, "password": f"{version} password"})
    application.secret.put({**older, "port": port, "password": "the last password"})
    application.refusal("LoginRejectedError")


def test_old_versions_stay_with_their_host(user: ApplicationUser, make_application: MakeApplication) -> None:
    """A secret that moves to another host takes none of its old passwords there, nor this one's to the old host."""
    application = make_application(user, SINGLE_USER)
    user.relay.connections = 0
    with Relay(user.server.port) as other:
        logins_at(application, other.port, moved=True)
        assert (other.connections, user.relay.connections) == (OWN_VERSIONS, 0)


def test_old_versions_of_the_same_host_are_tried(user: ApplicationUser, make_application: MakeApplication) -> None:
    """The same secret without the move: now old versions are tried, so the test above can tell."""
    application = make_application(user, SINGLE_USER)
    with Relay(user.server.port) as other:
        logins_at(application, other.port, moved=False)
        assert other.connections > OWN_VERSIONS
