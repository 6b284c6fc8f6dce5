"""The service model's constraints on a request, checked before anything else, as AWS does.

Lengths, ranges, patterns, enumerations, types and required members come from botocore's own copy of the model.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache

from botocore.loaders import Loader
from botocore.model import ListShape, OperationNotFoundError, ServiceModel, Shape, StringShape, StructureShape

from lab.cloud import AwsError
from lab.secretsmanager.errors import validation

TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str, "boolean": bool, "integer": int, "long": int, "list": list, "structure": dict,
    "blob": str,  # base64 in the JSON protocol
    "timestamp": (int, float),
}  # fmt: skip


@cache
def service_model() -> ServiceModel:
    """Secrets Manager's model, parsed once."""
    return ServiceModel(Loader().load_service_model("secretsmanager", "service-2"), "secretsmanager")


def validate(operation: str, parameters: Mapping[str, object]) -> None:
    """Check a request against the service model.

    Raises:
        AwsError: ValidationException naming every member that breaks a constraint, never a sensitive value;
            UnknownOperationException for an operation that Secrets Manager does not have.
    """
    try:
        shape = service_model().operation_model(operation).input_shape
    except OperationNotFoundError:
        raise AwsError("UnknownOperationException", f"Secrets Manager has no operation {operation}.") from None
    faults = list(_faults(shape, parameters, "")) if shape else []
    if faults:
        count = f"{len(faults)} validation error{'s' if len(faults) > 1 else ''} detected"
        raise validation(f"{count}: {'; '.join(faults)}")


def _faults(shape: Shape, value: object, path: str) -> Iterator[str]:
    expected = TYPES.get(shape.type_name)
    if expected and (not isinstance(value, expected) or (isinstance(value, bool) and shape.type_name != "boolean")):
        yield f"Value at '{path or 'request'}' failed to satisfy constraint: Member must be a {shape.type_name}"
        return
    shown = _shown(shape, value)
    yield from (f"Value{shown} at '{path}' failed to satisfy constraint: {rule}" for rule in _broken(shape, value))
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        yield from _member_faults(shape, value, path)
    if isinstance(shape, ListShape) and isinstance(value, list):
        for index, item in enumerate(value, start=1):
            yield from _faults(shape.member, item, f"{path}.{index}.member")


def _member_faults(shape: StructureShape, value: Mapping[str, object], path: str) -> Iterator[str]:
    for name, member in shape.members.items():
        member_path = f"{path}.{_lower_first(name)}".lstrip(".")
        if value.get(name) is not None:
            yield from _faults(member, value[name], member_path)
        elif name in shape.required_members:
            yield f"Value null at '{member_path}' failed to satisfy constraint: Member must not be null"


def _broken(shape: Shape, value: object) -> Iterator[str]:
    if shape.type_name == "blob":  # its bounds are in bytes; the operation decodes it
        return
    limits = shape.metadata
    size = value if isinstance(value, int) else len(value) if isinstance(value, str | list) else None
    noun = "value" if isinstance(value, int) else "length"
    if size is not None and "min" in limits and size < limits["min"]:
        yield f"Member must have {noun} greater than or equal to {limits['min']}"
    if size is not None and "max" in limits and size > limits["max"]:
        yield f"Member must have {noun} less than or equal to {limits['max']}"
    if isinstance(value, str) and "pattern" in limits and not re.fullmatch(limits["pattern"], value):
        yield f"Member must satisfy regular expression pattern: {limits['pattern']}"
    if isinstance(shape, StringShape) and shape.enum and value not in shape.enum:
        yield f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"


def _shown(shape: Shape, value: object) -> str:
    return "" if shape.metadata.get("sensitive") or not isinstance(value, str | int) else f" '{value}'"


def _lower_first(name: str) -> str:
    return name[0].lower() + name[1:]
