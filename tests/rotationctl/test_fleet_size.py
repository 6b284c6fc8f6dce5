"""Ten thousand secrets."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from subprocess import Popen
from typing import Any

import pytest

from tests.fixtures.processes import peak_memory_kb
from tests.rotationctl.conftest import OURS
from tests.rotationctl.shell import running, shell_environment

SECRETS, PAGE = 10_000, 100
ENOUGH_SECONDS, ENOUGH_MB = 60, 250


class Pages(BaseHTTPRequestHandler):
    """ListSecrets of a large account: the lab's own looks at all secrets for each page, which takes minutes."""

    def do_POST(self) -> None:
        """Answer with the page that NextToken says."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        start, end = int(asked.get("NextToken", 0)), int(asked.get("NextToken", 0)) + asked["MaxResults"]
        more = {"NextToken": str(end)} if end < SECRETS else {}
        body = json.dumps({"SecretList": [_entry(number) for number in range(start, end)], **more}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.server.requests += 1  # type: ignore[attr-defined] # it is an Aws

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _entry(number: int) -> dict[str, Any]:
    return {
        "Name": f"fleet/{number}",
        "ARN": f"arn:aws:secretsmanager:us-east-1:123456789012:secret:fleet/{number}-AbCdEf",
        "RotationEnabled": True,
        "RotationLambdaARN": OURS,
        "LastRotatedDate": time.time(),
        "SecretVersionsToStages": {"a" * 36: ["AWSPREVIOUS"], "b" * 36: ["AWSCURRENT", "AWSPENDING"]},
        "Tags": [{"Key": f"key-{tag}", "Value": "x" * 100} for tag in range(10)],
    }


class Aws(ThreadingHTTPServer):
    """A large account at a port of its own.

    Attributes:
        url: where.
        asked: set once somebody has connected.
        requests: how many there were, for a handler to count.
    """

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.asked = threading.Event()
        self.requests = 0

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - socketserver's
        """Take a connection."""
        self.asked.set()
        super().process_request(request, client_address)


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[Aws]:
    """Serve for the length of a block."""
    with Aws(handler) as aws:
        threading.Thread(target=aws.serve_forever, daemon=True).start()
        yield aws
        aws.shutdown()


@pytest.fixture
def account_of_thousands() -> Iterator[Aws]:
    """The server, which counts its requests."""
    with serving(Pages) as aws:
        yield aws


class Memory:
    """Looks at the memory of a process, from its first call of AWS until it has ended."""

    def __init__(self, process: Popen[str], aws: Aws) -> None:
        self._process = process
        self._aws = aws
        self._peak_kb = 0
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def peak_kb(self) -> int:
        """The most that it had, in KB; 0 where there was no look. A process begins with the peak of its parent."""
        self._thread.join()
        return self._peak_kb

    def _look(self) -> None:
        while self._process.poll() is None:
            if self._aws.asked.is_set():
                with suppress(OSError, KeyError):  # it ends just now
                    self._peak_kb = peak_memory_kb(self._process.pid)
            time.sleep(0.05)


def test_ten_thousand_secrets(account_of_thousands: Aws, environment: Mapping[str, str]) -> None:
    """A call for each hundred, in less than a minute, and in the memory of a small machine."""
    arguments = ["status", "--endpoint-url", account_of_thousands.url]
    before = time.monotonic()
    with running(*arguments, env={**shell_environment(), **environment}) as process:
        memory = Memory(process, account_of_thousands)
        out, err = process.communicate(timeout=ENOUGH_SECONDS)
    assert process.returncode == 0, err
    assert len(out.splitlines()) == SECRETS + 1
    assert err == f"{SECRETS} secrets in us-east-1: {SECRETS} fine.\n"
    assert account_of_thousands.requests == SECRETS / PAGE
    assert time.monotonic() - before < ENOUGH_SECONDS
    assert 0 < memory.peak_kb() < ENOUGH_MB * 1024
