"""A whole run: the stacks that it makes, one after the other, and a trial of each function."""

import secrets
from collections.abc import Sequence
from pathlib import Path

from lab.pairing import PAIRINGS, Pairing
from scripts.check_on_aws.cloud import Cloud
from scripts.check_on_aws.promises import ALL, STACK, Table
from scripts.check_on_aws.stacks import Stack, StackError
from scripts.check_on_aws.telling import tell
from scripts.check_on_aws.trial import Place, Trial

HERE = Path(__file__).parent
PREFIX = "rotation-check-"


class Run:
    """What one run makes, and what it sees.

    Attributes:
        stacks: all that it may make, in their order. No other has these names.
        table: what was seen so far.
    """

    def __init__(self, cloud: Cloud, engines: Sequence[str], built: Path, processor: str) -> None:
        self._cloud, self._engines, self._built, self._processor = cloud, engines, built, processor
        self._pairings = [pairing for pairing in PAIRINGS.values() if pairing.kit.name in engines]
        self._prefix = f"{PREFIX}{secrets.token_hex(3)}"
        made = [Stack(f"{self._prefix}-{part}", cloud.region, cloud.client("cloudformation"))
                for part in ("databases", "suite", "client")]  # fmt: skip
        self._databases, self._suite, self._client = self.stacks = tuple(made)
        self.table = Table(self._pairings)

    def go(self) -> None:
        """Make everything, and try it.

        Raises:
            StackError: a stack could not be made.
        """
        tell("Making the databases and their network, which takes the longest ...")
        databases = self._databases.deploy(HERE / "databases.yaml", self._chosen())
        tell("Deploying the suite ...")
        try:
            suite = self._deploy_suite(databases)
        except StackError as error:
            self.table.note(ALL, STACK, str(error), held=False)
            raise
        self.table.note(ALL, STACK, "it did", held=True)
        self._deploy_client(databases, suite)
        trials = [self._trial(pairing, databases, suite) for pairing in self._pairings]
        for trial in trials:
            tell(f"Trying {trial.pairing.words} ...")
            trial.run()
        tell("Waiting for alarms ...")
        for trial in trials:
            trial.look_at_alarm()
        self._try_early(trials, databases)

    def _deploy_suite(self, databases: dict[str, str], **more: str) -> dict[str, str]:
        superusers = ",".join(databases[f"{engine.title()}SuperuserSecretArn"] for engine in self._engines)
        parameters = {
            "Architecture": self._processor,
            "SubnetIds": databases["SubnetId"],
            "SecurityGroupIds": databases["FunctionSecurityGroupId"],
            "AlternatingUsersSuperuserSecretArns": superusers,
            "RotationEvents": "true",
            "MetricsNamespace": self._prefix,
            **{_camel(pairing): str(pairing in self._pairings).lower() for pairing in PAIRINGS.values()},
            **more,
        }
        return self._suite.deploy(self._built, parameters)

    def _deploy_client(self, databases: dict[str, str], suite: dict[str, str]) -> None:
        function = suite[f"{_camel(self._pairings[0])}FunctionArn"]
        configuration = self._cloud.client("lambda").get_function_configuration(FunctionName=function)
        secret = databases[f"{self._engines[0].title()}SuperuserSecretArn"]
        parameters = {
            "SubnetId": databases["SubnetId"],
            "SecurityGroupId": databases["FunctionSecurityGroupId"],
            "LayerArns": ",".join(layer["Arn"] for layer in configuration["Layers"]),
            "Architecture": self._processor,
            "SecretArns": f"{secret.partition('/')[0]}/*",
        }
        outputs = self._client.deploy(HERE / "client.yaml", parameters)
        self._cloud.client_name, self._cloud.queue_url = outputs["ClientName"], outputs["QueueUrl"]

    def _trial(self, pairing: Pairing, databases: dict[str, str], suite: dict[str, str]) -> Trial:
        engine = pairing.kit.name.title()
        place = Place(
            function=suite[f"{_camel(pairing)}FunctionArn"],
            secret=databases[f"{_camel(pairing)}SecretArn"],
            superuser=databases[f"{engine}SuperuserSecretArn"],
            alarm=self._suite.physical(f"{_camel(pairing)}ErrorsAlarm"),
            database_group=databases[f"{engine}SecurityGroupId"],
            function_group=databases["FunctionSecurityGroupId"],
            port=pairing.kit.engine.secret_format.default_port,
        )
        return Trial(pairing, place, self._cloud, self.table)

    def _try_early(self, trials: Sequence[Trial], databases: dict[str, str]) -> None:
        early = [trial for trial in trials if trial.may_rotate_early()]
        if early:
            tell("Trying PROMOTE_EARLY ...")
            self._deploy_suite(databases, PromoteEarly="true")
        for trial in early:
            trial.rotate_early()

    def _chosen(self) -> dict[str, str]:
        return {kit: str(kit.lower() in self._engines).lower() for kit in ("Postgresql", "Mysql")}


def _camel(pairing: Pairing) -> str:
    """How the templates call a function."""
    return pairing.function.title().replace("_", "")
