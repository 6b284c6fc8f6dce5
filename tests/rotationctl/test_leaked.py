"""`rotationctl leaked`: on real servers, with every pairing, the leaked password is dead in the end, and proven so."""

import json
import os
import shutil
import stat
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from lab.engines.postgresql.software import postgres_software, supported_majors
from lab.secretsmanager import faults
from lab.servers import Login
from rotationctl.exits import Exit
from rotationctl.rotation import Rotator
from rotationctl.secret import Secret
from tests.fixtures.databases import ApplicationUser
from tests.fixtures.rotation import ALTERNATING_USERS, SINGLE_USER, Application, MakeApplication
from tests.rotationctl.shell import TIMEOUT_SECONDS, type_in
from tests.rotationctl.wayout import (  # noqa: F401 - two are fixtures
    HOUR,
    Past,
    local,
    named,
    quick,
    the_past,
    the_secrets_manager,
)

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def application(user: ApplicationUser, strategy: str, make_application: MakeApplication, past: Past) -> Application:
    """An application on one server of each engine, with each strategy, which has rotated once."""
    with past.of(HOUR):
        application = named(make_application(user, strategy))
        assert application.rotate().succeeded
    return application


@contextmanager
def sessions_open(application: Application, *labels: str) -> Iterator[ExitStack]:
    """A session under the user of each of these labels, as an attacker may have it."""
    with ExitStack() as stack:
        for label in labels:
            connection = application.user.server.connect(
                Login(*application.credentials(label)), application.user.dbname
            )
            stack.callback(_close, connection)
        yield stack


def wait_until_gone(application: Application, username: str) -> None:
    """Wait for the end of all sessions of a user, the program's own too: a client has its answer before that."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while application.user.administrate(application.user.kit.sessions_of(username)):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _close(connection: object) -> None:
    """A connection that the server has ended may say so."""
    try:
        connection.close()  # type: ignore[attr-defined]
    except Exception:  # noqa: BLE001 - whatever the driver raises
        return


def leaked(application: Application, capsys: Capture, *options: str) -> tuple[int, dict[str, Any]]:
    """Call the program; its exit code, and what it printed."""
    capsys.readouterr()
    code = quick("leaked", application.secret.name, "--json", *options)
    out, err = capsys.readouterr()
    assert "{\n" in out, err
    document: dict[str, Any] = json.loads(out[out.index("{\n") :])
    return code, document


@pytest.mark.parametrize("label", ["AWSCURRENT", "AWSPREVIOUS"])
def test_the_leaked_password_is_dead(application: Application, capsys: Capture, label: str) -> None:
    """It rotates as often as it takes, ends the sessions under both names, and proves that the login is refused."""
    login, version = application.credentials(label), str(application.secret.version_with(label))
    options = ["--yes", "--end-sessions", *local(application.user.server), "--version-id", version]
    with sessions_open(application, *filter(application.logs_in, ["AWSCURRENT", label])):
        code, document = leaked(application, capsys, *options)
        assert (code, document["proof"]) == (Exit.FINE, "dead"), document
        assert len(document["rotated"]) == document["rotations"]
        sessions = document["sessions"]
        assert sessions
        assert all(session["ended"] for session in sessions)
    assert not application.user.can_log_in(*login)
    assert application.works()
    for name in {login[0], application.credentials()[0]}:
        wait_until_gone(application, name)
    assert login[1] not in str(document)


def test_a_version_with_the_login_of_awscurrent(application: Application, capsys: Capture) -> None:
    """A value that somebody put holds the same password as the version before, which takes as long to end, then."""
    login, version = application.credentials(), str(application.secret.version_with("AWSCURRENT"))
    application.secret.change(note="put by hand")
    code, document = leaked(application, capsys, "--yes", "--version-id", version, *local(application.user.server))
    assert (code, document["proof"]) == (Exit.FINE, "dead"), document
    assert not application.user.can_log_in(*login)


@pytest.mark.parametrize("strategy", [ALTERNATING_USERS])
def test_another_password_of_the_same_user(application: Application, capsys: Capture) -> None:
    """With alternating users it may live beside that of AWSCURRENT until this user's turn, which comes second."""
    versions = {label: str(application.secret.version_with(label)) for label in ("AWSCURRENT", "AWSPREVIOUS")}

    def rotations(label: str) -> int:
        options = ["--version-id", versions[label], *local(application.user.server)]
        return int(leaked(application, capsys, *options)[1]["rotations"])

    assert (rotations("AWSCURRENT"), rotations("AWSPREVIOUS")) == (2, 1)
    application.secret.change(password="put by hand")
    assert rotations("AWSCURRENT") == 2


@pytest.mark.parametrize("strategy", [ALTERNATING_USERS])
def test_what_is_left_of_awsprevious(application: Application, capsys: Capture) -> None:
    """After one rotation it is what AWSCURRENT was before, and is not called new."""
    login = application.credentials()
    _, document = leaked(application, capsys, "--yes", "--rotations", "1")
    told = next(sentence for sentence in document["remains"] if sentence.startswith("AWSPREVIOUS"))
    assert "with the password that AWSCURRENT had before" in told
    assert application.user.can_log_in(*login)


@pytest.mark.parametrize("strategy", [SINGLE_USER])
def test_sessions_that_stay_open_are_shown(application: Application, capsys: Capture) -> None:
    """Without --end-sessions they are told, one by one, and something is left to do; that is then done by itself."""
    version = str(application.secret.version_with("AWSCURRENT"))
    database = ["--yes", *local(application.user.server)]
    with sessions_open(application, "AWSCURRENT", "AWSCURRENT"):
        code, document = leaked(application, capsys, *database)
        assert (code, document["proof"]) == (Exit.NOT_FINE, "dead")
        assert len(document["sessions"]) >= 2
        again = ["--version-id", version, "--rotations", "0", "--end-sessions"]
        assert quick("leaked", application.secret.name, *database, *again) == Exit.FINE
        out = capsys.readouterr().out
        assert "The leaked password is dead" in out
        wait_until_gone(application, application.user.username)


@pytest.mark.parametrize("strategy", [SINGLE_USER])
def test_a_password_that_still_logs_in_is_said_to_be_alive(application: Application, capsys: Capture) -> None:
    """Whoever asks for no rotation is told that the password is alive, with what to type."""
    code, document = leaked(application, capsys, "--yes", "--rotations", "0", *local(application.user.server))
    assert (code, document["proof"]) == (Exit.NOT_FINE, "alive")


def test_a_leaked_password_that_a_rotation_would_set(application: Application, past: Past, capsys: Capture) -> None:
    """It is in AWSPENDING of a rotation that is stuck: the label is taken off, so that nothing goes on with it."""
    with past.of(HOUR / 2):
        token = application.begin()
        application.steps(token, "createSecret", "setSecret")
    login = application.credentials("AWSPENDING")
    options = ["--yes", "--version-id", token, *local(application.user.server)]
    code, document = leaked(application, capsys, *options)
    assert (code, document["proof"]) == (Exit.FINE, "dead")
    assert not application.user.can_log_in(*login)
    assert application.works()


@pytest.mark.parametrize("strategy", [ALTERNATING_USERS])
def test_a_rotation_that_fails_stops_it(application: Application, capsys: Capture) -> None:
    """The first succeeds and the second does not: that is said, and the same command with the version goes on."""
    version = str(application.secret.version_with("AWSCURRENT"))
    login = application.credentials()
    application.secret.cloud.faults.add(faults.error("PutSecretValue", "InternalServiceError", nth=2, times=None))
    assert quick("leaked", application.secret.name, "--yes", "--timeout", "10") == Exit.TIMED_OUT
    err = capsys.readouterr().err
    assert f"rotationctl leaked {application.secret.name} --version-id {version}" in err
    assert f"rotationctl recover {application.secret.name}" in err
    application.secret.cloud.faults.clear()
    assert quick("leaked", application.secret.name, "--yes", "--version-id", version) == Exit.PARTLY
    assert not application.user.can_log_in(*login)


@pytest.mark.parametrize("strategy", [ALTERNATING_USERS])
def test_an_interruption(application: Application, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C after the first rotation: what is printed names the version that has leaked, and ends it."""
    version, login = str(application.secret.version_with("AWSCURRENT")), application.credentials()
    rotate = Rotator.rotate
    done: list[tuple[Exit, Secret]] = []

    def interrupted(rotator: Rotator, secret: Secret) -> tuple[Exit, Secret]:
        if done:
            raise KeyboardInterrupt
        done.append(rotate(rotator, secret))
        return done[0]

    with monkeypatch.context() as patch:
        patch.setattr(Rotator, "rotate", interrupted)
        assert quick("leaked", application.secret.name, "--yes") == Exit.INTERRUPTED
    command = f"rotationctl leaked {application.secret.name} --version-id {version}"
    assert f"For what is left: {command}\n" in capsys.readouterr().err
    assert quick(*command.split()[1:], "--yes", *local(application.user.server)) == Exit.FINE
    assert not application.user.can_log_in(*login)


@pytest.mark.parametrize("strategy", [SINGLE_USER])
def test_nothing_is_done_without_a_yes(application: Application, capsys: Capture) -> None:
    """The plan is printed, and that is all; nor with a version that is not there."""
    before = application.secret.labels()
    assert quick("leaked", application.secret.name) == Exit.NOT_FINE
    out, err = capsys.readouterr()
    assert f"{application.secret.name}: version {application.secret.version_with('AWSCURRENT')} (AWSCURRENT" in out
    version = application.secret.version_with("AWSCURRENT")
    again = f"rotationctl leaked {application.secret.name} --version-id {version} --yes"
    assert err == f"Nothing was done. To do it: {again}\n"
    assert quick("leaked", application.secret.name, "--yes", "--version-id", "0" * 32) == Exit.NOT_FINE
    assert quick("leaked", application.secret.name, "--end-sessions") == Exit.USAGE
    assert application.secret.labels() == before


STAND_IN = f"""#!{sys.executable}
# The options of mysql that are printed, and its variable for the password; the database is a real one.
import os, ssl, sys
import pymysql
options = dict(word.partition("=")[::2] for word in sys.argv[1:] if word.startswith("--"))
assert options["--ssl-mode"] == "VERIFY_IDENTITY"
statements = sys.argv[-1:] if "-e" in sys.argv else sys.stdin.read().split(";")[:-1]
try:
    connection = pymysql.connect(host=options["--host"], port=int(options["--port"]), user=options["--user"],
        password=os.environ["MYSQL_PWD"], ssl=ssl.create_default_context(cafile=options["--ssl-ca"]))
except pymysql.err.OperationalError as error:
    sys.exit(f"ERROR {{error.args[0]}}")
for statement in statements:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        for row in cursor.fetchall():
            print(*row, sep="\\t")
"""


@pytest.fixture
def bastion(cloud_shell: Mapping[str, str], application: Application, tmp_path: Path) -> Mapping[str, str]:
    """A shell with the programs that the printed commands want, in a folder with the certificate authorities."""
    shutil.copy(application.user.server.ca_bundle, tmp_path / "global-bundle.pem")
    mysql = tmp_path / "mysql"
    mysql.write_text(STAND_IN)
    mysql.chmod(mysql.stat().st_mode | stat.S_IXUSR)
    psql = postgres_software(supported_majors()[-1]).program("psql")
    return {**os.environ, **cloud_shell, "PATH": f"{tmp_path}:{psql.parent}:{cloud_shell['PATH']}"}


@pytest.mark.parametrize("strategy", [ALTERNATING_USERS])
def test_what_is_printed_for_elsewhere(
    application: Application, bastion: Mapping[str, str], tmp_path: Path, capsys: Capture
) -> None:
    """Typed as printed: the sessions are shown, and ended, under each name, and the last login is refused."""
    former = application.credentials()
    with sessions_open(application, "AWSCURRENT"):
        code, document = leaked(application, capsys, "--yes")
        assert code == Exit.PARTLY
        *sessions, proof = document["by_hand"]
        for step in sessions:
            done = type_in(step["command"], bastion, tmp_path)
            assert done.returncode == 0, done
        wait_until_gone(application, former[0])
    done = type_in(proof["command"], bastion, tmp_path)
    assert done.returncode != 0
    assert "password authentication failed" in done.stderr or "ERROR 1045" in done.stderr
    assert former[1] not in str(document) + done.stdout + done.stderr
