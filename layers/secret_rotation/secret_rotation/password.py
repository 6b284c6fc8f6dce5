"""Passwords: a type that hides them, and new ones, drawn in the function: no call, no permission, no quota.

The settings and their defaults are those of GetRandomPassword, which AWS's own rotation functions call.
Source: Secrets Manager API Reference, GetRandomPassword.
"""

import hmac
import string
from dataclasses import dataclass
from random import SystemRandom

from secret_rotation.errors import InvalidSettingsError
from secret_rotation.hidden import Hidden

MINIMUM_LENGTH = 8
"""RDS refuses shorter ones for its own users. Source: RDS API Reference, CreateDBInstance, MasterUserPassword."""
MAXIMUM_LENGTH = 256
"""MySQL's caching_sha2_password takes no longer ones. Source: MySQL 8.4 Reference Manual, sha2_password."""

_random = SystemRandom()


class Password(Hidden):
    """A password that shows itself only to whoever asks for it by `reveal()`."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Password):
            return NotImplemented
        return hmac.compare_digest(
            self._text.encode(errors="surrogatepass"), other._text.encode(errors="surrogatepass")
        )

    def __hash__(self) -> int:
        return hash(self._text)


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """How a new password looks.

    Attributes:
        length: in characters.
    """

    exclude_characters: str
    length: int = 32
    exclude_lowercase: bool = False
    exclude_uppercase: bool = False
    exclude_numbers: bool = False
    exclude_punctuation: bool = False
    require_each_included_type: bool = True

    def __post_init__(self) -> None:
        if not MINIMUM_LENGTH <= self.length <= MAXIMUM_LENGTH:
            raise InvalidSettingsError(
                f"PASSWORD_LENGTH must be between {MINIMUM_LENGTH} and {MAXIMUM_LENGTH} characters."
            )
        if not any(self._types()):
            raise InvalidSettingsError("The EXCLUDE_... settings leave no character to make a password of.")
        if self.require_each_included_type and not all(self._types()):
            raise InvalidSettingsError(
                "EXCLUDE_CHARACTERS leaves nothing of a type of character that REQUIRE_EACH_INCLUDED_TYPE asks for. "
                "Exclude the whole type (EXCLUDE_NUMBERS, EXCLUDE_PUNCTUATION, EXCLUDE_UPPERCASE, EXCLUDE_LOWERCASE)."
            )

    def draw(self) -> Password:
        """A new random password.

        Drawn anew until each type is in it, which keeps every password that the policy allows equally likely.
        """
        types = self._types()
        alphabet = "".join(types)
        while True:
            text = "".join(_random.choices(alphabet, k=self.length))
            if not self.require_each_included_type or all(set(text) & set(characters) for characters in types):
                return Password(text)

    def _types(self) -> list[str]:
        included = (
            (string.ascii_lowercase, self.exclude_lowercase),
            (string.ascii_uppercase, self.exclude_uppercase),
            (string.digits, self.exclude_numbers),
            (string.punctuation, self.exclude_punctuation),
        )
        return [
            "".join(c for c in chars if c not in self.exclude_characters)
            for chars, excluded in included
            if not excluded
        ]
