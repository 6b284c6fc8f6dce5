"""Whatever can happen on a user's machine ends in one sentence that says what to do, and in an exit code."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from lab.secretsmanager import faults
from rotationctl.exits import Exit
from tests.rotationctl.conftest import Account, Program, Result

URL = "http://127.0.0.1:9"


def sentence(result: Result, code: Exit = Exit.NOT_ASKED) -> str:
    """The one line that the program printed; it ended with this code."""
    assert result.code == code, result
    assert result.out == ""
    [line] = result.err.splitlines()
    return line


def test_no_credentials(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3 found none anywhere."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    said = sentence(program("status", "--endpoint-url", URL, "--region", "eu-west-1"))
    assert said == (
        "rotationctl: Unable to locate credentials. Where credentials and region are taken from: "
        "`aws configure list --region eu-west-1 --endpoint-url http://127.0.0.1:9`."
    )


def test_half_of_the_credentials(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key id without its key."""
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert "missing: AWS_SECRET_ACCESS_KEY" in sentence(program("status", "--endpoint-url", URL))


def test_no_region(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither an option, nor a variable, nor a profile names one."""
    monkeypatch.delenv("AWS_REGION")
    assert sentence(program("status")) == ("rotationctl: You must specify a region. Add --region, or set AWS_REGION.")


def test_a_region_that_is_none(program: Program) -> None:
    """What is no name of a region is told before AWS is asked."""
    assert "Regions are called as in eu-central-1" in sentence(program("status", "--region", "not a region"))


def test_an_unknown_profile(program: Program) -> None:
    """The command that lists profiles is said."""
    assert sentence(program("status", "--profile", "none")) == (
        "rotationctl: The config profile (none) could not be found. "
        "The profiles that there are: `aws configure list-profiles`."
    )


def test_a_configuration_that_is_broken(program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The file is named."""
    broken = tmp_path / "config"
    broken.write_text("[[[")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(broken))
    assert str(broken) in sentence(program("status"))


def test_a_session_that_has_expired(program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A profile of IAM Identity Center without a token: the command that logs in has the profile."""
    config = tmp_path / "config"
    config.write_text(
        "[profile 'my team']\nsso_start_url=https://acme.awsapps.com/start\nsso_region=eu-central-1\n"
        "sso_account_id=123456789012\nsso_role_name=Admin\nregion=eu-central-1\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    said = sentence(program("status", "--profile", "my team"))
    assert "Log in again: `aws sso login --profile 'my team'`." in said


def test_nobody_listens(program: Program) -> None:
    """The address is named."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        said = sentence(program("status", "--endpoint-url", url))
    assert url in said
    assert "Check the network, the proxy (HTTPS_PROXY), --region and --endpoint-url." in said


def test_a_name_that_cannot_be_resolved(program: Program) -> None:
    """No network, or a wrong address."""
    assert "Check the network" in sentence(program("status", "--endpoint-url", "http://nowhere.invalid"))


def test_what_listens_does_not_speak_tls(program: Program, account: Account) -> None:
    """TLS that fails is the network's fault."""
    url = account.cloud.endpoint_url.replace("http:", "https:")
    assert "Check the network" in sentence(program("status", "--endpoint-url", url))


def test_a_connection_that_is_dropped(rotationctl: Program, account: Account) -> None:
    """No answer comes."""
    account.cloud.faults.add(faults.drop("ListSecrets"))
    assert "Check the network" in sentence(rotationctl("status"))


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (
            "AccessDeniedException",
            "You may not do ListSecrets (AccessDeniedException): Nobody may \\x1b[2J. Who you are",
        ),
        ("ExpiredTokenException", "AWS does not accept these credentials (ExpiredTokenException)"),
        ("UnrecognizedClientException", "Who you are to AWS: `aws sts get-caller-identity --endpoint-url http://"),
        ("ThrottlingException", "AWS has no room for more calls of ListSecrets (ThrottlingException). Run the same"),
        ("InternalServiceError", "AWS answered ListSecrets with InternalServiceError: Nobody may"),
    ],
)
def test_what_aws_refuses(rotationctl: Program, account: Account, code: str, said: str) -> None:
    """AWS's own words are repeated, without what a terminal would obey."""
    account.cloud.faults.add(faults.error("ListSecrets", code, "Nobody may \x1b[2J."))
    assert said in sentence(rotationctl("status"))


def test_throttling_for_a_moment_is_survived(
    rotationctl: Program, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With boto3's usual number of attempts the next one succeeds."""
    monkeypatch.delenv("AWS_MAX_ATTEMPTS")
    account.cloud.faults.add(faults.error("ListSecrets", "ThrottlingException"))
    assert rotationctl("status").code == Exit.FINE


@contextmanager
def somebody(answer: bytes) -> Iterator[str]:
    """The address of something that answers everything in the same way; it is not AWS."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>Log in first.</html>", b"", b"\xff\xfe", b"null", b"[]", b"{}",
        b'{"SecretList": null}', b'{"SecretList": {"a": 1}}', b'{"SecretList": [{}]}',
        b'{"ARN": "arn:1", "Name": "a", "SecretList": [{"ARN": "arn:1", "Name": "a"}]}',
        b'{"ARN": "arn:1", "LastChangedDate": "?", "SecretList": [{"LastChangedDate": "?"}]}',
    ],
)  # fmt: skip
def test_an_answer_that_is_not_aws_s(program: Program, answer: bytes) -> None:
    """A proxy's page of its own, or another program at that address."""
    with somebody(answer) as url:
        for arguments in (["status"], ["status", "a"], ["recover", "a"]):
            assert "Check the network" in sentence(program(*arguments, "--endpoint-url", url))


def test_versions_that_never_end(program: Program) -> None:
    """The same page of versions again and again ends as the same page of secrets does."""
    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:a"
    with somebody(json.dumps({"ARN": arn, "Name": "a", "Versions": [], "NextToken": "1"}).encode()) as url:
        assert "the same NextToken twice" in sentence(program("recover", "a", "--endpoint-url", url))


@pytest.mark.parametrize("name", ["AWS_MAX_ATTEMPTS", "AWS_METADATA_SERVICE_TIMEOUT"])
def test_a_variable_that_is_no_number(program: Program, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """It is named."""
    monkeypatch.setenv(name, "many")
    assert f"{name} cannot be read" in sentence(program("status", "--endpoint-url", URL))


def test_a_setting_that_is_no_number(program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where no variable has the value, the configuration is said to have it."""
    config = tmp_path / "config"
    config.write_text("[default]\nmetadata_service_timeout = many\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    assert "A setting of the AWS configuration cannot be read" in sentence(program("status", "--endpoint-url", URL))


@pytest.mark.parametrize(
    "name", ["AWS_REQUEST_CHECKSUM_CALCULATION", "AWS_DEFAULTS_MODE", "AWS_STS_REGIONAL_ENDPOINTS"]
)
def test_a_variable_that_is_no_choice(program: Program, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """boto3 says which values there are."""
    monkeypatch.setenv(name, "any")
    assert "any" in sentence(program("status", "--endpoint-url", URL))


def test_an_empty_region_is_none(program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A variable that is empty hides no region of a profile, and is none."""
    config = tmp_path / "config"
    config.write_text("[profile far]\nregion = eu-north-1\naws_access_key_id = a\naws_secret_access_key = b\n")
    for name, value in {"AWS_REGION": "", "AWS_DEFAULT_REGION": "", "AWS_CONFIG_FILE": str(config)}.items():
        monkeypatch.setenv(name, value)
    assert "You must specify a region" in sentence(program("status"))
    with somebody(b'{"SecretList": []}') as url:
        assert "in eu-north-1" in program("status", "--profile", "far", "--endpoint-url", url).err


@pytest.mark.parametrize("url", ["http://me:pass@127.0.0.1:9", "https://me@host"])
def test_a_user_in_an_address(program: Program, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """On the command line it is refused, and it is never repeated, wherever it stands."""
    result = program("status", "--endpoint-url", url)
    assert (result.code, "it has a user's name in it" in result.err) == (Exit.USAGE, True)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://me:pass@127.0.0.1:9")
    for said in (result.err, sentence(program("status"))):
        assert "me:" not in said
        assert "me@" not in said


@pytest.mark.parametrize(
    "url",
    [
        "nowhere",
        "ftp://127.0.0.1",
        "http://",
        "//host",
        "http://host:99999",
        "http://host:0",
        "http://host:a",
        "http://[::1",
        "http://[::1]x",
        "http://ho st",
        "http://host\n",
        "http://host?a=b",
        "http://host#a",
        "http://h\u00f6st",
    ],
)
def test_an_endpoint_that_is_no_url(program: Program, url: str) -> None:
    """It is a wrong command line."""
    result = program("status", "--endpoint-url", url)
    assert result.code == Exit.USAGE
    assert "it is no URL" in result.err


def test_an_endpoint_in_the_environment_that_is_no_url(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is named."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "nowhere")
    assert sentence(program("status")) == ("rotationctl: Invalid endpoint: nowhere. Correct AWS_ENDPOINT_URL.")


def test_a_name_that_no_secret_can_have(program: Program) -> None:
    """It is refused before AWS is asked."""
    assert "is empty" in sentence(program("status", "", "--endpoint-url", URL), Exit.USAGE)


@pytest.mark.parametrize("command", ["status", "check"])
@pytest.mark.parametrize("is_quoted", [False, True])
def test_a_name_that_is_too_long(account: Account, rotationctl: Program, command: str, is_quoted: bool) -> None:
    """It is told by its beginning, also where AWS quotes it."""
    name = "x" * 3000
    if is_quoted:
        account.cloud.faults.add(faults.error("DescribeSecret", "ValidationException", f"Value '{name}' is too long."))
    result = rotationctl(command, name)
    assert result.code != Exit.FINE
    assert " characters)" in result.out + result.err
    assert "x" * 100 not in result.out + result.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["status", "--tag", "team"],
        ["status", "--tag", "=shop"],
        ["status", "--watch"],
        ["status", "--watch", "a", "b"],
        ["status", "--watch", "a", "--stuck"],
        *(["status", "--timeout", timeout] for timeout in ("-1", "nan", "inf", "-inf", "1e12", "a")),
        ["status", "--none"],
        ["none"],
    ],
    ids=" ".join,
)
def test_a_wrong_command_line(program: Program, arguments: list[str]) -> None:
    """It ends with 2, as with every program, and says how the command is used."""
    result = program(*arguments)
    assert (result.code, result.out) == (Exit.USAGE, "")
    assert "Usage: rotationctl" in result.err


def test_the_region_is_taken_as_by_the_aws_command_line(rotationctl: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS_REGION comes before AWS_DEFAULT_REGION, and an option before both."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert "in us-east-1" in rotationctl("status").err
    assert "in eu-north-1" in rotationctl("status", "--region", "eu-north-1").err
    monkeypatch.delenv("AWS_REGION")
    assert "in eu-west-1" in rotationctl("status").err
