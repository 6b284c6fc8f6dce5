"""What is in the account of a MiniStack, as boto3 tells it."""

from collections.abc import Iterator, Mapping
from typing import Any

import boto3
from botocore.config import Config

from tests.deploy.ministack import REGION, MiniStack

BUCKET_STACK = "aws-sam-cli-managed-default"
"""The stack with the bucket that `sam deploy` keeps for all others: it stays, as it does on AWS."""

LISTS = {
    "functions": ("lambda", "list_functions", "Functions", "FunctionName"),
    "layers": ("lambda", "list_layers", "Layers", "LayerName"),
    "roles": ("iam", "list_roles", "Roles", "RoleName"),
    "log groups": ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    "alarms": ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    "dashboards": ("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
    "rules": ("events", "list_rules", "Rules", "Name"),
    "topics": ("sns", "list_topics", "Topics", "TopicArn"),
    "subscriptions": ("sns", "list_subscriptions", "Subscriptions", "SubscriptionArn"),
    "secrets": ("secretsmanager", "list_secrets", "SecretList", "Name"),
    "state machines": ("stepfunctions", "list_state_machines", "stateMachines", "name"),
    "databases": ("rds", "describe_db_instances", "DBInstances", "DBInstanceIdentifier"),
}
"""What a stack may leave behind: the service, its call, the list in the answer, and what names an item of it."""


class Account:
    """An account in which stacks are deployed."""

    def __init__(self, ministack: MiniStack) -> None:
        self._ministack = ministack
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:  # noqa: ANN401 - of any service
        """A client of boto3, which has nothing of this process's own credentials."""
        if service not in self._clients:
            session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)
            once = Config(retries={"total_max_attempts": 1}, read_timeout=120)
            url = self._ministack.url
            self._clients[service] = session.client(service, endpoint_url=url, config=once)  # type: ignore[call-overload]
        return self._clients[service]

    def inventory(self) -> set[str]:
        """All that is in the account, by kind and name."""
        listed = {f"{kind}: {name}" for kind, source in LISTS.items() for name in self._names(*source)}
        return listed | set(self._policies()) | set(self._keys()) | set(self._stacks())

    def exports(self) -> dict[str, str]:
        """What stacks export, by name."""
        pages = self.client("cloudformation").get_paginator("list_exports").paginate()
        return {export["Name"]: export["Value"] for page in pages for export in page["Exports"]}

    def _names(self, service: str, call: str, items: str, name: str) -> Iterator[str]:
        client = self.client(service)
        pages = client.get_paginator(call).paginate() if client.can_paginate(call) else [getattr(client, call)()]
        for page in pages:
            yield from (item[name] for item in page[items])

    def _policies(self) -> Iterator[str]:
        for page in self.client("iam").get_paginator("list_policies").paginate(Scope="Local"):
            yield from (f"policies: {policy['PolicyName']}" for policy in page["Policies"])

    def _keys(self) -> Iterator[str]:
        """Those that work: a key that is deleted waits for weeks, as on AWS."""
        kms = self.client("kms")
        for page in kms.get_paginator("list_keys").paginate():
            for key in page["Keys"]:
                about: Mapping[str, Any] = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
                if about["KeyState"] == "Enabled" and about.get("KeyManager") != "AWS":
                    yield f"keys: {key['KeyId']}"

    def _stacks(self) -> Iterator[str]:
        for page in self.client("cloudformation").get_paginator("describe_stacks").paginate():
            for stack in page["Stacks"]:
                if stack["StackStatus"] != "DELETE_COMPLETE" and stack["StackName"] != BUCKET_STACK:
                    yield f"stacks: {stack['StackName']}"
