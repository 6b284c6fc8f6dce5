"""Whether what answers is AWS: botocore takes what it does not know for an answer that is empty."""

import json
from collections.abc import Mapping
from typing import Any

from rotationctl.exits import StrangeAnswerError

OK = 200


def require_an_answer(operation_model: Any, response_dict: Mapping[str, Any], **_: object) -> None:  # noqa: ANN401 - botocore's
    """Look at an answer in JSON before botocore reads it: what it registers for `before-parse` is called so.

    Raises:
        StrangeAnswerError: it is no JSON object, or has no member of those that the operation answers with.
    """
    shape, service = operation_model.output_shape, operation_model.service_model
    speaks_json = service.resolved_protocol in ("json", "rest-json")
    if response_dict["status_code"] != OK or not speaks_json or not shape or "payload" in shape.serialization:
        return
    try:
        answer = json.loads(response_dict["body"])
    except ValueError:
        answer = None
    if answer == {} and service.service_name != "secretsmanager":
        return  # as Lambda answers where a function has no reserved concurrency
    names = {member.serialization.get("name", name) for name, member in shape.members.items()}
    if names and not (isinstance(answer, dict) and any(answer.get(name) is not None for name in names)):
        raise StrangeAnswerError(f"{operation_model.name} was answered with something that is no answer of AWS's.")
