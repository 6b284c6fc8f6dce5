"""One secret as its metadata shows it: what ListSecrets and DescribeSecret answer, and never a value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from rotationctl.exits import StrangeAnswerError
from rotationctl.functions import RotationFunction, recognise
from secret_rotation.labels import AWSCURRENT, Labels

DATABASE_TAGS = ("aws:rds:primaryDBInstanceArn", "aws:rds:primaryDBClusterArn")
"""What RDS puts on a secret that it manages, with the ARN of its database.

Source: Amazon RDS User Guide, "Password management with AWS Secrets Manager".
"""
_COLONS = "arn:partition:secretsmanager:region:account:secret:name".count(":")


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret's metadata.

    Attributes:
        owner: the AWS service, or the partner, that manages the secret.
        last_changed: when anything about it changed: a label, a tag, a value.
        last_accessed: the day on which its value was last read, by the rotation function too.
        rules: its RotationRules, as they are.
        kms_key: None for AWS's own key, aws/secretsmanager.

    Source: Secrets Manager API Reference, SecretListEntry and DescribeSecret.
    """

    name: str
    arn: str
    labels: Labels
    tags: Mapping[str, str]
    rotation_enabled: bool = False
    function_arn: str | None = None
    owner: str | None = None
    primary_region: str | None = None
    created: datetime | None = None
    last_rotated: datetime | None = None
    last_changed: datetime | None = None
    last_accessed: datetime | None = None
    next_rotation: datetime | None = None
    deleted: datetime | None = None
    rules: Mapping[str, Any] = field(default_factory=dict)
    kms_key: str | None = None

    @classmethod
    def from_answer(cls, answer: Mapping[str, Any]) -> Self:
        """Read an entry of ListSecrets, or the answer of DescribeSecret: they differ in one name.

        Raises:
            StrangeAnswerError: it has no name, or no ARN.
        """
        if not answer.get("Name") or answer.get("ARN", "").count(":") < _COLONS:
            raise StrangeAnswerError("A secret was described without its name or its ARN.")
        stages = answer.get("SecretVersionsToStages") or answer.get("VersionIdsToStages") or {}
        return cls(
            name=answer["Name"],
            arn=answer["ARN"],
            labels=Labels(answer["ARN"], {version: frozenset(labels) for version, labels in stages.items()}),
            tags={tag["Key"]: tag.get("Value", "") for tag in answer.get("Tags", ())},
            rotation_enabled=bool(answer.get("RotationEnabled")),
            function_arn=answer.get("RotationLambdaARN"),
            owner=answer.get("OwningService") or answer.get("Type"),
            primary_region=answer.get("PrimaryRegion"),
            created=answer.get("CreatedDate"),
            last_rotated=answer.get("LastRotatedDate"),
            last_changed=answer.get("LastChangedDate"),
            last_accessed=answer.get("LastAccessedDate"),
            next_rotation=answer.get("NextRotationDate"),
            deleted=answer.get("DeletedDate"),
            rules=answer.get("RotationRules") or {},
            kms_key=answer.get("KmsKeyId"),
        )

    @property
    def region(self) -> str:
        """Where this copy of the secret is."""
        return self.arn.split(":")[3]

    @property
    def current(self) -> str | None:
        """The version that is AWSCURRENT; None where the secret has no value yet."""
        return self.labels.holder(AWSCURRENT)

    @property
    def pending(self) -> str | None:
        """The version of a rotation that is not complete: AWSPENDING, and not AWSCURRENT as well."""
        return self.labels.unfinished

    @property
    def rules_to_set(self) -> Mapping[str, Any]:
        """Its rules as RotateSecret takes them; empty where it has no schedule.

        AWS calculates AutomaticallyAfterDays from a ScheduleExpression; RotateSecret takes only one of the two.
        Source: Secrets Manager API Reference, RotationRulesType.
        """
        left_out = {"AutomaticallyAfterDays"} if "ScheduleExpression" in self.rules else set()
        return {name: value for name, value in self.rules.items() if name not in left_out}

    @property
    def may_fire(self) -> bool:
        """Whether a change of its schedule leaves a rotation that is planned: by days or a rate(), and not by cron().

        Source: Secrets Manager API Reference, RotateSecret, RotateImmediately.
        """
        expression = str(self.rules.get("ScheduleExpression", ""))
        return self.rotation_enabled and bool(self.rules) and not expression.startswith("cron(")

    @property
    def function(self) -> RotationFunction | None:
        """The function of this product that rotates it, or None where another or none does."""
        return recognise(self.function_arn) if self.function_arn else None
