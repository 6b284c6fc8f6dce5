"""The four functions under Lambda's own runtime client and emulator, on real servers."""

import json
import os
import shutil
import signal
import stat
from collections import Counter
from collections.abc import Callable
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from lab.lambda_environment import FunctionCode, Invocation
from lab.pairing import PAIRINGS, Pairing
from lab.secretsmanager import faults
from tests.fixtures.deployed import STEPS, Deploy, each_function
from tests.fixtures.processes import peak_memory_kb

LOG_KEYS = {"level", "message", "timestamp", "service", "secret_arn", "step", "version_id", "strategy", "engine"}
ANY_PAIRING = next(iter(PAIRINGS.values()))
"""For what no engine could change."""
MEGABYTE_KB = 1024


@each_function
@pytest.mark.parametrize("find_code", [FunctionCode.from_source, FunctionCode.from_build], ids=["source", "build"])
def test_a_rotation(deploy: Deploy, pairing: Pairing, find_code: Callable[[str], FunctionCode]) -> None:
    """Each function, from its source and as `sam build` makes it, rotates a real database."""
    deployed = deploy(pairing, find_code=find_code)
    before = deployed.secret.value()
    run = deployed.secret.rotate()
    assert run.succeeded, run.outcome
    assert deployed.secret.value()["password"] != before["password"]
    assert deployed.logs_in()
    assert deployed.secret.value("AWSPREVIOUS") == before


@each_function
def test_the_log(deploy: Deploy, pairing: Pairing) -> None:
    """Each step writes JSON lines only, none of them twice, each with the keys to find it by; one says how it ended."""
    deployed = deploy(pairing)
    token = deployed.secret.begin()
    for step in STEPS:
        invocation = deployed.step(step, token)
        assert not [line for line, times in Counter(invocation.log.splitlines()).items() if times > 1]
        logs = [line for line in lines(invocation) if "_aws" not in line]
        assert [line["message"] for line in logs if line["message"].startswith(step)] == [f"{step} succeeded"]
        for line in logs:
            assert line.keys() >= LOG_KEYS
            assert (line["secret_arn"], line["version_id"]) == (deployed.secret.arn, token)
            assert (line["step"], line["strategy"]) == (step, pairing.strategy)
            assert line["engine"] == pairing.kit.name


@each_function
def test_the_metrics(deploy: Deploy, pairing: Pairing) -> None:
    """Each step adds one EMF document to its log: its outcome and its duration, by step, strategy and engine."""
    deployed = deploy(pairing)
    token = deployed.secret.begin()
    for step in STEPS:
        (metrics,) = (line for line in lines(deployed.step(step, token)) if "_aws" in line)
        (directive,) = metrics["_aws"]["CloudWatchMetrics"]
        units = {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]}
        assert units == {"StepSucceeded": "Count", "StepDuration": "Milliseconds"}
        assert {"step", "strategy", "engine"} <= set(directive["Dimensions"][0])
        assert metrics["StepSucceeded"] == [1.0]
        assert metrics["step"] == step


@each_function
def test_an_error_of_a_step(deploy: Deploy, pairing: Pairing) -> None:
    """A step that stops is a FunctionError with the error's name and message, and holds no value of the secret."""
    deployed = deploy(pairing, port="no port", note="for nobody's eyes")
    invocation = deployed.step("createSecret", deployed.secret.begin())
    assert (invocation.failed, invocation.error_type) == (True, "InvalidSecretError")
    assert "port" in str(invocation.error_message)
    assert [line["error"] for line in lines(invocation) if "error" in line] == ["InvalidSecretError"]
    for value in (deployed.user.password, "for nobody's eyes"):
        assert value not in json.dumps(invocation.payload) + invocation.log


def test_an_invocation_killed_by_its_timeout(deploy: Deploy) -> None:
    """A function that Lambda ends is reported as timed out, and the service's next attempt completes the rotation."""
    deployed = deploy(ANY_PAIRING, timeout_seconds=20)  # with two cold starts, which take seconds on a busy machine

    def stop() -> None:
        (process_id,) = deployed.function.process_ids
        os.kill(process_id, signal.SIGSTOP)

    deployed.secret.cloud.faults.add(faults.call("UpdateSecretVersionStage", stop, nth=1))
    run = deployed.secret.rotate(timeout_seconds=300)
    assert [step.invocation.error_type for step in run.steps if step.invocation.failed] == ["Sandbox.Timedout"]
    assert run.succeeded, run.outcome
    assert deployed.logs_in()


@pytest.mark.parametrize(
    ("variable", "value"), [("PASSWORD_LENGTH", "3"), ("OLD_PASSWORD", "maybe"), ("RDS_CA_BUNDLE", "/opt/nothing.pem")]
)
def test_wrong_settings(deploy: Deploy, variable: str, value: str) -> None:
    """A wrong setting ends the function at its init, with an error that names the variable, and nothing is called."""
    deployed = deploy(ANY_PAIRING, variables={variable: value})
    token = deployed.secret.begin()
    invocation = deployed.step("createSecret", token)
    assert invocation.error_type == "InvalidSettingsError"
    assert variable in str(invocation.error_message)
    assert deployed.secret.operations() == []


@each_function
def test_code_that_cannot_be_written_to(deploy: Deploy, pairing: Pairing, tmp_path: Path) -> None:
    """A cold start and a rotation work where /var/task and /opt are read-only, and write nothing there."""

    def read_only(name: str) -> FunctionCode:
        code = FunctionCode.from_source(name)
        copies = [
            shutil.copytree(path, tmp_path / str(n)) for n, path in enumerate((code.task_root, *code.python_path))
        ]
        for path in (*copies, *tmp_path.rglob("*")):
            path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
        return FunctionCode(copies[0], tuple(copies[1:]))

    deployed = deploy(pairing, find_code=read_only)
    files = contents(tmp_path)
    assert deployed.secret.rotate().succeeded
    assert contents(tmp_path) == files


@each_function
def test_memory(deploy: Deploy, pairing: Pairing) -> None:
    """A whole rotation stays below 256 MB, half of what the template gives the functions."""
    deployed = deploy(pairing)
    assert deployed.secret.rotate().succeeded
    [process_id] = deployed.function.process_ids
    assert 10 * MEGABYTE_KB < peak_memory_kb(process_id) < 256 * MEGABYTE_KB


def lines(invocation: Invocation) -> list[dict[str, Any]]:
    """An invocation's log, each line of which must be JSON; Lambda's runtime adds a traceback of its own."""
    own = takewhile(lambda line: not line.startswith("[ERROR] "), invocation.log.splitlines())
    return [json.loads(line) for line in own]


def contents(folder: Path) -> dict[Path, bytes]:
    """All files below a folder. Root may write anywhere, so its bytecode is passed over."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path: path.read_bytes() for path in files if os.geteuid() != 0 or path.suffix != ".pyc"}
