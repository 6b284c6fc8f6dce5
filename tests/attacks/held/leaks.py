"""Where a password could stand on a server that logs all that it can, and what rotations must not leave there."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass

from tests.fixtures import shown
from tests.fixtures.rotation import Application
from tests.rotation.faulted import rotates

Statements = tuple[str, ...]
Hindrance = tuple[Statements, Statements]
"""What an administrator makes rotations fail with, and what ends it."""


@dataclass(frozen=True)
class Places:
    """Where the passwords of an application could stand.

    Attributes:
        views: those in which the server shows what it does and did.
        sessions: the one of these that shows what its sessions are doing.
    """

    application: Application
    views: Sequence[str]
    sessions: str

    def leaks(self, *seen: tuple[str, bytes]) -> set[str]:
        """The places at which a password stands; `seen` are further places with their contents."""
        known = [password.encode() for password in passwords(self.application)]
        assert known
        places = (*seen, *self._contents(), ("log", self.application.stdout.getvalue().encode()))
        return {place for place, content in places if any(password in content for password in known)}

    def assert_failures_leave_none(self, *hindrances: Hindrance) -> None:
        """Let a rotation fail for each of these reasons, and for those that keep a user of any engine out."""
        application, user = self.application, self.application.user
        of_the_user = user.kit.troubles(user.username).values()
        shut_out = [((one.cause,), (one.remedy,)) for one in of_the_user if not one.sessions + one.rejections]
        for cause, remedy in (*shut_out, *hindrances):
            token = application.begin()
            user.administrate(*cause)
            try:
                assert application.steps(token, "createSecret", "setSecret").failed, cause
            finally:
                user.administrate(*remedy)
            application.secret.remove_pending()
        assert self.leaks() == set()

    def assert_a_wait_shows_none(self, change: bytes) -> None:
        """Let a rotation wait to change a password, and see its statement in the sessions."""
        application, server = self.application, self.application.user.server
        token = application.begin()
        application.function.timeout_seconds = 20
        with closing(server.connect(server.administrator)) as session, session.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(application.user.kit.hold_all_passwords)
            with self._watched() as seen:
                assert application.steps(token, "createSecret", "setSecret").failed
        assert any(change in content for _, content in seen)
        assert self.leaks(*seen) == set()

    def _contents(self) -> Iterator[tuple[str, bytes]]:
        """All that the server has written to files, and what its views show."""
        yield from shown.of_folder(self.application.user.server.log_path.parent)
        yield from map(self._content_of, self.views)

    def _content_of(self, view: str) -> tuple[str, bytes]:
        return view, repr(self.application.user.administrate(f"TABLE {view}")).encode()

    @contextmanager
    def _watched(self) -> Iterator[list[tuple[str, bytes]]]:
        """Look at the server's sessions again and again."""
        seen: list[tuple[str, bytes]] = []
        stop = threading.Event()

        def look() -> None:
            while not stop.wait(0.05):
                seen.append(self._content_of(self.sessions))

        watcher = threading.Thread(target=look)
        watcher.start()
        try:
            yield seen
        finally:
            stop.set()
            watcher.join()


def rotated_twice(application: Application) -> Application:
    """The application, old enough to have a clone where two users alternate."""
    rotates(application, 2)
    return application


def passwords(application: Application) -> set[str]:
    """The passwords of all versions of the application's secret, but for the first, which the lab has set."""
    client, arn = application.secret.client, application.secret.arn
    versions = client.list_secret_version_ids(SecretId=arn, IncludeDeprecated=True)["Versions"]
    values = [client.get_secret_value(SecretId=arn, VersionId=one["VersionId"])["SecretString"] for one in versions]
    return {json.loads(value)["password"] for value in values} - {application.user.password}
