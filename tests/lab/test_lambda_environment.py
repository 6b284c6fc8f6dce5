"""Functions run as Lambda runs them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.lambda_environment import (
    EmulatorMissingError,
    FunctionCode,
    FunctionCodeMissingError,
    InProcessContext,
    InProcessFunction,
    LambdaEnvironment,
)
from tests.fixtures.cloud import MakeSecret
from tests.fixtures.processes import descendants, is_alive
from tests.lab.helpers import wait_until

HANDLER = """
import json, os, time
import shared

COLD = []

def lambda_handler(event, context):
    COLD.append(1)
    print("invoked", event.get("say", ""))
    if "fail" in event:
        raise ValueError(event["fail"])
    time.sleep(event.get("sleep", 0))
    if "exit" in event:
        os._exit(event["exit"])
    if "ClientRequestToken" in event:
        return rotate(event)
    return {
        "invocations": len(COLD),
        "environment": dict(os.environ),
        "layer": shared.NAME,
        "left_ms": context.get_remaining_time_in_millis(),
        "request_id": context.aws_request_id,
        "name": context.function_name,
        "memory_mb": context.memory_limit_in_mb,
        "cwd": os.getcwd(),
    }

def rotate(event):
    import boto3
    client = boto3.client("secretsmanager")
    secret, token = event["SecretId"], event["ClientRequestToken"]
    if event["Step"] == "createSecret":
        client.put_secret_value(
            SecretId=secret, ClientRequestToken=token, SecretString="new", VersionStages=["AWSPENDING"])
    if event["Step"] == "finishSecret":
        versions = client.describe_secret(SecretId=secret)["VersionIdsToStages"]
        current = next(version for version, labels in versions.items() if "AWSCURRENT" in labels)
        client.update_secret_version_stage(
            SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=current)
"""

TIMEOUT_SECONDS = 10


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> FunctionCode:
    """A function and a layer."""
    root, layer = tmp_path_factory.mktemp("task"), tmp_path_factory.mktemp("layer")
    (root / "app.py").write_text(HANDLER)
    (layer / "shared.py").write_text("NAME = 'layer'\n")
    return FunctionCode(root, (layer,))


@pytest.fixture(scope="module")
def function(code: FunctionCode) -> Iterator[LambdaEnvironment]:
    """The function in its environment."""
    with LambdaEnvironment(
        code, {"COLOUR": "blue"}, name="painter", timeout_seconds=TIMEOUT_SECONDS, memory_mb=256
    ) as environment:
        yield environment


def test_environment_is_lambdas(function: LambdaEnvironment, code: FunctionCode) -> None:
    """The function sees Lambda's variables and its own, its layers, and nothing of this process's environment."""
    seen = function.invoke({}).payload
    assert isinstance(seen, dict)
    expected = {
        "AWS_LAMBDA_FUNCTION_NAME": "painter",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "LAMBDA_TASK_ROOT": str(code.task_root),
        "_HANDLER": "app.lambda_handler",
        "COLOUR": "blue",
    }
    assert expected.items() <= seen["environment"].items()
    assert "PYTEST_CURRENT_TEST" not in seen["environment"]
    assert (seen["layer"], seen["cwd"]) == ("layer", str(code.task_root))


def test_context(function: LambdaEnvironment) -> None:
    """The context tells the function's name and memory, the time that is left, and a request id of its own."""
    first, second = (function.invoke({}).payload for _ in range(2))
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert (first["name"], first["memory_mb"]) == ("painter", "256")
    assert 0 < second["left_ms"] <= TIMEOUT_SECONDS * 1000
    assert first["request_id"] != second["request_id"]


def test_environment_stays_warm(code: FunctionCode) -> None:
    """The process is kept for the next invocation."""
    with LambdaEnvironment(code) as function:
        counts = [function.invoke({}).payload for _ in range(2)]
    assert [seen["invocations"] for seen in counts if isinstance(seen, dict)] == [1, 2]


def test_exception(function: LambdaEnvironment) -> None:
    """What the handler raises is the invocation's error."""
    invocation = function.invoke({"fail": "no luck"})
    assert (invocation.failed, invocation.error_type, invocation.error_message) == (True, "ValueError", "no luck")


def test_timeout(function: LambdaEnvironment) -> None:
    """An invocation that takes longer than the timeout is ended, and the next one works."""
    started = time.monotonic()
    invocation = function.invoke({"sleep": 60})
    assert invocation.error_type == "Sandbox.Timedout"
    assert invocation.error_message == f"Task timed out after {TIMEOUT_SECONDS}.00 seconds"
    assert time.monotonic() - started < 40
    assert not function.invoke({}).failed


def test_process_that_ends(function: LambdaEnvironment) -> None:
    """A function whose process ends has failed, and the next invocation has a new process."""
    assert function.invoke({"exit": 3}).error_type == "Runtime.ExitError"
    assert not function.invoke({}).failed


def test_killed_function(code: FunctionCode) -> None:
    """A function killed in the middle of an invocation has failed, and the next invocation has a new process."""
    with LambdaEnvironment(code, timeout_seconds=20) as function:
        function.invoke({})
        function.follow(lambda line: function.kill() if line == "invoked now" else None)
        assert function.invoke({"say": "now", "sleep": 15}).failed
        seen = function.invoke({}).payload
    assert isinstance(seen, dict)
    assert seen["invocations"] == 1


def test_log(function: LambdaEnvironment) -> None:
    """Each invocation has its own log lines, without the emulator's, and the environment has all of them."""
    logs = [function.invoke({"say": word}).log for word in ("one", "two")]
    assert logs == ["invoked one", "invoked two"]
    assert {"invoked one", "invoked two"} <= set(function.log_lines)


def test_rotation_through_the_environment(make_secret: MakeSecret, code: FunctionCode) -> None:
    """A function in its environment rotates a secret, and its calls are told apart from the operator's."""
    secret = make_secret("old")
    with LambdaEnvironment(code, secret.cloud.environment) as function:
        secret.enable_rotation(function)
        run = secret.rotate()
    assert run.succeeded, run.outcome
    assert secret.operations() == ["PutSecretValue", "DescribeSecret", "UpdateSecretVersionStage"]


PARENT = """
import sys
from pathlib import Path
from lab.lambda_environment import FunctionCode, LambdaEnvironment

with LambdaEnvironment(FunctionCode(Path(sys.argv[1]), (Path(sys.argv[2]),))) as function:
    function.invoke({"say": "ready"})
    print(function.url, flush=True)
    sys.stdin.read()
"""


def test_dies_with_its_parent(code: FunctionCode) -> None:
    """Nothing of the environment outlives the process that started it, even where that is killed."""
    paths = (str(code.task_root), str(code.python_path[0]))
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, *paths],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": "."},
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline()
        family = descendants(parent.pid)
        parent.send_signal(signal.SIGKILL)
    assert len(family) >= 3  # the supervisor, the emulator and the function
    wait_until(lambda: not any(map(is_alive, family)))


def test_emulator_missing(code: FunctionCode, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the emulator the error says how to get it."""
    monkeypatch.setenv("LAB_SAM_VENV", str(tmp_path))
    with pytest.raises(EmulatorMissingError, match=r"make \.cache/rie/aws-lambda-rie"), LambdaEnvironment(code):
        pass


def test_code_missing() -> None:
    """A function that does not exist, or is not built, is an error that says where it was looked for."""
    with pytest.raises(FunctionCodeMissingError, match="functions/no_such_function"):
        FunctionCode.from_source("no_such_function")


@pytest.mark.parametrize(
    "name", ["postgresql_single_user", "postgresql_alternating_users", "mysql_single_user", "mysql_alternating_users"]
)
def test_code_from_source(name: str) -> None:
    """Each of the four functions is found in the source tree, with the shared layer."""
    code = FunctionCode.from_source(name)
    assert (code.task_root / "app.py").is_file()
    assert (code.python_path[0] / "secret_rotation" / "handler.py").is_file()


def test_in_process() -> None:
    """A handler called in this process gets a copy of the event and a context, and what it raises is the error."""

    def handler(event: dict[str, object], context: InProcessContext) -> object:
        event["changed"] = True
        if "fail" in event:
            raise KeyError("missing")
        return context.function_name, 270_000 < context.get_remaining_time_in_millis() <= 300_000

    function, event = InProcessFunction(handler, name="painter", timeout_seconds=300), {"Step": "createSecret"}
    assert function.invoke(event).payload == ("painter", True)
    assert event == {"Step": "createSecret"}
    assert function.invoke({"fail": True}).error_type == "KeyError"
