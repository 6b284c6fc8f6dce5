"""The command line of `rotationctl check`: what is refused, --list, and what its help says."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from importlib import util

import pytest

from rotationctl.checks import local
from rotationctl.checks.caller import CHECKS
from rotationctl.checks.case import Case
from rotationctl.checks.report import LIST_JSON
from rotationctl.connection import Connection
from rotationctl.exits import Exit
from rotationctl.remedies import Adviser
from secret_rotation.doctor.catalogue import CATALOGUE
from secret_rotation.doctor.findings import Result
from tests.rotationctl.conftest import Program


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Name a SECRET, or --list."),
        (("shop", "--only", "login.curent"), "there is no check and no layer login.curent. --list shows"),
        (("shop", "--pre"), "--pre and --strategy"),
        (("shop", "--strategy", "single-user"), "--pre and --strategy"),
        (("shop", "--function", "arn"), "--pre and --strategy"),
        (("shop", "--pre", "--strategy", "single_user"), "'single-user', 'alternating-users'"),
        (("shop", "--local", "--no-inside"), "exclude each other"),
        (("shop", "--local", "--doctor", "other"), "exclude each other"),
        (("shop", "--fail-on", "never"), "'warning', 'error'"),
    ],
)
def test_what_cannot_be_meant(program: Program, arguments: tuple[str, ...], words: str) -> None:
    """It is refused before AWS is asked anything."""
    result = program("check", *arguments)
    assert result.code == Exit.USAGE
    assert words in result.err


def test_the_list(program: Program) -> None:
    """All checks, by their names, in a table and as JSON; without a secret, and without AWS."""
    names = [check.name for check in CATALOGUE]
    lines = program("check", "--list").out.splitlines()
    assert [line.split()[0] for line in lines] == ["CHECK", *names]
    listed = program("check", "--list", "--json").json["checks"]
    assert [check["check"] for check in listed] == names
    assert listed[0].keys() == LIST_JSON.keys()


def test_local_without_its_drivers(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """Installed without its extra, it says what to install, and begins nothing."""
    found = util.find_spec
    monkeypatch.setattr(local, "find_spec", lambda name: None if name == "pymysql" else found(name))
    result = program("check", "prod/shop", "--local")
    assert result.code is Exit.USAGE
    assert result.err == "rotationctl: --local needs pymysql: install them with pip install 'rotationctl[local]'.\n"


@pytest.mark.parametrize(("seconds", "result"), [(-3, Result.OK), (90, Result.WARNING), (-90, Result.WARNING)])
def test_a_clock_that_is_wrong(seconds: int, result: Result) -> None:
    """The date of AWS's answer is compared with when it came."""
    now = datetime.now(UTC)
    said = {"HTTPHeaders": {"date": format_datetime(now + timedelta(seconds=seconds))}}
    case = Case("prod/shop", Adviser(Connection(), now))
    case.aws.once("identity", lambda: ({"ResponseMetadata": said}, now))
    assert CHECKS["caller.clock"](case).result is result
