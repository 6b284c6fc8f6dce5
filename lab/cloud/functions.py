"""The functions that are deployed in the lab: where each logs, what its configuration says, and who may invoke it."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lab.cloud.account import ACCOUNT, REGION
from lab.cloud.errors import AwsError
from lab.cloud.logs import LogStore
from lab.lambda_environment.function import Invocation, LambdaFunction

_OF_A_STACK = re.compile(r"(.+)-([A-Za-z]+)Function-[A-Za-z0-9]+")


@dataclass
class Deployed:
    """A function under its ARN; it is a `LambdaFunction` itself, and logs what the function writes.

    Attributes:
        configuration: members of GetFunctionConfiguration's answer that are not as the lab has them, such as VpcConfig.
        statements: of its resource policy, by which others may invoke it; there is none where this is empty.
    """

    arn: str
    function: LambdaFunction
    logs: LogStore
    now: Callable[[], datetime]
    configuration: dict[str, Any] = field(default_factory=dict)
    statements: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Let Secrets Manager invoke it, as template.yaml does."""
        self.statements.append(
            {
                "Sid": "SecretsManager",
                "Effect": "Allow",
                "Principal": {"Service": "secretsmanager.amazonaws.com"},
                "Action": "lambda:InvokeFunction",
                "Resource": self.arn,
                "Condition": {"StringEquals": {"AWS:SourceAccount": ACCOUNT}},
            }
        )

    @property
    def name(self) -> str:
        return self.arn.rpartition(":")[2]

    @property
    def log_group(self) -> str:
        """Where it logs: as template.yaml has it where CloudFormation named the function, else where Lambda does."""
        found = _OF_A_STACK.fullmatch(self.name)
        name = f"{found[1]}/{_kebab(found[2])}" if found else self.name
        group: str = self.configuration.get("LoggingConfig", {}).get("LogGroup", f"/aws/lambda/{name}")
        return group

    def describe(self) -> dict[str, Any]:
        """GetFunctionConfiguration's answer."""
        return {
            "FunctionName": self.name,
            "FunctionArn": self.arn,
            "Runtime": "python3.13",
            "Role": f"arn:aws:iam::{ACCOUNT}:role/{self.name}",
            "Handler": "app.lambda_handler",
            "Timeout": 60,
            "MemorySize": 512,
            "LastModified": "2026-01-01T00:00:00.000+0000",
            "Version": "$LATEST",
            "State": "Active",
            "LastUpdateStatus": "Successful",
            "PackageType": "Zip",
            "Architectures": ["arm64"],
            "Environment": {"Variables": {}},
            "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": [], "VpcId": ""},
            "LoggingConfig": {"LogFormat": "Text", "LogGroup": self.log_group},
            **self.configuration,
        }

    def invoke(self, event: Mapping[str, object]) -> Invocation:
        """Invoke it, and keep what it wrote."""
        began = self.now()
        invocation = self.function.invoke(event)
        self.logs.take(self.log_group, invocation, began, self.now())
        return invocation


class Functions:
    """All that are deployed, by their ARNs."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.logs = LogStore()
        self._now = now
        self._deployed: dict[str, Deployed] = {}

    def deploy(self, arn: str, function: LambdaFunction) -> Deployed:
        """Deploy a function, in place of another of this ARN; returns what may be configured about it."""
        deployed = Deployed(arn, function, self.logs, self._now)
        self._deployed[arn] = deployed
        return deployed

    def clear(self) -> None:
        self._deployed.clear()
        self.logs.clear()

    def find(self, name: str) -> Deployed:
        """The function of a name, or of an ARN in whole or in part, with a version or an alias or without.

        Raises:
            AwsError: ResourceNotFoundException.
        """
        bare = name.partition(":function:")[2] or name
        arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{bare.partition(':')[0]}"
        found = self._deployed.get(name) or self._deployed.get(arn)
        if found is None:
            raise AwsError("ResourceNotFoundException", f"Function not found: {arn}", 404)
        return found

    def __iter__(self) -> Iterator[Deployed]:
        return iter(sorted(self._deployed.values(), key=lambda deployed: deployed.arn))


def _kebab(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()
