"""Checks of the rotation function: that it is there, can run, and is invoked by Secrets Manager alone."""

from collections.abc import Mapping
from typing import Any

from rotationctl.checks import runtimes
from rotationctl.checks.asking import MissingError
from rotationctl.checks.case import Case
from rotationctl.checks.needing import needing_function
from rotationctl.checks.outcome import Outcome, failed, ok, skipped, warning
from rotationctl.policies import Statement, statements
from secret_rotation.errors import InvalidSettingsError
from secret_rotation.settings import Settings

SERVICE = "secretsmanager.amazonaws.com"
LEAST_SECONDS = 60
_FILES = ("RDS_CA_BUNDLE",)
"""Settings whose values are files of the function's."""


def _ours(case: Case) -> Outcome:
    if case.function_arn is None:
        return _without(case)
    if case.function is not None:
        wanted = case.planned and case.planned.strategy.module
        if wanted and wanted != case.function.strategy:
            return failed(f"{case.name} is for {case.function}. Name one of that strategy with --function.")
        return ok(f"It is for {case.function}.")
    return warning(
        f"{case.name} has not the name of a function of this product. What follows is about any function; what it does "
        "inside, nobody can tell.",
        case.command("lambda", "get-function-configuration", "--function-name", case.function_arn or ""),
    )


def _without(case: Case) -> Outcome:
    if case.planned is None:
        return skipped("No function is attached.")
    if not case.candidates:
        return failed(f"No function here is one of this product for {case.planned.strategy}. Deploy the stack.")
    names = " or ".join(case.candidates)
    return skipped(f"Several functions have that strategy. Name the one of the secret's engine: --function {names}.")


def _exists(case: Case) -> Outcome:
    try:
        return ok(f"It is {case.configuration['FunctionArn']}.")
    except MissingError:
        text = f"There is no function {case.name}: deploy its stack again, and attach the function that you get."
        return failed(text, case.command("lambda", "list-functions", "--query", "Functions[].FunctionArn"))


def _state(case: Case) -> Outcome:
    """Source: Lambda Developer Guide, "Lambda function states"."""
    found = case.configuration
    state, update = found.get("State", "Active"), found.get("LastUpdateStatus", "Successful")
    show = case.command("lambda", "get-function-configuration", "--function-name", case.function_arn or "")
    if state == "Inactive":
        return warning("It was idle for long; the first invocation wakes it, and may fail.", show)
    if state != "Active":
        return failed(f"It is {state}, and cannot be invoked: {found.get('StateReason', 'no reason given')}", show)
    if update == "Failed":
        text = f"Its last update failed, so that the code before it runs: {found.get('LastUpdateStatusReason', '')}"
        return warning(text.rstrip(": "), show)
    return ok(f"Its state is {state}, and that of its last update {update}.")


def _permission(case: Case) -> Outcome:
    """Source: Secrets Manager User Guide, "Lambda rotation function execution role permissions"."""
    try:
        document = case.aws.call("lambda", "get_policy", FunctionName=case.function_arn)["Policy"]
    except MissingError:
        document = "{}"
    found = [statement for statement in statements(document) if _admits(statement)]
    admit = case.command(
        "lambda", "add-permission", "--function-name", case.function_arn or "", "--statement-id", "SecretsManager",
        "--action", "lambda:InvokeFunction", "--principal", SERVICE, "--source-account", case.account,
    )  # fmt: skip
    if not found:
        return failed("Secrets Manager may not invoke it.", admit)
    for statement in found:
        accounts = statement.condition("aws:SourceAccount")
        if not accounts and not statement.condition("aws:SourceArn"):
            remove = case.command(
                "lambda",
                "remove-permission",
                "--function-name",
                case.function_arn or "",
                "--statement-id",
                statement.sid,
            )
            text = "Its policy admits Secrets Manager for secrets of every account (the confused deputy)."
            # Not the other way round: two statements cannot have one name.
            return warning(text, f"{remove} && {admit}")
        if accounts and case.account not in accounts:
            return failed(f"Its policy admits Secrets Manager for account {', '.join(accounts)} alone.", admit)
    return ok(f"It admits Secrets Manager for account {case.account}.")


def _admits(statement: Statement) -> bool:
    return statement.allows and statement.names_service(SERVICE) and statement.names("lambda:InvokeFunction")


def _settings(case: Case) -> Outcome:
    found, environment = case.configuration, case.configuration.get("Environment", {})
    if "Error" in environment:
        return failed(f"Lambda cannot decrypt its environment: {environment['Error'].get('Message', '')}")
    variables = environment.get("Variables", {})
    if case.function is not None:
        try:
            Settings.from_environ({name: value for name, value in variables.items() if name not in _FILES}, "")
        except InvalidSettingsError as error:
            return failed(f"{error} Every rotation stops at once; correct the parameter of the stack, and deploy it.")
    if found.get("Timeout", 0) < LEAST_SECONDS:
        return warning(
            f"It may run for {found.get('Timeout')} s. Waiting for a lock, or for a database that was paused, takes "
            f"longer: {LEAST_SECONDS} s are right.",
            case.command(
                "lambda", "update-function-configuration", "--function-name", case.name,
                "--timeout", str(LEAST_SECONDS),
            ),
        )  # fmt: skip
    return ok(f"It has {found['Timeout']} s, and is {_where(found)}.")


def _where(configuration: Mapping[str, Any]) -> str:
    subnets = (configuration.get("VpcConfig") or {}).get("SubnetIds") or ()
    return f"in {', '.join(subnets)}" if subnets else "in no VPC, so that it reaches public databases only"


CHECKS = {
    "function.ours": _ours,
    "function.exists": needing_function(_exists),
    "function.state": needing_function(_state),
    "function.runtime": needing_function(runtimes.check),
    "function.permission": needing_function(_permission),
    "function.settings": needing_function(_settings),
}
