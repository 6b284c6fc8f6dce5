"""The template as CloudFormation gets it and what `sam build` makes. Each is made once a session: SAM is slow."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
SAM_BIN = ROOT / ".venv-sam" / "bin"
ARCHITECTURES = ("arm64", "x86_64")


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
def builds(sam_tool: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What `sam build` makes for each architecture, with drivers for the Python that runs the tests."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    folders = {architecture: tmp_path_factory.mktemp(architecture) / "build" for architecture in ARCHITECTURES}
    for architecture, folder in folders.items():
        arguments = ("--build-dir", folder, "--parameter-overrides", f"Architecture={architecture}")
        sam_tool("sam", "build", *arguments, LAYER_PYTHON=python)
    return folders
