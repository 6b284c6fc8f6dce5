"""rotationctl in the environment of the SAM CLI, which insists on versions of its own."""

import subprocess
from collections.abc import Mapping

import pytest

from tests.lab.commands import ROOT
from tests.rotationctl.conftest import Account
from tests.rotationctl.shell import TIMEOUT_SECONDS, running

SAM_PYTHON = ROOT / ".venv-sam" / "bin" / "python"


def test_the_click_that_sam_pins(shell: Mapping[str, str], account: Account) -> None:
    """It runs in the environment of the SAM CLI, too, which pins an older click."""
    if not SAM_PYTHON.exists():
        pytest.fail("There is no .venv-sam. Run the tests with `make test`, which makes it.")
    account.add("prod/shop")
    version = [str(SAM_PYTHON), "-c", "from importlib.metadata import version; print(version('click'))"]
    assert subprocess.run(version, capture_output=True, text=True, check=True).stdout.startswith("8.1.")
    for arguments, code in ((["status"], 0), (["--help"], 0), (["status", "--none"], 2), (["status", "none"], 1)):
        with running(*arguments, env=shell, python=SAM_PYTHON) as process:
            out, err = process.communicate(timeout=TIMEOUT_SECONDS)
        assert process.returncode == code, (out, err)
        assert "Traceback" not in err
