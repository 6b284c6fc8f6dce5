"""How the lab's command lines start: Ctrl-C ends them without a traceback from the first moment on."""

from pathlib import Path

import pytest

from tests.lab.commands import run_python


def test_ctrl_c_while_modules_are_imported(tmp_path: Path) -> None:
    """An import that Ctrl-C interrupts ends the program with the status of an interrupted one, and no word."""
    (tmp_path / "interrupted.py").write_text("raise KeyboardInterrupt")
    path = f"import sys; sys.path.append({str(tmp_path)!r})"
    done = run_python("-c", f"{path}; from lab.start import start; start('interrupted')")
    assert (done.returncode, done.stderr) == (130, "")


@pytest.mark.parametrize("command", ["lab", "lab.demo"])
def test_nothing_slow_is_imported_before(command: str) -> None:
    """Until `start` watches over it, a command line imports nothing that takes long."""
    program = f"import {command}.__main__, sys; print([name for name in sys.modules if name.startswith('lab')])"
    done = run_python("-c", program)
    packages = ["lab", "lab.demo"][: 1 + command.count(".")]
    assert done.stdout.strip() == str([*packages, "lab.start", f"{command}.__main__"])
