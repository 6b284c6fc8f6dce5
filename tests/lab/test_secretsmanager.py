"""The rules of AWS that the local Secrets Manager puts back where moto relaxes them; sources in its README."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from mypy_boto3_secretsmanager import SecretsManagerClient

from lab.application import Secret, new_token
from lab.cloud import AwsError
from lab.secretsmanager import LocalSecretsManager, Variations
from tests.fixtures.cloud import MakeSecret, refused

VALUE = {"username": "app", "password": "first"}
OTHER = {"username": "app", "password": "second"}


@pytest.fixture
def secret(make_secret: MakeSecret) -> Secret:
    """A secret with one version."""
    return make_secret(VALUE)


def move(secret: Secret, label: str, to: str | None = None, remove_from: str | None = None) -> None:
    """UpdateSecretVersionStage."""
    ids: dict[str, Any] = {"MoveToVersionId": to, "RemoveFromVersionId": remove_from}
    given = {name: value for name, value in ids.items() if value}
    secret.client.update_secret_version_stage(SecretId=secret.arn, VersionStage=label, **given)


def test_put_repeats_with_the_same_value(secret: Secret) -> None:
    """PutSecretValue with a known token and the same value succeeds and changes nothing."""
    token = secret.put(OTHER, stages=("AWSPENDING",))
    labels = secret.labels()
    secret.put(OTHER, stages=("AWSCURRENT",), token=token)
    assert secret.labels() == labels


def test_put_never_changes_a_version(secret: Secret) -> None:
    """PutSecretValue with a known token and another value is refused, also while the version is AWSPENDING."""
    token = secret.put(OTHER, stages=("AWSPENDING",))
    with refused("ResourceExistsException", "already in use for a version"):
        secret.put(VALUE, stages=("AWSPENDING",), token=token)
    assert secret.value("AWSPENDING") == OTHER


def test_put_without_stages_moves_current(secret: Secret) -> None:
    """PutSecretValue without VersionStages makes the new version AWSCURRENT, and AWSPREVIOUS follows."""
    first = secret.version_with("AWSCURRENT")
    answer = secret.client.put_secret_value(SecretId=secret.arn, SecretString="x")
    assert secret.labels() == {first: {"AWSPREVIOUS"}, answer["VersionId"]: {"AWSCURRENT"}}


def test_first_value_is_current(make_secret: MakeSecret) -> None:
    """The first version of a secret is AWSCURRENT, whatever VersionStages says."""
    secret = make_secret(None)
    token = secret.put(VALUE, stages=("AWSPENDING",))
    assert secret.labels() == {token: {"AWSCURRENT", "AWSPENDING"}}


def test_label_is_on_one_version(secret: Secret) -> None:
    """Putting a second version with a label takes the label off the first."""
    secret.put(VALUE, stages=("AWSPENDING",))
    second = secret.put(OTHER, stages=("AWSPENDING",))
    assert [version for version, labels in secret.labels().items() if "AWSPENDING" in labels] == [second]


@pytest.mark.parametrize("label", ["AWSCURRENT", "AWSPENDING", "CUSTOM"])
def test_move_needs_the_version_that_has_the_label(secret: Secret, label: str) -> None:
    """UpdateSecretVersionStage fails without RemoveFromVersionId, and with a version that lacks the label."""
    secret.put(VALUE, stages=(label,))
    other = secret.put(OTHER, stages=("ELSEWHERE",))
    before = secret.labels()
    with refused("InvalidParameterException", "RemoveFromVersionId can't be empty"):
        move(secret, label, to=other)
    with refused("InvalidParameterException", f"not to RemoveFromVersionId {other}"):
        move(secret, label, to=other, remove_from=other)
    assert secret.labels() == before


def test_current_moves_and_previous_follows(secret: Secret) -> None:
    """Moving AWSCURRENT puts AWSPREVIOUS on the version that it left, and leaves AWSPENDING where it is."""
    first = secret.version_with("AWSCURRENT")
    second = secret.put(OTHER, stages=("AWSPENDING",))
    move(secret, "AWSCURRENT", to=second, remove_from=first)
    assert secret.labels() == {first: {"AWSPREVIOUS"}, second: {"AWSCURRENT", "AWSPENDING"}}


def test_current_moves_back(secret: Secret) -> None:
    """Moving AWSCURRENT back to the AWSPREVIOUS version exchanges the two labels."""
    first, second = secret.version_with("AWSCURRENT"), secret.put(OTHER)
    move(secret, "AWSCURRENT", to=first, remove_from=second)
    assert secret.labels() == {str(first): {"AWSCURRENT"}, second: {"AWSPREVIOUS"}}


def test_pending_may_leave_with_current(secret: Secret, cloud: LocalSecretsManager) -> None:
    """Where the variation is chosen, moving AWSCURRENT to the AWSPENDING version takes AWSPENDING off it."""
    first, second = secret.version_with("AWSCURRENT"), secret.put(OTHER, stages=("AWSPENDING",))
    cloud.variations.pending_leaves_with_current = True
    move(secret, "AWSCURRENT", to=second, remove_from=first)
    assert secret.labels() == {str(first): {"AWSPREVIOUS"}, second: {"AWSCURRENT"}}


def test_current_is_never_removed(secret: Secret) -> None:
    """AWSCURRENT can move but not go away."""
    first = secret.version_with("AWSCURRENT")
    with refused("InvalidParameterException", "can't be completely removed"):
        move(secret, "AWSCURRENT", remove_from=first)
    assert secret.labels() == {first: {"AWSCURRENT"}}


def test_pending_is_removed_by_hand(secret: Secret) -> None:
    """A version whose last label is removed disappears from DescribeSecret, and can still be read by its id."""
    token = secret.put(OTHER, stages=("AWSPENDING",))
    move(secret, "AWSPENDING", remove_from=token)
    assert token not in secret.client.describe_secret(SecretId=secret.arn)["VersionIdsToStages"]
    value = secret.client.get_secret_value(SecretId=secret.arn, VersionId=token)
    assert json.loads(value["SecretString"]) == OTHER
    assert value.get("VersionStages", []) == []


def test_describe_without_rotation(secret: Secret) -> None:
    """DescribeSecret says nothing of rotation where none was ever configured."""
    described = secret.client.describe_secret(SecretId=secret.arn)
    assert not [name for name in described if "Rotat" in name]


def test_read_by_version_and_label(secret: Secret) -> None:
    """GetSecretValue with a version id and a label that it lacks is refused; with one that it has it answers both."""
    first = str(secret.version_with("AWSCURRENT"))
    with refused("InvalidRequestException", "not associated to the provided VersionId"):
        secret.client.get_secret_value(SecretId=secret.arn, VersionId=first, VersionStage="AWSPENDING")
    answer = secret.client.get_secret_value(SecretId=secret.arn, VersionId=first, VersionStage="AWSCURRENT")
    assert (answer["VersionId"], answer["VersionStages"]) == (first, ["AWSCURRENT"])


def test_read_without_stage_is_current(secret: Secret) -> None:
    """GetSecretValue without a stage answers AWSCURRENT, also after the label was moved by hand."""
    first, second = secret.version_with("AWSCURRENT"), secret.put(OTHER, stages=("AWSPENDING",))
    move(secret, "AWSCURRENT", to=second, remove_from=first)
    assert secret.client.get_secret_value(SecretId=secret.arn)["VersionId"] == second


@pytest.mark.parametrize(
    "asked",
    [{"VersionId": new_token()}, {"VersionStage": "AWSPENDING"}, {"VersionStage": "NOPE"}],
    ids=["version", "no-pending", "unknown-label"],
)
def test_read_of_nothing(secret: Secret, asked: Mapping[str, Any]) -> None:
    """GetSecretValue of an unknown version or label is ResourceNotFoundException."""
    with refused("ResourceNotFoundException", "can't find the specified secret value"):
        secret.client.get_secret_value(SecretId=secret.arn, **asked)


def test_list_versions(secret: Secret, cloud: LocalSecretsManager) -> None:
    """ListSecretVersionIds shows unlabelled versions when asked, and hides AWSPENDING in that variation."""
    orphan = secret.put(OTHER, stages=("GONE",))
    move(secret, "GONE", remove_from=orphan)
    pending = secret.put(OTHER, stages=("AWSPENDING",))

    def listed(**parameters: Any) -> set[str]:  # noqa: ANN401 - boto3's parameters
        pages = secret.client.list_secret_version_ids(SecretId=secret.arn, **parameters)
        return {version["VersionId"] for version in pages["Versions"]}

    first = secret.version_with("AWSCURRENT")
    assert listed() == {first, pending}
    assert listed(IncludeDeprecated=True) == {first, pending, orphan}
    cloud.variations.list_omits_pending = True
    assert listed(IncludeDeprecated=True) == {first, orphan}


def test_list_versions_in_pages(secret: Secret) -> None:
    """ListSecretVersionIds gives MaxResults versions and a token for the rest."""
    first = str(secret.version_with("AWSCURRENT"))
    wanted = {first, secret.put(VALUE, stages=("A",)), secret.put(OTHER, stages=("B",))}
    page = secret.client.list_secret_version_ids(SecretId=secret.arn, MaxResults=2)
    rest = secret.client.list_secret_version_ids(SecretId=secret.arn, NextToken=page["NextToken"])
    assert len(page["Versions"]) == 2
    assert {version["VersionId"] for version in page["Versions"] + rest["Versions"]} == wanted
    assert "NextToken" not in rest


def test_value_of_65536_bytes(secret: Secret) -> None:
    """A value may have 65,536 bytes, counted in UTF-8, and not one more."""
    secret.put("ü" * 32_768)
    with refused("ValidationException", "65536"):
        secret.put("ü" * 32_768 + "x")


def test_100_versions(secret: Secret) -> None:
    """A secret has 100 versions at most while none is older than a day."""
    for number in range(99):
        secret.put(str(number))
    with refused("LimitExceededException", "100"):
        secret.put("one too many")


def test_old_versions_are_purged() -> None:
    """Versions without a label that are older than a day make room for new ones."""
    hours = 0
    with LocalSecretsManager(now=lambda: datetime.now(UTC) + timedelta(hours=hours)) as cloud:
        client = cloud.client()
        client.create_secret(Name="old", SecretString="0")
        for number in range(1, 100):
            client.put_secret_value(SecretId="old", SecretString=str(number))
        hours = 25
        client.put_secret_value(SecretId="old", SecretString="new")
        versions = client.list_secret_version_ids(SecretId="old", IncludeDeprecated=True)["Versions"]
        assert len(versions) == 100
        assert client.get_secret_value(SecretId="old", VersionStage="AWSPREVIOUS")["SecretString"] == "99"


def test_20_labels(secret: Secret) -> None:
    """All versions of a secret have 20 staging labels at most."""
    secret.put(OTHER, stages=tuple(f"LABEL{number}" for number in range(19)))
    with refused("LimitExceededException", "20"):
        secret.put(VALUE, stages=("ONE-TOO-MANY",))


def test_sensitive_values_are_not_echoed(client: SecretsManagerClient, secret: Secret) -> None:
    """A validation error names the parameter and the constraint, and never shows a sensitive value."""
    with pytest.raises(ClientError, match=r"rotationToken.*regular expression pattern") as raised:
        client.put_secret_value(SecretId=secret.arn, SecretString="x", RotationToken="sensitive/" + "t" * 40)
    assert "sensitive" not in str(raised.value)


def test_unknown_secret(client: SecretsManagerClient, cloud: LocalSecretsManager) -> None:
    """A secret that does not exist is ResourceNotFoundException, and an error where a test asks for its labels."""
    with refused("ResourceNotFoundException", "can't find the specified secret"):
        client.describe_secret(SecretId="no/such/secret")
    with pytest.raises(AwsError, match="can't find the specified secret"):
        cloud.labels("no/such/secret")


def test_name_is_taken(secret: Secret) -> None:
    """CreateSecret with the name of another secret is refused; the same request again answers as the first did."""
    token = secret.version_with("AWSCURRENT")
    with refused("ResourceExistsException"):
        secret.client.create_secret(Name=secret.name, SecretString="other")
    again = secret.client.create_secret(Name=secret.name, SecretString=json.dumps(VALUE), ClientRequestToken=str(token))
    assert (again["ARN"], again["VersionId"]) == (secret.arn, token)


def test_deleted_secret(secret: Secret) -> None:
    """A secret marked for deletion can be described, but not read."""
    secret.client.delete_secret(SecretId=secret.arn, RecoveryWindowInDays=7)
    assert "DeletedDate" in secret.client.describe_secret(SecretId=secret.arn)
    with refused("InvalidRequestException", "marked for deletion"):
        secret.value()


def test_variations_are_reset(cloud: LocalSecretsManager) -> None:
    """Each test begins with AWS's usual behaviour."""
    assert cloud.variations == Variations()
