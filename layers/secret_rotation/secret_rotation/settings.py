"""The function's environment variables, read and checked once, at init.

Names and defaults are those of AWS's own rotation functions where these have them, so that a function can be swapped
without touching its configuration.
"""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Self, TypeVar

from secret_rotation.errors import InvalidSettingsError
from secret_rotation.password import PasswordPolicy

Default = TypeVar("Default", int, None)

_ARN_END = len("-AbCdEf")
_TRUE = frozenset({"true", "1", "yes", "y"})
_FALSE = frozenset({"false", "0", "no", "n"})
_LABEL = r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)"
_URL = re.compile(rf"https?://({_LABEL}(\.{_LABEL})*|\[[0-9A-Fa-f:.]+\])(:[0-9]{{1,5}})?(/[!-~]*)?")
"""What botocore takes for an endpoint: it raises ValueError for a host that is none."""


@dataclass(frozen=True, slots=True)
class AllowedSecrets:
    """The secrets that a deployer has listed, by ARN; `*` and `?` stand for other characters, as in a policy of IAM.

    Attributes:
        patterns: None where the function was deployed without a list: then all are allowed that its role may read.
    """

    patterns: tuple[str, ...] | None

    def may_be(self, arn: str) -> bool:
        """Whether the secret with this complete ARN is listed."""
        return self.patterns is None or any(fnmatchcase(arn, _glob(pattern)) for pattern in self.patterns)

    def may_name(self, arn: str) -> bool:
        """Whether this ARN can be that of a listed secret: its end, a hyphen and six characters, may be left out."""
        shortened = (pattern[:-_ARN_END] for pattern in self.patterns or () if pattern[-_ARN_END:].startswith("-"))
        return self.may_be(arn) or AllowedSecrets(tuple(shortened)).may_be(arn)


def _glob(pattern: str) -> str:
    """A pattern of IAM for fnmatch, to which brackets mean something too."""
    return pattern.replace("[", "[[]")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a deployer may set.

    Attributes:
        username_limit: USERNAME_CHARACTER_LIMIT; lowers the engine's own limit of a user name's length.
        reset_with_superuser: RESET_WITH_SUPERUSER; the superuser may set a password although no version logs in.
        promote_early: PROMOTE_EARLY; setSecret moves AWSCURRENT itself, where a user has one password at a time.
        discard_old_password: OLD_PASSWORD=discard; each rotation ends AWSPREVIOUS, where the engine would keep it.
        password_encryption: PASSWORD_ENCRYPTION; how PostgreSQL keeps passwords, whatever the server's own setting is.
        superuser_secrets: SUPERUSER_SECRET_ARNS; what a secret's `masterarn` may name.
        ca_bundle: RDS_CA_BUNDLE; replaces the certificate authorities shipped with the layer.
        endpoint_url: SECRETS_MANAGER_ENDPOINT; only needed where the SDK cannot find the endpoint by itself.
        rds_endpoint_url: RDS_ENDPOINT; the same for the API of RDS.
        sends_events: ROTATION_EVENTS; EventBridge is told of each rotation that finishes or fails.
        events_endpoint_url: EVENTS_ENDPOINT; the same as above for EventBridge.
    """

    password_policy: PasswordPolicy
    username_limit: int | None
    reset_with_superuser: bool
    promote_early: bool
    discard_old_password: bool
    password_encryption: str
    superuser_secrets: AllowedSecrets
    ca_bundle: Path | None
    endpoint_url: str | None
    rds_endpoint_url: str | None
    sends_events: bool
    events_endpoint_url: str | None

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
            promote_early=_flag(environ, "PROMOTE_EARLY", default=False),
            discard_old_password=_choice(environ, "OLD_PASSWORD", ("keep", "discard")) == "discard",
            password_encryption=_choice(environ, "PASSWORD_ENCRYPTION", ("scram-sha-256", "md5")),
            superuser_secrets=_allowed_secrets(environ),
            rds_endpoint_url=_url(environ, "RDS_ENDPOINT"),
            ca_bundle=_ca_bundle(environ),
            endpoint_url=_url(environ, "SECRETS_MANAGER_ENDPOINT"),
            sends_events=_flag(environ, "ROTATION_EVENTS", default=False),
            events_endpoint_url=_url(environ, "EVENTS_ENDPOINT"),
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


def _url(environ: Mapping[str, str], name: str) -> str | None:
    text = environ.get(name, "").strip()
    if text and not _URL.fullmatch(text):
        raise InvalidSettingsError(
            f"{name} must be a URL with https:// (or http://) and a host, such as "
            "https://secretsmanager.eu-central-1.amazonaws.com, or be left out."
        )
    return text or None


def _allowed_secrets(environ: Mapping[str, str]) -> AllowedSecrets:
    text = environ.get("SUPERUSER_SECRET_ARNS")
    if text is None:
        return AllowedSecrets(None)
    return AllowedSecrets(tuple(pattern.strip() for pattern in text.split(",") if pattern.strip()))


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
            f"RDS_CA_BUNDLE names a file that cannot be read ({error.strerror}): {path}. "
            "Ship it in a layer, or leave RDS_CA_BUNDLE out."
        ) from None
    return path
