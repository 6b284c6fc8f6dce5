"""The calls of Secrets Manager that no rotation can do without, through a plain boto3 client that is made at init."""

import json
import secrets
import string
from typing import Any

import boto3

client = boto3.client("secretsmanager")

Event = dict[str, str]


def create_secret(event: Event, *, alternate: bool) -> None:
    """3 calls: the labels, AWSCURRENT, and AWSPENDING with a new password."""
    client.describe_secret(SecretId=event["SecretId"])
    pending = current(event)
    pending["password"] = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(32))
    if alternate:
        pending["username"] = other(pending["username"])
    client.put_secret_value(
        SecretId=event["SecretId"],
        ClientRequestToken=event["ClientRequestToken"],
        SecretString=json.dumps(pending),
        VersionStages=["AWSPENDING"],
        RotationToken=event["RotationToken"],
    )


def current(event: Event) -> dict[str, Any]:
    """1 call: AWSCURRENT."""
    return value(SecretId=event["SecretId"], VersionStage="AWSCURRENT")


def pending(event: Event) -> dict[str, Any]:
    """1 call: AWSPENDING."""
    return value(SecretId=event["SecretId"], VersionStage="AWSPENDING", VersionId=event["ClientRequestToken"])


def superuser(secret: dict[str, Any]) -> dict[str, Any]:
    """1 call: AWSCURRENT of the superuser's secret."""
    return value(SecretId=secret["masterarn"], VersionStage="AWSCURRENT")


def value(**which: str) -> dict[str, Any]:
    """1 call: the value of a version."""
    document: dict[str, Any] = json.loads(client.get_secret_value(**which)["SecretString"])
    return document


def finish_secret(event: Event) -> None:
    """2 calls: the labels, and the move of AWSCURRENT."""
    versions = client.describe_secret(SecretId=event["SecretId"])["VersionIdsToStages"]
    client.update_secret_version_stage(
        SecretId=event["SecretId"],
        VersionStage="AWSCURRENT",
        MoveToVersionId=event["ClientRequestToken"],
        RemoveFromVersionId=next(version for version, stages in versions.items() if "AWSCURRENT" in stages),
    )


def other(username: str) -> str:
    """The user with which this one takes turns."""
    return username.removesuffix("_clone") if username.endswith("_clone") else username + "_clone"
