"""PostgreSQL servers that do not end: neither a login nor a statement takes more time or memory than it was given."""

import base64
import hashlib
import hmac
import json
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path

import pytest
from psycopg2.sql import SQL

from lab.engines.postgresql import PostgresServer
from lab.tap.tls import tls_of
from secret_rotation.deadline import RESERVE_SECONDS, Deadline
from secret_rotation.engines.postgresql import PostgreSQL
from secret_rotation.engines.postgresql.connection import MAX_LIST_BYTES
from secret_rotation.engines.postgresql.session import PostgreSQLSession
from secret_rotation.errors import DatabaseUnreachableError, LoginRefusedError
from secret_rotation.password import Password
from tests.attacks import hostile_postgresql as hostile
from tests.attacks.hostile_postgresql import FLOODS, Script, authentication, fatal, flood, read, served
from tests.attacks.victim import LIMIT_SECONDS, credentials
from tests.engines.conftest import Subject
from tests.engines.holder import HOLDER
from tests.fixtures.databases import MakeUser

ROOT = Path(__file__).parents[2]
SLACK_SECONDS = RESERVE_SECONDS
"""For the grace after a limit, and for this machine."""

PIECE_BYTES = 50_000

MANY_ITERATIONS = 8_000_000
"""Seconds of computing, and not the quarter of an hour that it could be: nothing stops the thread that does it."""

COMPUTING_LIMIT_SECONDS = 3.0
"""Less than these take anywhere."""

CLEARTEXT, GSS, SSPI = 3, 7, 9
FLOOD = "more than any PostgreSQL would"
NO_PASSWORD_USER = "does not know this user by a password"
FRENCH = "authentification par mot de passe échouée pour l'utilisateur « app »"


@pytest.fixture
def newest(newest_postgres: PostgresServer, make_user: MakeUser) -> Subject:
    """A user on the newest server."""
    return Subject(PostgreSQL(newest_postgres.ca_bundle), make_user(newest_postgres))


def victim(scripts: Iterable[Script]) -> tuple[list[tuple[str, float]], float]:
    """What a process fails with that uses these servers in turn, after how long, and its MB at the peak."""
    with ExitStack() as stack:
        ports = [str(stack.enter_context(served(script))) for script in scripts]
        process = subprocess.run(
            [sys.executable, "-m", "tests.attacks.victim", *ports],
            cwd=ROOT,
            env={"PYTHONPATH": f"{ROOT}:{ROOT / 'layers/secret_rotation'}"},
            capture_output=True,
            timeout=200,
            check=False,
        )
    assert (process.returncode, process.stderr) == (0, b"")
    found = json.loads(process.stdout)
    return [(error, seconds) for error, seconds in found["outcomes"]], found["peak_mb"]


def test_a_server_that_never_stops_sending() -> None:
    """Messages without an end, at login or later: an error in time, in little memory, and nothing of it on stderr."""
    places = {"login": False, "a statement": True}
    scripts = {f"{kind} at {place}": flood(kind, ready=ready) for place, ready in places.items() for kind in FLOODS}
    outcomes, peak_mb = victim(scripts.values())
    assert peak_mb < 256
    for name, (error, seconds) in zip(scripts, outcomes, strict=True):
        assert error.startswith("DatabaseUnreachableError"), (name, error)
        assert seconds < LIMIT_SECONDS + SLACK_SECONDS, name
        # Rows libpq takes for no login at all; and over each further status it takes so long that the time is up first.
        assert FLOOD in error or name in ("rows at login", "statuses at a statement"), (name, error)


def late_notice() -> Script:
    """Ask for seconds of computing, and send what follows it at once: a notice among it."""
    salt = b"saltsalt"
    salted = hashlib.pbkdf2_hmac("sha256", b"hunter2", salt, MANY_ITERATIONS)

    def script(connection: socket.socket) -> None:
        read(connection)
        connection.sendall(authentication(10, b"SCRAM-SHA-256\0\0"))
        bare = b"n=" + read(connection).rpartition(b"n=")[2]
        nonce = bare.rpartition(b"r=")[2] + b"x"
        first = b"r=" + nonce + b",s=" + base64.b64encode(salt) + b",i=%d" % MANY_ITERATIONS
        proven = bare + b"," + first + b",c=biws,r=" + nonce
        signature = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), proven, "sha256")
        final = authentication(12, b"v=" + base64.b64encode(signature)) + authentication(0)
        connection.sendall(authentication(11, first) + final + hostile.FORGED + hostile.STATUSES + hostile.READY)
        read(connection)

    return script


def statuses_in_one_breath(connection: socket.socket) -> None:
    """A notice that makes libpq's buffer a large one, and hundreds of thousands of settings to read at once."""
    notice = hostile.message(b"N", b"SWARNING\0C01000\0M" + b"x" * 2_600_000 + b"\0\0")
    hostile.let_in(connection)
    connection.sendall(hostile.READY)
    read(connection)
    answer = notice + b"".join(hostile.status(b"%x" % number) for number in range(460_000))
    for begin in range(0, len(answer), PIECE_BYTES):
        connection.sendall(answer[begin : begin + PIECE_BYTES])
        time.sleep(hostile.PAUSE_SECONDS)
    read(connection)


def test_an_answer_that_libpq_computes_for() -> None:
    """What libpq needs a time for that grows by the square is given up before there is too much of it."""
    ((error, seconds),), _ = victim([statuses_in_one_breath])
    assert error.startswith("DatabaseUnreachableError")
    assert seconds < LIMIT_SECONDS + SLACK_SECONDS


def test_answers_are_counted_one_by_one(newest: Subject) -> None:
    """Each statement has a limit of its own, the list of rights a larger one; beyond it the session ends."""
    with newest.session(newest.credentials()) as session:
        assert isinstance(session, PostgreSQLSession)
        for _ in range(30):
            session.rows(SQL("SELECT repeat('x', 500000)"), "SELECT", str)
        session.rows(SQL("SELECT repeat('x', 2000000)"), "SELECT", str, max_bytes=MAX_LIST_BYTES)
        with pytest.raises(DatabaseUnreachableError, match=FLOOD):
            session.rows(SQL("SELECT repeat('x', 100000000)"), "SELECT", str)
        with pytest.raises(DatabaseUnreachableError, match="connection was lost"):
            session.verify_identity()


def test_a_server_that_lets_nobody_finish_computing() -> None:
    """A server without TLS that asks for 2,147,483,647 iterations: an error in time, and the process can end."""
    ((error, seconds),), _ = victim([hostile.absurd_iterations])
    assert "SCRAM iterations" in error
    assert seconds < LIMIT_SECONDS + SLACK_SECONDS


def test_logins_that_compute_on_do_not_pile_up() -> None:
    """After a few that were given up no further one begins; the error says so at once, and who is to be looked for."""
    outcomes, _ = victim([hostile.absurd_iterations] * 6)
    for error, _ in outcomes[:4]:
        assert "proof was computed" in error
    for error, seconds in outcomes[4:]:
        assert "still computes" in error
        assert seconds < SLACK_SECONDS


def test_a_notice_after_a_login_was_given_up(capfd: pytest.CaptureFixture[str]) -> None:
    """What a server says to a login that nobody waits for any more makes no line of the log."""
    with served(late_notice()) as port:
        deadline = Deadline.after(RESERVE_SECONDS + COMPUTING_LIMIT_SECONDS)
        there = credentials(port, host="127.0.0.1")
        with pytest.raises(DatabaseUnreachableError) as failure, PostgreSQL().connect(there, deadline):
            pass
        assert "SCRAM" in str(failure.value)
        end = time.monotonic() + 150
        while any(thread.name == "libpq" for thread in threading.enumerate()) and time.monotonic() < end:
            time.sleep(0.05)
    assert "forged" not in capfd.readouterr().err


def test_an_account_that_lets_nobody_finish_computing(newest: Subject) -> None:
    """An account whose own verifier takes too many iterations: an error in time that says so, with the remedy."""
    key, username = "A" * 43 + "=", newest.user.username
    verifier = f"SCRAM-SHA-256${MANY_ITERATIONS}:c2FsdHNhbHQ=${key}:{key}"
    # What the account's own ALTER ROLE leaves behind, but for which the server computes as long.
    newest.user.administrate(f"UPDATE pg_authid SET rolpassword = '{verifier}' WHERE rolname = '{username}'")  # noqa: S608 - a name of our own
    seconds, begun = RESERVE_SECONDS + COMPUTING_LIMIT_SECONDS, time.monotonic()
    newest.fails(DatabaseUnreachableError, "SCRAM iterations", f'\\password "{username}"', seconds=seconds)
    assert time.monotonic() - begun < COMPUTING_LIMIT_SECONDS + SLACK_SECONDS


@pytest.mark.parametrize(("planted", "made"), [(1, 4_096), (50_000, 50_000), (2_147_483_647, 100_000)])
def test_iterations_that_an_account_or_an_owner_sets(
    newest: Subject, unique_name: Callable[..., str], planted: int, made: int
) -> None:
    """What the next password is hashed by is neither endless nor next to nothing, whoever set it and where."""
    name, database, superuser = newest.user.username, unique_name("db"), newest.superuser()
    own, new = Password(secrets.token_urlsafe()), Password(secrets.token_urlsafe())
    newest.user.administrate(
        f"ALTER ROLE {name} SET scram_iterations = {planted}",
        f"CREATE DATABASE {database}",
        f"ALTER DATABASE {database} SET scram_iterations = {planted}",
    )
    with newest.session(newest.credentials()) as session:
        session.set_own_password(newest.password, own)
    there = newest.credentials(superuser.username, superuser.password, dbname=database)
    with newest.engine.connect_superuser(there, Deadline.after(60)) as session:
        session.mirror(newest.pair, newest.pair.clone, new, HOLDER)
    verifiers = newest.user.administrate(f"SELECT rolpassword FROM pg_authid WHERE rolname LIKE '{name}%'")  # noqa: S608 - a name of our own
    assert [text.split(":")[0] for (text,) in verifiers] == [f"SCRAM-SHA-256${made}"] * 2
    assert newest.logs_in(own)
    assert newest.works(newest.pair.clone, new)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (authentication(GSS), NO_PASSWORD_USER),
        (authentication(SSPI), NO_PASSWORD_USER),
        (authentication(0), "asks for no password"),
        (authentication(CLEARTEXT) + fatal(b'PAM authentication failed for user "app"'), "asks IAM"),
        (authentication(CLEARTEXT) + fatal(b'RADIUS authentication failed for user "app"'), NO_PASSWORD_USER),
    ],
    ids=["GSS", "SSPI", "trust", "PAM", "RADIUS"],
)
def test_a_server_gets_nothing_but_a_password(newest: Subject, answer: bytes, text: str) -> None:
    """Over TLS no ticket of Kerberos is looked for, and who hands the password on to PAM still says so."""
    with served(hostile.say(answer), tls_of(newest.user.server).towards_client) as port:
        newest.fails(LoginRefusedError, text, port=port)


def test_an_error_in_another_encoding(newest: Subject) -> None:
    """A server whose errors are not in UTF-8 is no secret that holds half a character: the error names lc_messages."""
    with served(hostile.say(fatal(FRENCH.encode("latin-1")))) as port:
        newest.fails(DatabaseUnreachableError, "lc_messages", port=port, tls=False)
