"""A report on five thousand secrets."""

import json
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from secret_rotation.examination.verification import Outcome, Verification
from tests.rotationctl.conftest import OURS
from tests.rotationctl.shell import running, shell_environment
from tests.rotationctl.test_fleet_size import Aws, Memory, serving

SECRETS, PAGE, EVENTS = 5_000, 100, 50
ENOUGH_SECONDS, ENOUGH_MB = 60, 250
IDENTITY = (
    b'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
    b"<Arn>arn:aws:iam::123456789012:user/a</Arn><Account>123456789012</Account></GetCallerIdentityResult>"
    b"</GetCallerIdentityResponse>"
)
"""STS alone does not speak JSON."""


class Answers(BaseHTTPRequestHandler):
    """The answers of a large account, each made at once: the lab's own looks at all secrets for each page."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer what is asked."""
        asked = self.rfile.read(int(self.headers["Content-Length"]))
        operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        body = json.dumps(getattr(self, operation)(json.loads(asked))).encode() if operation else IDENTITY
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: {len(body)}\r\n\r\n"
        self.wfile.write(head.encode() + body)  # at once: two sends cost 40 ms

    def ListSecrets(self, asked: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802 - AWS's
        """A page of secrets."""
        start, end = int(asked.get("NextToken", 0)), int(asked.get("NextToken", 0)) + asked["MaxResults"]
        more = {"NextToken": str(end)} if end < SECRETS else {}
        return {"SecretList": [_entry(number) for number in range(start, end)], **more}

    def LookupEvents(self, asked: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802 - as above
        """A page of events, of one secret after the other; no rotation failed."""
        if asked["LookupAttributes"][0]["AttributeValue"] != "RotationSucceeded":
            return {"Events": []}
        start = int(asked.get("NextToken", 0))
        more = {"NextToken": str(start + EVENTS)} if start + EVENTS < EVENTS * 4 else {}
        return {"Events": [_event(number) for number in range(start, start + EVENTS)], **more}

    def FilterLogEvents(self, _: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802 - as above
        """A line of the doctor's for each secret."""
        return {"events": [_line(number) for number in range(SECRETS)]}

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _arn(number: int) -> str:
    return f"arn:aws:secretsmanager:us-east-1:123456789012:secret:fleet/{number:05}-AbCdEf"


def _entry(number: int) -> dict[str, Any]:
    return {
        "Name": f"fleet/{number:05}",
        "ARN": _arn(number),
        "RotationEnabled": True,
        "RotationLambdaARN": OURS,
        "RotationRules": {"AutomaticallyAfterDays": 30},
        "LastRotatedDate": time.time(),
        "SecretVersionsToStages": {"a" * 36: ["AWSPREVIOUS"], "b" * 36: ["AWSCURRENT", "AWSPENDING"]},
        "Tags": [{"Key": "owner", "Value": "team"}, *({"Key": f"key-{n}", "Value": "x" * 100} for n in range(10))],
    }


def _event(number: int) -> dict[str, Any]:
    document = json.dumps({"additionalEventData": {"SecretId": _arn(number)}, "padding": "x" * 800})
    return {"EventId": f"{number:036}", "EventTime": time.time(), "CloudTrailEvent": document}


def _line(number: int) -> dict[str, Any]:
    now = datetime.now(UTC)
    message = Verification(_arn(number), now, Outcome.HEALTHY, None, None, None, None, "It logs in.").to_line()
    return {"timestamp": int(now.timestamp() * 1000), "message": message}


@pytest.fixture
def aws() -> Iterator[Aws]:
    """Where the answers come from."""
    with serving(Answers) as aws:
        yield aws


def test_five_thousand_secrets(aws: Aws, environment: Mapping[str, str], tmp_path: Path) -> None:
    """All forms at once, in the memory of a small machine; the policies alone, a call for each, are AWS's own time."""
    page, sheet = tmp_path / "report.html", tmp_path / "report.csv"
    arguments = ["report", "--skip", "policies", "--html", str(page), "--csv", str(sheet), "--endpoint-url", aws.url]
    before = time.monotonic()
    with running(*arguments, env={**shell_environment(), **environment}) as process:
        memory = Memory(process, aws)
        out, err = process.communicate(timeout=ENOUGH_SECONDS)
    assert process.returncode == 0, err
    assert time.monotonic() - before < ENOUGH_SECONDS
    assert f"{SECRETS} secrets: 0 not fine, 0 waived, {SECRETS} fine; 0 left out." in err
    assert out.count("\nfine ") == SECRETS
    assert page.read_text().count("healthy</span>") == SECRETS
    assert len(sheet.read_text().splitlines()) == SECRETS + 2
    assert page.read_text().count("RotationSucceeded") == EVENTS * 4
    assert 0 < memory.peak_kb() < ENOUGH_MB * 1024
