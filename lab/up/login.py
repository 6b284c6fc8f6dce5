"""``python -m lab login SECRET``: does each version of a secret log in?"""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.console import Printer
from lab.engines import kit_for_key
from lab.secretsmanager.clients import Clients
from lab.servers import Login, ServerFacts
from lab.up.endpoint import LabEndpoint
from lab.up.files import ca_bundle

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

LABELS = ("AWSCURRENT", "AWSPENDING", "AWSPREVIOUS")
NOBODY = Login("", "")


def log_in(secret_name: str, endpoint: LabEndpoint, printer: Printer) -> bool:
    """Print of each label whether its version logs in.

    Returns:
        Whether AWSCURRENT does.
    """
    client = Clients(endpoint.url).secrets_manager()
    trust = ca_bundle(endpoint)
    accepted = {label: _log_in(client, secret_name, label, trust, printer) for label in LABELS}
    return accepted["AWSCURRENT"]


def _log_in(client: "SecretsManagerClient", secret_name: str, label: str, trust: Path, printer: Printer) -> bool:
    value = _value(client, secret_name, label)
    if value is None:
        printer.line(f"{label:<11} no version has a value under this label")
        return False
    host, port = value["host"], int(value["port"])
    facts = ServerFacts(value["engine"], "", host, port, trust, NOBODY, NOBODY, Path(os.devnull))
    server = kit_for_key(value["engine"]).shared(facts)
    accepted = server.can_log_in(value["username"], value["password"], value.get("dbname"))
    outcome = "logs in" if accepted else printer.bad("is refused")
    printer.line(f"{label:<11} {value['username']} {outcome} at {host}:{port}")
    return accepted


def _value(client: "SecretsManagerClient", secret_name: str, label: str) -> dict[str, Any] | None:
    client.describe_secret(SecretId=secret_name)  # a secret that is not there is an error, a label is not
    try:
        answer = client.get_secret_value(SecretId=secret_name, VersionStage=label)
    except client.exceptions.ResourceNotFoundException:
        return None
    value: dict[str, Any] = json.loads(answer["SecretString"])
    return value
