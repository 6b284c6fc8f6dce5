"""A strict local Secrets Manager: moto's, with AWS's rules put back, and a rotation service that behaves as AWS's."""

from lab.secretsmanager.clients import FUNCTION_CALLER, OPERATOR_CALLER
from lab.secretsmanager.events import EventName
from lab.secretsmanager.operations import Variations
from lab.secretsmanager.rds import DatabaseCluster, DatabaseInstance
from lab.secretsmanager.rotation_service import RetryPolicy, Run
from lab.secretsmanager.server import LocalSecretsManager

__all__ = [
    "FUNCTION_CALLER",
    "OPERATOR_CALLER",
    "DatabaseCluster",
    "DatabaseInstance",
    "EventName",
    "LocalSecretsManager",
    "RetryPolicy",
    "Run",
    "Variations",
]
