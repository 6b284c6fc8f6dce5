"""What the lab's AWS answers beside Secrets Manager and RDS, at the same address: the services that operators ask.

Lambda, CloudWatch Logs and CloudTrail know of the functions that rotate here, and of what became of it. STS says who is
asking. All else is moto's, in this process: its state is shared by all labs of a process, and `Cloud.reset` empties it.
"""

from lab.cloud.account import ACCOUNT, REGION
from lab.cloud.cloud import Cloud
from lab.cloud.errors import AwsError, ConnectionDroppedError
from lab.cloud.functions import Deployed, Functions
from lab.cloud.http import HttpRequest, Reply
from lab.cloud.identity import identity_of
from lab.cloud.trail import Event, Trail

__all__ = [
    "ACCOUNT",
    "REGION",
    "AwsError",
    "Cloud",
    "ConnectionDroppedError",
    "Deployed",
    "Event",
    "Functions",
    "HttpRequest",
    "Reply",
    "Trail",
    "identity_of",
]
