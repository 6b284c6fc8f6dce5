"""What `sam build` makes: it imports, it is for the right processor, and it is small."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.template.conftest import ARCHITECTURES
from tests.template.test_functions import FUNCTIONS

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.xdist_group("sam")  # in one worker: what SAM makes is made once

HOST = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
# The machine in an ELF header. Source: System V ABI, e_machine.
ELF_MACHINES = {"arm64": 183, "x86_64": 62}
LAYERS = ("DependenciesLayer", "SecretRotationLayer")
MEGABYTE = 1_000_000

# After all imports, refuses an event, with the log line and the metric of Powertools; then tells where it came from.
PROGRAM = """
import app, sys
from secret_rotation.errors import InvalidEventError
try:
    app.lambda_handler({}, None)
except InvalidEventError:
    print([module.__file__ for name, module in sys.modules.items() if name in sys.argv[1:]])
"""


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_built_function_runs_on_its_layers(builds: dict[str, Path], name: str) -> None:
    """A built function imports, logs and refuses an event with nothing but its layers and the runtime's own SDK."""
    build = builds[HOST]
    driver = "psycopg2" if name.startswith("Postgresql") else "pymysql"
    path = os.pathsep.join(
        str(folder) for folder in (build / f"{name}Function", *(build / n / "python" for n in LAYERS))
    )
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, driver, "aws_lambda_powertools", "secret_rotation"],
        env={"PYTHONPATH": path, "AWS_DEFAULT_REGION": "eu-central-1", "POWERTOOLS_TRACE_DISABLED": "true"},
        cwd=build,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    log, metric, places = done.stdout.strip().splitlines()
    assert "InvalidEventError" in log
    assert "StepFailed" in metric
    assert places.count(str(build)) == 3


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_binaries_are_for_the_processor_asked_for(builds: dict[str, Path], architecture: str) -> None:
    """Every shared library of a build is for its architecture, whatever machine built it."""
    libraries = [file for file in builds[architecture].rglob("*.so*") if file.is_file()]
    assert libraries
    assert {int.from_bytes(file.read_bytes()[18:20], "little") for file in libraries} == {ELF_MACHINES[architecture]}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_layers_lie_where_lambda_looks(builds: dict[str, Path], architecture: str) -> None:
    """Packages lie directly under python/, with the certificate authorities, and hold no python/ of their own."""
    build = builds[architecture]
    assert (build / "SecretRotationLayer/python/secret_rotation/rds-ca-bundle.pem").is_file()
    assert (build / "DependenciesLayer/python/pymysql").is_dir()
    assert not list(build.glob("*/python/**/python"))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_layers_are_small(builds: dict[str, Path], architecture: str) -> None:
    """Both layers together stay below 25 MB unzipped, and ship neither tests nor lists of installed files."""
    files = [file for name in LAYERS for file in (builds[architecture] / name).rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) < 25 * MEGABYTE
    assert not [file for file in files if file.name == "RECORD" or "tests" in file.parts]


def test_layers_hold_their_bytecode(builds: dict[str, Path]) -> None:
    """Every module comes compiled, not to be checked against its source, since Lambda could not store what it compiles.

    Source: PEP 552: the second word of a .pyc is 1 for a hash that is not checked.
    """
    for name in LAYERS:
        folder = builds[HOST] / name
        compiled = {file.parent.parent / f"{file.name.partition('.')[0]}.py": file for file in folder.rglob("*.pyc")}
        assert compiled.keys() == set(folder.rglob("*.py"))
        assert {int.from_bytes(file.read_bytes()[4:8], "little") for file in compiled.values()} == {1}
