"""New passwords."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secret_rotation.errors import InvalidSettingsError
from secret_rotation.password import MAXIMUM_LENGTH, MINIMUM_LENGTH, PasswordPolicy

TYPES = (string.ascii_lowercase, string.ascii_uppercase, string.digits, string.punctuation)


@given(
    length=st.integers(MINIMUM_LENGTH, MAXIMUM_LENGTH),
    excluded=st.text(st.sampled_from(string.punctuation + string.digits), max_size=12),
    flags=st.tuples(*[st.booleans()] * 5),
)
def test_a_password_keeps_its_policy(length: int, excluded: str, flags: tuple[bool, ...]) -> None:
    """A password has its length, nothing that is excluded, and each included type where that is asked for."""
    lower, upper, numbers, punctuation, each = flags
    try:
        policy = PasswordPolicy(excluded, length, lower, upper, numbers, punctuation, each)
    except InvalidSettingsError:
        included = [set(chars) - set(excluded) for chars, out in zip(TYPES, flags[:4], strict=True) if not out]
        assert not any(included) or (each and not all(included))
        return
    text = policy.draw().reveal()
    assert len(text) == length
    assert not set(text) & set(excluded)
    for characters, out in zip(TYPES, flags[:4], strict=True):
        present = bool(set(text) & set(characters))
        assert not (out and present)
        assert out or present or not each


def test_passwords_are_different() -> None:
    """A thousand passwords are a thousand different ones."""
    policy = PasswordPolicy(exclude_characters="")
    assert len({policy.draw().reveal() for _ in range(1000)}) == 1000


@pytest.mark.parametrize("length", [0, MINIMUM_LENGTH - 1, MAXIMUM_LENGTH + 1])
def test_a_length_that_no_database_takes_is_refused(length: int) -> None:
    """A length outside of what databases take is an error that names the setting."""
    with pytest.raises(InvalidSettingsError, match="PASSWORD_LENGTH"):
        PasswordPolicy("", length)


def test_excluding_everything_is_refused() -> None:
    """Settings that leave no character are an error."""
    with pytest.raises(InvalidSettingsError, match="leave no character"):
        PasswordPolicy("", 32, *[True] * 4)


def test_excluding_all_of_a_required_type_is_refused() -> None:
    """Excluding each digit while digits are required is an error that names the way out."""
    with pytest.raises(InvalidSettingsError, match="EXCLUDE_NUMBERS"):
        PasswordPolicy(string.digits)
