"""The function's environment variables."""

from itertools import product
from pathlib import Path

import pytest

from secret_rotation import aws
from secret_rotation.errors import InvalidSettingsError
from secret_rotation.settings import Settings
from secret_rotation.tls import SHIPPED_BUNDLE

NO_URLS = (
    "secretsmanager.us-east-1.amazonaws.com",
    "https://",
    "https:///",
    "ftp://example.com",
    "https://a b",
    "https://example.com:port",
    "https://-a.example.com",
    "https://a..b",
    "https://[::1",
    "https://exam\u0440le.com",
)


def settings(**environ: str) -> Settings:
    """Settings read from these variables and no others."""
    return Settings.from_environ(environ, default_exclude_characters="/@")


def test_defaults_are_those_of_aws() -> None:
    """Without any variable the settings are those of AWS's own functions, and the safe ones for what these lack."""
    found = settings()
    assert found.password_policy.length == 32
    assert found.password_policy.exclude_characters == "/@"
    assert found.password_policy.require_each_included_type
    assert not found.reset_with_superuser
    assert not found.discard_old_password
    assert not found.promote_early
    assert not found.sends_events
    assert found.username_limit is None
    assert found.password_encryption == "scram-sha-256"
    assert found.ca_bundle is None


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("Yes", True), ("1", True), ("FALSE", False), ("n", False)]
)
def test_booleans_are_read_as_aws_reads_them(text: str, value: bool) -> None:
    """The spellings of true and false that AWS's functions take are taken."""
    assert settings(RESET_WITH_SUPERUSER=text).reset_with_superuser is value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("RESET_WITH_SUPERUSER", "maybe"),
        ("PROMOTE_EARLY", "maybe"),
        ("EXCLUDE_NUMBERS", "2"),
        ("PASSWORD_LENGTH", "long"),
        ("PASSWORD_LENGTH", "-5"),
        ("PASSWORD_LENGTH", "3"),
        ("PASSWORD_LENGTH", "\u0663\u0662"),
        ("USERNAME_CHARACTER_LIMIT", "0"),
        ("OLD_PASSWORD", "burn"),
        ("PASSWORD_ENCRYPTION", "scram"),
        ("PASSWORD_ENCRYPTION", "on"),
        ("RDS_CA_BUNDLE", "/nowhere/ca.pem"),
        *product(("SECRETS_MANAGER_ENDPOINT", "EVENTS_ENDPOINT"), NO_URLS),
        ("ROTATION_EVENTS", "my-bus"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused_by_name(name: str, text: str) -> None:
    """A wrong value is an error that names the variable."""
    with pytest.raises(InvalidSettingsError, match=name):
        settings(**{name: text})


@pytest.mark.parametrize(
    "name",
    [
        *("RESET_WITH_SUPERUSER", "PASSWORD_LENGTH", "OLD_PASSWORD", "PASSWORD_ENCRYPTION", "RDS_CA_BUNDLE"),
        *("PROMOTE_EARLY", "SECRETS_MANAGER_ENDPOINT"),
    ],
)
def test_an_empty_variable_is_the_default(name: str) -> None:
    """An empty variable, as a template sets it where a parameter is left out, means the default."""
    assert settings(**{name: ""}) == settings()


@pytest.mark.parametrize(
    "url",
    [
        "https://vpce-0a1b-2c3d.secretsmanager.eu-central-1.vpce.amazonaws.com",
        "http://127.0.0.1:4584",
        "http://localhost:4584/",
        "https://[::1]:8443/path",
    ],
)
def test_an_endpoint_is_a_url_that_the_sdk_takes(url: str) -> None:
    """What is taken for a URL here makes a client, so no function dies of it at its start."""
    found = settings(SECRETS_MANAGER_ENDPOINT=f" {url} ").endpoint_url
    assert found == url
    assert aws.client("secretsmanager", endpoint_url=found).meta.endpoint_url == url


def test_excluding_no_character_is_possible() -> None:
    """An empty EXCLUDE_CHARACTERS excludes nothing, as in AWS's functions."""
    assert settings(EXCLUDE_CHARACTERS="").password_policy.exclude_characters == ""


def test_a_ca_bundle_is_a_file_of_certificates(tmp_path: Path) -> None:
    """RDS_CA_BUNDLE names a file that exists and holds certificates."""
    bundle = tmp_path / "ca.pem"
    bundle.write_bytes(SHIPPED_BUNDLE.read_bytes())
    assert settings(RDS_CA_BUNDLE=str(bundle)).ca_bundle == bundle
    bundle.write_text("no certificate in here")
    with pytest.raises(InvalidSettingsError, match="RDS_CA_BUNDLE names a file without certificates"):
        settings(RDS_CA_BUNDLE=str(bundle))


@pytest.mark.parametrize(
    "url", ["vpce-1-a.rds.eu-central-1.vpce.amazonaws.com", "https://", "ftp://vpce-1", "https://a b"]
)
def test_an_endpoint_of_rds_that_is_no_url_is_refused(url: str) -> None:
    """What the SDK could not call is refused at the start, not where a rotation first needs it."""
    with pytest.raises(InvalidSettingsError, match="RDS_ENDPOINT"):
        settings(RDS_ENDPOINT=url)
