"""What `sam build` makes: it imports, it is for the right processor, and it is small."""

import importlib.util
import marshal
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import secret_rotation
from lab.pairing import PAIRINGS
from tests.template.conftest import DEPENDENCIES, ROOT
from tests.template.stack import Stack
from tests.template.test_functions import DOCTOR, FUNCTIONS, Template

if TYPE_CHECKING:
    from types import CodeType

pytestmark = pytest.mark.xdist_group("sam")  # in one worker: what SAM makes is made once

HOST = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
ELF_MACHINES = {"arm64": 183, "x86_64": 62}
"""The machine in an ELF header. Source: System V ABI, e_machine."""
DRIVERS = {pairing.function.title().replace("_", ""): pairing.kit.driver.__name__ for pairing in PAIRINGS.values()}
"""The name of each function in the template, and the driver of its engine."""
LAYERS = (DEPENDENCIES[HOST], "SecretRotationLayer")
MEGABYTE = 1_000_000
NEEDED_BY_NOBODY = {
    "asyncio", "aws_xray_sdk", "awscrt", "boto3", "concurrent.futures.thread", "multiprocessing", "s3transfer",
    "aws_lambda_powertools.event_handler", "aws_lambda_powertools.utilities.parser",
}  # fmt: skip

each_function = pytest.mark.parametrize(("name", "driver"), DRIVERS.items(), ids=DRIVERS)

PROGRAM = """
import app, sys
from secret_rotation.errors import InvalidEventError
try:
    app.lambda_handler({}, None)
except InvalidEventError:
    print([module.__file__ for name, module in sys.modules.items() if name in sys.argv[1:]])
"""
"""After all imports, refuses an event, with the log line and the metric of Powertools; then tells where from."""


def run_on_layers(build: Path, name: str, program: str, *arguments: str, **variables: str) -> str:
    """What a program prints that has nothing but a built function and its layers."""
    path = [build / f"{name}Function", *(build / layer / "python" for layer in LAYERS)]
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env={"PYTHONPATH": os.pathsep.join(map(str, path)), "AWS_DEFAULT_REGION": "eu-central-1", **variables},
        cwd=build,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@each_function
def test_a_built_function_runs_on_its_layers(build: Path, name: str, driver: str) -> None:
    """A built function imports, logs and refuses an event with nothing but its layers and the runtime's own SDK."""
    packages = (driver, "aws_lambda_powertools", "secret_rotation")
    printed = run_on_layers(build, name, PROGRAM, *packages, POWERTOOLS_TRACE_DISABLED="true")
    log, metric, places = printed.strip().splitlines()
    assert "InvalidEventError" in log
    assert "StepFailed" in metric
    assert places.count(str(build)) == 3


def test_the_doctor_runs_on_its_layers(build: Path) -> None:
    """It has the drivers of all engines, and refuses an event that asks for nothing."""
    drivers = set(DRIVERS.values())
    places = run_on_layers(build, DOCTOR, PROGRAM, *drivers, POWERTOOLS_TRACE_DISABLED="true").splitlines()[-1]
    assert places.count(str(build)) == len(drivers)


def test_all_that_is_deployed_comes_with_its_licence(build: Path) -> None:
    """Each zip of ours has ours, and the layer of dependencies has that of each of them."""
    for name in ("SecretRotationLayer", *(f"{name}Function" for name in (*FUNCTIONS, DOCTOR))):
        assert (build / name / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    for layer in DEPENDENCIES.values():
        dependencies = list((build / layer / "python").glob("*.dist-info"))
        assert dependencies
        assert not [folder for folder in dependencies if not list(folder.rglob("*LICENSE*"))]


def test_the_stack_says_which_version_runs(template: Template) -> None:
    """The output is the version of the code that is built with it."""
    assert Stack(template).outputs["SoftwareVersion"]["Value"] == secret_rotation.__version__


@pytest.mark.parametrize("architecture", DEPENDENCIES)
def test_binaries_are_for_the_processor_asked_for(build: Path, architecture: str) -> None:
    """Every shared library of a layer is for its architecture, whatever machine built it."""
    libraries = [file for file in (build / DEPENDENCIES[architecture]).rglob("*.so*") if file.is_file()]
    assert libraries
    assert {int.from_bytes(file.read_bytes()[18:20], "little") for file in libraries} == {ELF_MACHINES[architecture]}


@pytest.mark.parametrize("architecture", DEPENDENCIES)
def test_layers_lie_where_lambda_looks(build: Path, architecture: str) -> None:
    """Packages lie directly under python/, with the certificate authorities, and hold no python/ of their own."""
    assert (build / "SecretRotationLayer/python/secret_rotation/rds-ca-bundle.pem").is_file()
    assert (build / DEPENDENCIES[architecture] / "python/pymysql").is_dir()
    assert not list(build.glob("*/python/**/python"))


@pytest.mark.parametrize("architecture", DEPENDENCIES)
def test_layers_are_small(build: Path, architecture: str) -> None:
    """Both layers together stay below 25 MB unzipped, and ship neither tests nor lists of installed files."""
    layers = (DEPENDENCIES[architecture], "SecretRotationLayer")
    files = [file for name in layers for file in (build / name).rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) < 25 * MEGABYTE
    assert not [file for file in files if file.name == "RECORD" or "tests" in file.parts]


@pytest.mark.parametrize("name", [*LAYERS, *(f"{name}Function" for name in (*FUNCTIONS, DOCTOR))])
def test_everything_holds_its_bytecode(build: Path, name: str) -> None:
    """Every module comes compiled, not to be checked against its source, since Lambda could not store what it compiles.

    Source: PEP 552: the second word of a .pyc is 1 for a hash that is not checked.
    """
    folder = build / name
    compiled = {file.parent.parent / f"{file.name.partition('.')[0]}.py": file for file in folder.rglob("*.pyc")}
    assert compiled
    assert compiled.keys() == set(folder.rglob("*.py"))
    assert {int.from_bytes(file.read_bytes()[4:8], "little") for file in compiled.values()} == {1}


def test_bytecode_is_the_same_in_each_build(builds: tuple[Path, Path]) -> None:
    """Two builds compile the same source to the same bytes, so that an unchanged function is not deployed again."""
    one, other = (
        {file.relative_to(build): file.read_bytes() for file in build.rglob("secret_rotation/**/*.pyc")}
        for build in builds
    )
    assert one
    assert one == other


@pytest.mark.parametrize(
    ("file", "place"),
    [
        ("SecretRotationLayer/python/secret_rotation/handler.py", "/opt/python/secret_rotation/handler.py"),
        ("MysqlSingleUserFunction/app.py", "/var/task/app.py"),
    ],
)
def test_tracebacks_name_files_as_they_lie_in_lambda(build: Path, file: str, place: str) -> None:
    """Bytecode carries the path in Lambda, where the source lies too, so that a traceback shows its lines."""
    bytecode = importlib.util.cache_from_source(str(build / file))
    code: CodeType = marshal.loads(Path(bytecode).read_bytes()[16:])  # noqa: S302 - made by this very build
    assert code.co_filename == place


def test_a_build_without_the_runtimes_python_says_so(tmp_path: Path) -> None:
    """Where that minor version is not on PATH, a function ships its source alone, and the build says what it costs."""
    (tmp_path / "app.py").write_text("")
    command = ("make", "--makefile", ROOT / "functions/Makefile", "build-Function", f"ARTIFACTS_DIR={tmp_path / 'out'}")
    (tmp_path / "out").mkdir()
    done = subprocess.run([*command, "LAYER_PYTHON=3.0"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "ships without bytecode" in done.stdout
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["LICENSE", "app.py"]


@each_function
def test_a_function_imports_no_more_than_it_needs(build: Path, name: str, driver: str) -> None:
    """No other engine's driver, no boto3, no unused part of Powertools: each would be paid for at every cold start."""
    imported = set(run_on_layers(build, name, "import app, sys; print(*sys.modules)").split())
    assert driver in imported
    assert not imported & (NEEDED_BY_NOBODY | set(DRIVERS.values()) - {driver})
    assert {module.partition(".")[0] for module in imported if module.startswith("aws_")} == {"aws_lambda_powertools"}
