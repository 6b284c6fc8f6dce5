"""The event of an invocation."""

import pytest

from secret_rotation.errors import InvalidEventError
from secret_rotation.request import RotationRequest, Step

EVENT = {
    "Step": "setSecret",
    "SecretId": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:app-AbCdEf",
    "ClientRequestToken": "5a3f0e2c-0000-4000-8000-000000000001",
}


def test_an_event_is_read() -> None:
    """The event that Secrets Manager sends becomes a request."""
    request = RotationRequest.from_event(EVENT)
    assert request == RotationRequest(Step.SET_SECRET, EVENT["SecretId"], EVENT["ClientRequestToken"])


def test_a_rotation_token_is_kept_and_never_shown() -> None:
    """A RotationToken is part of the request, and of no text of it."""
    request = RotationRequest.from_event({**EVENT, "RotationToken": "very-secret-token-very-secret-token-"})
    assert request.rotation_token == "very-secret-token-very-secret-token-"
    assert "very-secret" not in repr(request)


@pytest.mark.parametrize("key", EVENT)
@pytest.mark.parametrize(("value", "words"), [(None, "missing"), ("", "empty"), (" ", "empty"), (7, "not a string")])
def test_a_key_that_is_missing_or_no_text_is_named(key: str, value: object, words: str) -> None:
    """A key that is missing, empty or no string is an error that names it."""
    with pytest.raises(InvalidEventError, match=f"{key} is {words}"):
        RotationRequest.from_event({**EVENT, key: value})


@pytest.mark.parametrize("key", [*EVENT, "RotationToken"])
def test_half_of_a_character_is_named_without_the_text(key: str) -> None:
    """A lone surrogate is an error that can be encoded, as what cannot would end the runtime."""
    with pytest.raises(InvalidEventError, match=f"{key} contains half of a character") as caught:
        RotationRequest.from_event({**EVENT, key: "hunter2 \udbff"})
    assert b"hunter2" not in str(caught.value).encode()


@pytest.mark.parametrize("step", ["rotate", "createsecret", "CREATE_SECRET"])
def test_an_unknown_step_gets_the_list_of_steps(step: str) -> None:
    """An unknown step is an error that lists the four."""
    with pytest.raises(InvalidEventError, match="createSecret, setSecret, testSecret, finishSecret"):
        RotationRequest.from_event({**EVENT, "Step": step})


@pytest.mark.parametrize("event", [None, "text", 5, [EVENT]])
def test_what_is_no_object_is_refused(event: object) -> None:
    """An event that is no JSON object is an error that says what Secrets Manager sends."""
    with pytest.raises(InvalidEventError, match="not a JSON object"):
        RotationRequest.from_event(event)


def test_a_rotation_token_of_a_wrong_type_is_named_without_its_value() -> None:
    """A RotationToken that is no string is an error that does not repeat it."""
    with pytest.raises(InvalidEventError, match="RotationToken is not a string") as caught:
        RotationRequest.from_event({**EVENT, "RotationToken": {"secret": "hunter2hunter2"}})
    assert "hunter2" not in str(caught.value)
