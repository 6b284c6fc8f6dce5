"""What `pip install .` installs."""

import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

import rotationctl
from tests.lab.commands import ROOT, environment
from tests.rotationctl.test_sam import SAM_PYTHON

SOURCES = ("pyproject.toml", "LICENSE", "docs/rotationctl.md", "rotationctl", "layers/secret_rotation")
PACKAGES = {"rotationctl": ROOT / "rotationctl", "secret_rotation": ROOT / "layers/secret_rotation/secret_rotation"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    """The wheel, built from a copy: building leaves folders behind."""
    if not SAM_PYTHON.exists():
        pytest.fail("There is no .venv-sam, which has setuptools. Run the tests with `make test`, which makes it.")
    folder = tmp_path_factory.mktemp("wheel")
    for name in SOURCES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        copy(ROOT / name, folder / name)
    build = [str(SAM_PYTHON), "-m", "pip", "wheel", ".", "--no-deps", "--no-index", "--no-build-isolation", "--quiet"]
    subprocess.run(build, cwd=folder, capture_output=True, text=True, check=True)
    [found] = folder.glob("*.whl")
    return ZipFile(found)


def test_it_has_both_packages_whole(wheel: ZipFile) -> None:
    """Every module of rotationctl, and of the layer's package that it shares names with; and nothing else."""
    expected = {
        f"{name}/{path.relative_to(folder)}" for name, folder in PACKAGES.items() for path in folder.rglob("*.py")
    }
    assert {name for name in wheel.namelist() if name.endswith(".py")} == expected
    assert {"rotationctl/py.typed", "secret_rotation/rds-ca-bundle.pem"} <= set(wheel.namelist())


def test_it_runs_where_it_is_installed(wheel: ZipFile, tmp_path: Path) -> None:
    """The program that is installed is the one of the package, in its version."""
    wheel.extractall(tmp_path)
    [metadata] = tmp_path.glob("*.dist-info")
    assert "rotationctl = rotationctl.__main__:main" in (metadata / "entry_points.txt").read_text()
    assert metadata.name == f"rotationctl-{rotationctl.__version__}.dist-info"
    help_of_status = [sys.executable, "-m", "rotationctl", "status", "--help"]
    there = environment(PYTHONPATH=str(tmp_path))
    done = subprocess.run(help_of_status, cwd=tmp_path, env=there, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Usage: rotationctl status")
