"""A lab that is up, as `make lab` keeps it, and what its user types."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from lab.address import LOOPBACK
from lab.secretsmanager import OPERATOR_CALLER
from lab.servers.process import free_port
from tests.fixtures.cloud import AWS
from tests.lab.commands import ROOT, EndedError, read_until, run, running

UP = "Rotations, as they happen:"
ATTEMPTS = 3
PORT_TAKEN = re.compile(r"Port \d+ is taken|Address already in use")
"""What a lab says where something listens at its port: before it starts, and in the moment after it has looked."""
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
        self.functions_log = ROOT / re.findall(r"Their log +(\S+)", self.greeting)[0]

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

    def rotationctl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run rotationctl against the lab."""
        path = f"{ROOT}{os.pathsep}{ROOT / 'layers' / 'secret_rotation'}"
        return subprocess.run(
            [sys.executable, "-m", "rotationctl", *arguments, "--endpoint-url", self.url],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": path, **CREDENTIALS},
            capture_output=True,
            text=True,
            check=False,
        )

    def log_in(self, secret: str) -> subprocess.CompletedProcess[str]:
        """Run `python -m lab login SECRET`, with the options that the lab says."""
        return run("lab", "login", secret, *re.findall(r"-m lab login \S+(?: \\\n(.*))?", self.greeting)[0].split())


@contextmanager
def lab_up(address: str = LOOPBACK, engine: str = "") -> Iterator[Lab]:
    """Keep a lab up at an address, on a port of its own: with both engines, unless one is chosen."""
    with ExitStack() as stack:
        lab = _started(stack, address, engine)
        yield lab
        lab.process.terminate()
        lab.process.wait()


def _started(stack: ExitStack, address: str, engine: str) -> Lab:
    """Start a lab; again, at another port, where another process took the free one first."""
    for _ in range(ATTEMPTS - 1):
        try:
            return _start(stack, address, engine)
        except EndedError as error:
            if not PORT_TAKEN.search(str(error)):
                raise
    return _start(stack, address, engine)


def _start(stack: ExitStack, address: str, engine: str) -> Lab:
    port = free_port()
    process = stack.enter_context(running("lab", "--port", str(port), LAB_ADDRESS=address, ENGINE=engine))
    return Lab(process, address, port)
