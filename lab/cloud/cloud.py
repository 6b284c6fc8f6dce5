"""Which of the services answers a request."""

from collections.abc import Callable, Mapping
from datetime import datetime

from lab.cloud.account import ACCOUNT, REGION
from lab.cloud.errors import AwsError
from lab.cloud.functions import Functions
from lab.cloud.http import HttpRequest, Reply, json_reply
from lab.cloud.identity import get_caller_identity
from lab.cloud.lambda_service import LambdaService
from lab.cloud.logs import describe_log_groups, filter_log_events
from lab.cloud.moto_services import SERVICES, MotoServices
from lab.cloud.simulation import simulate_principal_policy
from lab.cloud.trail import Trail


class Cloud:
    """The services beside Secrets Manager and RDS.

    Attributes:
        functions: the functions that are deployed, with their logs.
        trail: CloudTrail's event history.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.functions = Functions(now)
        self.trail = Trail(now)
        self._lambda = LambdaService(self.functions)
        self._moto = MotoServices()
        self._own: Mapping[tuple[str, str], Callable[[HttpRequest], Reply]] = {
            ("iam", "SimulatePrincipalPolicy"): simulate_principal_policy,
            ("cloudtrail", "LookupEvents"): lambda request: json_reply(self.trail.lookup_events(request.json())),
            ("logs", "DescribeLogGroups"): self._describe_log_groups,
            ("logs", "FilterLogEvents"): self._filter_log_events,
            ("sts", "GetCallerIdentity"): get_caller_identity,
        }

    @staticmethod
    def operation(request: HttpRequest) -> str:
        """The name of the operation that a request asks for."""
        return LambdaService.operation(request) if request.service == "lambda" else request.operation

    def answer(self, request: HttpRequest) -> Reply:
        """Answer a request to any service.

        Raises:
            AwsError: what the service answers; also where the lab has no such service or operation.
        """
        if request.service == "lambda":
            return self._lambda.answer(request)
        if own := self._own.get((request.service, request.operation)):
            return own(request)
        if request.service in SERVICES:
            return self._moto.answer(request)
        raise AwsError("NotImplementedException", f"The lab has no service {request.service}.", 501)

    def reset(self) -> None:
        """Forget the functions, their logs, the event history, and what moto's services hold."""
        self.functions.clear()
        self.trail.clear()
        self._moto.reset()

    def _groups(self) -> set[str]:
        return {deployed.log_group for deployed in self.functions}

    def _describe_log_groups(self, request: HttpRequest) -> Reply:
        return json_reply(describe_log_groups(self._groups(), f"arn:aws:logs:{REGION}:{ACCOUNT}", request.json()))

    def _filter_log_events(self, request: HttpRequest) -> Reply:
        return json_reply(filter_log_events(self.functions.logs, self._groups(), request.json()))
