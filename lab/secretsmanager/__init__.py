"""A strict local Secrets Manager: moto's, with AWS's rules put back, and a rotation service that behaves as AWS's."""

from lab.secretsmanager.calls import Call, CallLog
from lab.secretsmanager.clients import FUNCTION_CALLER, OPERATOR_CALLER
from lab.secretsmanager.events import EventName, RotationEvent
from lab.secretsmanager.faults import Fault, Faults
from lab.secretsmanager.operations import Variations
from lab.secretsmanager.rds import DatabaseCluster, DatabaseInstance
from lab.secretsmanager.remote import SecretsManagerProcess
from lab.secretsmanager.rotation_service import RetryPolicy, Run, StepRecord
from lab.secretsmanager.server import LocalSecretsManager

__all__ = [
    "FUNCTION_CALLER",
    "OPERATOR_CALLER",
    "Call",
    "CallLog",
    "DatabaseCluster",
    "DatabaseInstance",
    "EventName",
    "Fault",
    "Faults",
    "LocalSecretsManager",
    "RetryPolicy",
    "RotationEvent",
    "Run",
    "SecretsManagerProcess",
    "StepRecord",
    "Variations",
]
