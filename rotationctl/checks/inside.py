"""What the doctor's function found within the database's network.

It is asked once, for all checks that run there: a second time would cost the database another login.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import rotationctl
from rotationctl.checks.asking import MissingError, UnansweredError
from rotationctl.checks.case import Case
from rotationctl.checks.outcome import Outcome, failed, ok, skipped, warning
from rotationctl.functions import function_name, is_doctor_of
from rotationctl.text import printable
from secret_rotation.doctor.catalogue import CATALOGUE, Place
from secret_rotation.doctor.findings import Finding

PARAMETER = "Doctor=true"
"""What deploys it."""
DOCTOR, VERSION = "function.doctor", "function.version"
ALL = [check.name for check in CATALOGUE if check.place is Place.INSIDE]
NOBODY = "Nobody has looked from within the network."


@dataclass(frozen=True, slots=True)
class Answer:
    """What the doctor says.

    Attributes:
        doctor: whether there is one, and whether it answers.
        version: of the product; None where it says none.
        findings: what it found, by the names of the checks.
    """

    doctor: Outcome
    version: str | None
    findings: Mapping[str, Finding]

    def finding(self, check: str) -> Finding:
        """What it says of a check."""
        if check == DOCTOR:
            return self.doctor.named(check)
        if check == VERSION:
            return self._version().named(check)
        return self.findings.get(check) or skipped(NOBODY).named(check)

    def _version(self) -> Outcome:
        ours = rotationctl.__version__
        if self.version is None:
            return skipped("The doctor's function says it, and did not.")
        if self.version == ours:
            return ok(f"Both are of version {ours}.")
        text = f"The stack is of version {printable(self.version)}, rotationctl of {ours}. Install or deploy the same."
        return warning(text)


def nobody(why: Outcome) -> Answer:
    """The answer where there is none."""
    return Answer(why, None, {})


def ask_function(case: Case, named: str | None, checks: Sequence[str]) -> Answer:
    """Have the doctor's function look at the secret.

    Args:
        case: the secret.
        named: the function, where it is not the one of the rotation function's stack.
        checks: what to look for.
    """
    try:
        function = named or _find(case)
    except UnansweredError as error:
        return nobody(skipped(f"{error} Name the function with --doctor, or look from here with --local."))
    if function is None:
        return nobody(skipped(f"{_without_doctor(case)} with --doctor, or look from here with --local."))
    try:
        return _invoke(case, function, checks)
    except MissingError:
        return nobody(failed(f"There is no function {printable(function)}."))
    except UnansweredError as error:
        return nobody(skipped(f"{error} Look from here with --local."))


def _without_doctor(case: Case) -> str:
    if case.function_arn is None:
        return "No function is attached, whose stack would have a doctor's function. Name one"
    return (
        f"There is no doctor's function in the stack of {case.name}. Deploy the stack with {PARAMETER}, name another's"
    )


def _find(case: Case) -> str | None:
    """The doctor of the stack whose function rotates the secret: CloudFormation gives both the stack's name."""
    for function in case.functions:
        if is_doctor_of(case.name, function["FunctionName"]):
            return str(function["FunctionArn"])
    return None


def _invoke(case: Case, function: str, checks: Sequence[str]) -> Answer:
    event: dict[str, object] = {"action": "check", "secret": case.secret.arn}
    if [*checks] != ALL:  # a doctor of another version has other checks: it is not asked for ours by name
        event["only"] = [*checks]
    if case.planned:
        event["strategy"] = case.planned.strategy.module
    answer = case.aws.invoke(function, json.dumps(event).encode())
    try:
        document = json.loads(answer["Payload"].read())
    except ValueError:
        document = None
    if answer.get("FunctionError"):
        return nobody(_broken(case, function, document))
    try:
        return _read(case, document, function)
    except (TypeError, KeyError, ValueError):
        return nobody(failed(f"{printable(function_name(function))} is no doctor: it answered something else."))


def _read(case: Case, document: Any, function: str) -> Answer:  # noqa: ANN401 - whatever a function answers
    findings: Iterable[Finding] = (Finding.from_json(entry) for entry in document["checks"])
    by_name = {finding.check: _typed_here(case, finding) for finding in findings}
    return Answer(ok(f"{function_name(function)} does."), str(document["version"]), by_name)


def _typed_here(case: Case, finding: Finding) -> Finding:
    """The finding, with the options of this command in its own commands: the function knows of none."""
    remedy = finding.remedy
    if not remedy or not remedy.startswith("aws "):
        return finding
    return replace(finding, remedy=" && ".join(map(case.adviser.connection.complete, remedy.split(" && "))))


def _broken(case: Case, function: str, document: Any) -> Outcome:  # noqa: ANN401 - as above
    """Source: Lambda Developer Guide, "Understanding the Invoke response": errorType and errorMessage."""
    error = document if isinstance(document, dict) else {}
    message = printable(f"{error.get('errorType', 'an error')}: {error.get('errorMessage', 'nothing said')}")
    group = case.command(
        "lambda", "get-function-configuration", "--function-name", function, "--query", "LoggingConfig.LogGroup"
    )
    if "timed out" in message.lower():
        return failed(
            f"It did not end in time ({message}). Most likely its subnets lead neither to Secrets Manager's endpoint "
            "nor to a NAT gateway.",
            group,
        )
    return failed(f"It failed: {message}", group)
