"""The template as CloudFormation gets it and what `sam build` makes. Each is made once a session: SAM is slow."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SAM_BIN = ROOT / ".venv-sam" / "bin"
DEPENDENCIES = {"arm64": "DependenciesLayerArm64", "x86_64": "DependenciesLayerX8664"}
"""The layer with the drivers, by the processor that they are for."""


@pytest.fixture(scope="session")
def sam_tool() -> Callable[..., str]:
    """Run a program of the venv that has SAM, and return what it printed."""
    if not (SAM_BIN / "sam").exists():
        pytest.fail("There is no .venv-sam. Run the tests with `make test`, which makes it.")
    environment = {
        **os.environ,
        "PATH": f"{SAM_BIN}:{os.environ['PATH']}",
        "SAM_CLI_TELEMETRY": "0",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }
    environment.pop("PYTHON", None)

    def run(program: str, *arguments: str | Path, **more: str) -> str:
        done = subprocess.run(
            [SAM_BIN / program, *arguments],
            cwd=ROOT,
            env={**environment, **more},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{program} {arguments}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    return run


@pytest.fixture(scope="session")
def transformed_file(sam_tool: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template after the SAM transform, as JSON."""
    file = tmp_path_factory.mktemp("template") / "transformed.json"
    file.write_text(sam_tool("python", "scripts/transform.py"))
    return file


@pytest.fixture(scope="session")
def template(transformed_file: Path) -> dict[str, Any]:
    """The template after the SAM transform."""
    loaded: dict[str, Any] = json.loads(transformed_file.read_text())
    return loaded


@pytest.fixture(scope="session")
def people(sam_tool: Callable[..., str]) -> dict[str, Any]:
    """The example of policies for people."""
    program = "import json, sys, samcli.yamlhelper as yaml; print(json.dumps(yaml.parse_yaml_file(sys.argv[1])))"
    loaded: dict[str, Any] = json.loads(sam_tool("python", "-c", program, "examples/people.yaml"))
    return loaded


@pytest.fixture(scope="session")
def builds(sam_tool: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """What `sam build` makes, twice, with drivers for the Python that runs the tests."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    one, other = (tmp_path_factory.mktemp("sam") / "build" for _ in range(2))
    for folder in (one, other):
        sam_tool("sam", "build", "--build-dir", folder, LAYER_PYTHON=python)
    return one, other


@pytest.fixture(scope="session")
def build(builds: tuple[Path, Path]) -> Path:
    """The first of the two."""
    return builds[0]
