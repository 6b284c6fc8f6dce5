"""Whatever an event or a secret holds: an error of ours, that forges no line of the log."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab.lambda_environment.in_process import InProcessContext
from secret_rotation import errors
from tests.fixtures.cloud import MakeSecret
from tests.fixtures.rotation import STEPS, Application

OURS = frozenset(name for name, kind in vars(errors).items() if isinstance(kind, type))
FORGED = 'x"}\n{"level":"INFO","message":"forged"}\r\n{"level":"INFO","message":"forged"}\u2028\x85'
NESTED = 30_000

quick = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
texts = st.text(max_size=40) | st.sampled_from([FORGED, "\0", "\ufeff", "9" * 5000, "a" * 3000])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(texts, children, max_size=3),
    max_leaves=8,
)
KEYS = ["engine", "host", "port", "username", "password", "dbname", "masterarn", "ssl"]


@pytest.fixture
def create(application: Application, make_secret: MakeSecret) -> Callable[[str], str | None]:
    """Let createSecret read a secret: ``create(text)``; the class of its error, which is one of ours."""

    def step(text: str) -> str | None:
        secret = make_secret(text)
        secret.enable_rotation(application.function)
        outcome = application.function.invoke(secret.event("createSecret", secret.begin()))
        assert_ours(application, outcome.error_type, outcome.error_message)
        return outcome.error_type

    return step


def invoke(application: Application, event: object) -> tuple[str | None, str | None]:
    """Invoke the function with anything that JSON can carry; class and text of its error."""
    context = InProcessContext("function", application.function.arn, "256", deadline=time.monotonic() + 30)
    try:
        application.function.handler(json.loads(json.dumps(event)), context)
    except Exception as error:  # noqa: BLE001 - which it is, is the question
        return type(error).__name__, str(error)
    return None, None


def assert_ours(application: Application, error_type: str | None, message: str | None) -> None:
    """No failure, or one of ours; and each line of the log is one that the function wrote."""
    assert error_type is None or error_type in OURS, (error_type, message)
    assert not str(message).startswith("Unexpected"), message
    lines = application.stdout.getvalue().rstrip("\n").split("\n") if application.stdout.getvalue() else []
    application.stdout.seek(0)
    application.stdout.truncate()
    assert "forged" not in [json.loads(line).get("message") for line in lines]


@quick
@given(event=values | st.fixed_dictionaries({}, optional=dict.fromkeys(["Step", "SecretId", "RotationToken"], values)))
def test_events_of_any_kind(application: Application, event: Any) -> None:  # noqa: ANN401 - of any type
    """An event that is none is refused as that."""
    outcome = invoke(application, event)
    assert_ours(application, *outcome)
    assert outcome[0] is not None


@quick
@given(step=st.sampled_from(STEPS), secret=texts, token=texts, more=st.dictionaries(texts, values, max_size=2))
def test_events_with_any_names(
    application: Application, step: str, secret: str, token: str, more: dict[str, Any]
) -> None:
    """An event in the right form for a secret or a token that is none reaches no further than Secrets Manager."""
    names = {"SecretId": secret or application.secret.arn, "ClientRequestToken": token}
    outcome = invoke(application, {**more, "Step": step, **names})
    assert_ours(application, *outcome)
    assert outcome[0] is not None


@quick
@given(changes=st.dictionaries(st.sampled_from(KEYS), values, min_size=1, max_size=3))
def test_secrets_with_any_values(
    application: Application, create: Callable[[str], str | None], changes: dict[str, Any]
) -> None:
    """A secret whose keys hold what they should not is refused as that, or taken as it is."""
    create(json.dumps({**good(application), **changes}))


@quick
@given(
    text=st.text(min_size=1, max_size=60) | values.map(json.dumps) | st.text('{}[]",:019eE.-+ \\untrfalsi', min_size=1)
)
def test_secrets_of_any_text(create: Callable[[str], str | None], text: str) -> None:
    """A secret that is no JSON object with the keys of one is refused as that."""
    assert create(text) == "InvalidSecretError"


@pytest.mark.parametrize(
    "text",
    [
        "[" * NESTED,
        '{"a":' * (NESTED // 3),
        '{"a":' + "[" * NESTED + "]" * NESTED + "}",
        "\ufeff{}",
        "NaN",
        "--",
        '"\\ud800"',
    ],
    ids=["lists", "objects", "whole", "byte order mark", "NaN", "signs", "half a character"],
)
def test_secrets_that_parsers_choke_on(create: Callable[[str], str | None], text: str) -> None:
    """Deep nesting and the like are refused as no JSON object with the keys of a secret."""
    assert create(text) == "InvalidSecretError"


@pytest.mark.parametrize("key", ["username", "dbname", "host", "engine", "masterarn"])
def test_no_line_of_the_log_is_forged(application: Application, key: str) -> None:
    """A value with line breaks and JSON in it stays inside the line that quotes it."""
    application.secret.put({**good(application), key: FORGED})
    outcome = application.steps(application.begin(), "createSecret")
    if not outcome.failed:
        outcome = application.step("setSecret", str(application.secret.version_with("AWSPENDING")))
    assert outcome.failed
    assert_ours(application, outcome.error_type, outcome.error_message)


def good(application: Application) -> dict[str, Any]:
    """The value of a secret that is right."""
    return {**application.user.secret_value(), "masterarn": application.superuser_secret.arn}
