"""Secrets as ListSecrets answers them, for tests that need no Secrets Manager."""

from datetime import UTC, datetime, timedelta
from typing import Any

from rotationctl.secret import Secret
from tests.rotationctl.conftest import OURS

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/shop-AbCdEf"
CURRENT = {"version-1": ["AWSPREVIOUS"], "version-2": ["AWSCURRENT"]}
PENDING = {**CURRENT, "version-3": ["AWSPENDING"]}


def ago(**time: float) -> datetime:
    """A moment so long ago: ``ago(days=3)``."""
    return NOW - timedelta(**time)


def ahead(**time: float) -> datetime:
    """A moment so far ahead."""
    return NOW + timedelta(**time)


def secret(**changes: Any) -> Secret:  # noqa: ANN401 - as boto3 answers
    """A secret that is fine but for some members of the answer; None takes a member out."""
    members = {
        "Name": "prod/shop",
        "ARN": ARN,
        "RotationEnabled": True,
        "RotationLambdaARN": OURS,
        "LastRotatedDate": ago(days=3),
        "LastChangedDate": ago(days=3),
        "LastAccessedDate": ago(days=1),
        "NextRotationDate": ahead(days=27),
        "CreatedDate": ago(days=300),
        "SecretVersionsToStages": CURRENT,
        **changes,
    }
    return Secret.from_answer({name: value for name, value in members.items() if value is not None})
