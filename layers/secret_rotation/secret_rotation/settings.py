"""The function's environment variables, read and checked once, at init.

Names and defaults are those of AWS's own rotation functions where these have them, so that a function can be swapped
without touching its configuration.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

from secret_rotation.errors import InvalidSettingsError
from secret_rotation.password import PasswordPolicy

Default = TypeVar("Default", int, None)

_TRUE = frozenset({"true", "1", "yes", "y"})
_FALSE = frozenset({"false", "0", "no", "n"})


@dataclass(frozen=True, slots=True)
class Settings:
    """What a deployer may set.

    `username_limit` (USERNAME_CHARACTER_LIMIT) lowers the engine's own limit of a user name's length.
    `reset_with_superuser` (RESET_WITH_SUPERUSER) lets the superuser set a password although no version logs in.
    `discard_old_password` (OLD_PASSWORD=discard) ends AWSPREVIOUS with each rotation, where the engine would keep it.
    `ca_bundle` (RDS_CA_BUNDLE) replaces the certificate authorities shipped with the layer.
    `endpoint_url` (SECRETS_MANAGER_ENDPOINT) is only needed where the SDK cannot find the endpoint by itself.
    """

    password_policy: PasswordPolicy
    username_limit: int | None
    reset_with_superuser: bool
    discard_old_password: bool
    ca_bundle: Path | None
    endpoint_url: str | None

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], default_exclude_characters: str) -> Self:
        """Read the environment variables.

        Raises:
            InvalidSettingsError: one of them has a value that cannot be meant.
        """
        return cls(
            password_policy=_password_policy(environ, default_exclude_characters),
            username_limit=_number(environ, "USERNAME_CHARACTER_LIMIT", None),
            reset_with_superuser=_flag(environ, "RESET_WITH_SUPERUSER", default=False),
            discard_old_password=_choice(environ, "OLD_PASSWORD", ("keep", "discard")) == "discard",
            ca_bundle=_ca_bundle(environ),
            endpoint_url=environ.get("SECRETS_MANAGER_ENDPOINT") or None,
        )


def _password_policy(environ: Mapping[str, str], default_exclude_characters: str) -> PasswordPolicy:
    return PasswordPolicy(
        exclude_characters=environ.get("EXCLUDE_CHARACTERS", default_exclude_characters),
        length=_number(environ, "PASSWORD_LENGTH", 32),
        exclude_lowercase=_flag(environ, "EXCLUDE_LOWERCASE", default=False),
        exclude_uppercase=_flag(environ, "EXCLUDE_UPPERCASE", default=False),
        exclude_numbers=_flag(environ, "EXCLUDE_NUMBERS", default=False),
        exclude_punctuation=_flag(environ, "EXCLUDE_PUNCTUATION", default=False),
        require_each_included_type=_flag(environ, "REQUIRE_EACH_INCLUDED_TYPE", default=True),
    )


def _flag(environ: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = environ.get(name, "").strip().lower() or str(default).lower()
    if text not in _TRUE | _FALSE:
        raise InvalidSettingsError(f"{name} must be true or false.")
    return text in _TRUE


def _number(environ: Mapping[str, str], name: str, default: Default) -> int | Default:
    text = environ.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise InvalidSettingsError(f"{name} must be a whole number above 0.")
    return int(text)


def _choice(environ: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    text = environ.get(name, "").strip().lower() or choices[0]
    if text not in choices:
        raise InvalidSettingsError(f"{name} must be {' or '.join(choices)}.")
    return text


def _ca_bundle(environ: Mapping[str, str]) -> Path | None:
    text = environ.get("RDS_CA_BUNDLE")
    if not text:
        return None
    path = Path(text)
    try:
        ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        raise InvalidSettingsError(f"RDS_CA_BUNDLE names a file without certificates in PEM form: {path}.") from None
    except OSError as error:
        raise InvalidSettingsError(
            f"RDS_CA_BUNDLE names a file that cannot be read ({error.strerror}): {path}. Ship it in a layer, or leave "
            "RDS_CA_BUNDLE out."
        ) from None
    return path
