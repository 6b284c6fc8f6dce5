"""A stack as template.yaml deploys it, in the lab's AWS: a function's role, its alarm, and who is told."""

import json
from dataclasses import dataclass, field
from typing import Any

from moto.s3.models import s3_backends

from lab.cloud import ACCOUNT, Deployed
from lab.cloud.roles import let_read, let_rotate, make_role
from lab.lambda_environment import InProcessFunction, LambdaFunction
from lab.secretsmanager import LocalSecretsManager
from lab.secretsmanager.rds import DatabaseInstance
from rotationctl import __version__
from secret_rotation.doctor.catalogue import LAYERS, Place, named
from tests.rotationctl.conftest import OURS

DOCTOR = OURS.replace("PostgresqlSingleUserFunction", "RotationDoctorFunction")
BUCKET = "trail"


@dataclass
class Stack:
    """What is deployed around one rotation function.

    Attributes:
        function: the rotation function, as it is deployed.
        role: its name.
    """

    cloud: LocalSecretsManager
    function: Deployed
    role: str = field(init=False)
    topic: str = field(init=False)
    trail: str = field(init=False)
    alarm: str = field(init=False)
    rule: str = field(init=False)

    def __post_init__(self) -> None:
        """Make all of it."""
        self.role = make_role(self.of("iam"), self.function)
        self._notify()
        self._record()

    def of(self, service: str) -> Any:  # noqa: ANN401 - boto3 makes the class of a client from the service's name
        """A client of a service, as the operator."""
        return self.cloud.clients.of(service)

    def grant(self, *actions: str) -> None:
        """Let the role do these with secrets that name its function, and nothing else."""
        let_rotate(self.of("iam"), self.function, actions)

    def may_read(self, superuser_arn: str) -> None:
        """Let the function read a superuser's secret."""
        let_read(self.of("iam"), self.function, superuser_arn)

    def doctor(self, function: LambdaFunction) -> Deployed:
        """Deploy a doctor beside it."""
        return self.cloud.register(DOCTOR, function)

    def in_a_vpc(self, database: str, engine: str, port: int) -> str:
        """Put the function and a database of RDS into one VPC; returns the database's security group."""
        ec2 = self.of("ec2")
        subnet = ec2.describe_subnets()["Subnets"][0]
        vpc = subnet["VpcId"]
        ours, theirs = (
            ec2.create_security_group(GroupName=f"{database}-{side}", Description=side, VpcId=vpc)["GroupId"]
            for side in ("function", "database")
        )
        admit = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "UserIdGroupPairs": [{"GroupId": ours}]}
        ec2.authorize_security_group_ingress(GroupId=theirs, IpPermissions=[admit])
        network = {"SubnetIds": [subnet["SubnetId"]], "SecurityGroupIds": [ours], "VpcId": vpc}
        self.function.configuration["VpcConfig"] = network
        place = {"vpc": vpc, "subnets": (subnet["SubnetId"],), "security_groups": (theirs,)}
        instance = DatabaseInstance(database, engine, "localhost", port, **place)
        self.cloud.databases.instances.append(instance)
        return str(theirs)

    def _notify(self) -> None:
        sns, events = self.of("sns"), self.of("events")
        self.topic = sns.create_topic(Name="prod-Topic")["TopicArn"]
        sns.subscribe(TopicArn=self.topic, Protocol="email", Endpoint="dba@example.com")
        self.alarm = f"prod-{self.function.name}-ErrorsAlarm"
        self.of("cloudwatch").put_metric_alarm(
            AlarmName=self.alarm, Namespace="AWS/Lambda", MetricName="Errors", Statistic="Sum", Period=300,
            EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanOrEqualToThreshold",
            Dimensions=[{"Name": "FunctionName", "Value": self.function.name}], AlarmActions=[self.topic],
        )  # fmt: skip
        self.rule = "prod-RotationFailedRule"
        pattern = {"source": ["aws.secretsmanager"], "detail": {"eventName": ["RotationFailed", "RotationAbandoned"]}}
        events.put_rule(Name=self.rule, EventPattern=json.dumps(pattern))
        events.put_targets(Rule=self.rule, Targets=[{"Id": "topic", "Arn": self.topic}])

    def _record(self) -> None:
        buckets = s3_backends[ACCOUNT]["aws"]
        if BUCKET not in buckets.buckets:
            buckets.create_bucket(BUCKET, "us-east-1")
        cloudtrail = self.of("cloudtrail")
        self.trail = cloudtrail.create_trail(Name="all", S3BucketName=BUCKET, IsMultiRegionTrail=True)["TrailARN"]
        everything = {"ReadWriteType": "All", "IncludeManagementEvents": True}  # as AWS has it for a new trail
        cloudtrail.put_event_selectors(TrailName=self.trail, EventSelectors=[everything])
        cloudtrail.start_logging(Name=self.trail)


class Doctor:
    """A doctor's function that finds all well but what it is told; there is no database.

    Attributes:
        wrong: findings by the names of their checks: the result, the text and the remedy.
        answer: what it answers instead; None where it answers as a doctor.
        asked: the events that it got.
    """

    def __init__(self) -> None:
        self.version = __version__
        self.wrong: dict[str, tuple[str, str, str | None]] = {}
        self.answer: object = None
        self.asked: list[dict[str, Any]] = []

    def function(self) -> InProcessFunction:
        """The function."""
        return InProcessFunction(self._handle)

    def _handle(self, event: dict[str, Any], _context: object) -> object:
        self.asked.append(event)
        if isinstance(self.answer, Exception):
            raise self.answer
        checks = [
            self._finding(check.name) for check in named(event.get("only", LAYERS)) if check.place is not Place.AWS
        ]
        return self.answer or {"version": self.version, "checks": checks}

    def _finding(self, check: str) -> dict[str, object]:
        result, text, remedy = self.wrong.get(check, ("ok", "", None))
        return {"check": check, "result": result, "text": text, "remedy": remedy}
