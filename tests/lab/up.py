"""A lab that is up, as `make lab` keeps it, and what its user types."""

from __future__ import annotations

import os
import re
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from lab.address import LOOPBACK
from lab.secretsmanager import OPERATOR_CALLER
from lab.servers.process import free_port
from tests.lab.commands import ROOT, read_until, run, running

if TYPE_CHECKING:
    from collections.abc import Iterator

AWS = ROOT / ".venv-sam" / "bin" / "aws"
UP = "Rotations, as they happen:"
SECRETS = [
    "lab/postgresql-single-user",
    "lab/postgresql-alternating-users",
    "lab/mysql-single-user",
    "lab/mysql-alternating-users",
]
CREDENTIALS = {"AWS_ACCESS_KEY_ID": OPERATOR_CALLER, "AWS_SECRET_ACCESS_KEY": "lab", "AWS_DEFAULT_REGION": "us-east-1"}


class Lab:
    """A lab that is up."""

    def __init__(self, process: subprocess.Popen[str], address: str, port: int) -> None:
        self.process = process
        self.address = address
        self.port = str(port)
        self.url = f"http://{address}:{port}"
        self.greeting = read_until(process, UP)

    def aws(self, *arguments: str) -> str:
        """Run `aws secretsmanager ...` against the lab; return what it prints."""
        if not AWS.exists():
            pytest.fail("There is no .venv-sam with the AWS CLI. Run the tests with `make test`, which makes it.")
        return subprocess.run(
            [AWS, "secretsmanager", *arguments, "--endpoint-url", self.url, "--output", "json"],
            env={"PATH": os.environ["PATH"], **CREDENTIALS},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    def log_in(self, secret: str) -> subprocess.CompletedProcess[str]:
        """Run `python -m lab login SECRET`, with the options that the lab says."""
        return run("lab", "login", secret, *re.findall(r"-m lab login \S+(.*)", self.greeting)[0].split())


@contextmanager
def lab_up(address: str = LOOPBACK) -> Iterator[Lab]:
    """Keep a lab with both engines up at an address, on a port of its own."""
    port = free_port()
    with running("lab", "--port", str(port), LAB_ADDRESS=address) as process:
        yield Lab(process, address, port)
        process.terminate()
        process.wait()
