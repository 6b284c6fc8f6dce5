"""What CloudFormation would make of the template for given parameters, without CloudFormation."""

import re
from collections.abc import Callable
from typing import Any, ClassVar

PSEUDO_PARAMETERS = {
    "AWS::AccountId": "111122223333",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-central-1",
    "AWS::StackName": "secret-rotation",
    "AWS::URLSuffix": "amazonaws.com",
}
NO_VALUE = object()


class Stack:
    """The resources and outputs of a template that exist under these parameters, all references resolved.

    A reference to a resource resolves to `ref:Name`, one to an attribute to `att:Name.Attribute`, what another stack
    exports to `import:Name`. A reference to what the parameters leave out is a KeyError: CloudFormation would refuse to
    deploy it.
    """

    def __init__(self, template: dict[str, Any], **parameters: str) -> None:
        """Resolve the template; parameters that are left out take their defaults, where they have one."""
        defaults = {n: str(p["Default"]) for n, p in template["Parameters"].items() if "Default" in p}
        self._parameters = {**defaults, **parameters}
        self._lists = {n for n, p in template["Parameters"].items() if p["Type"] == "CommaDelimitedList"}
        self._conditions: dict[str, Any] = template.get("Conditions", {})
        self._rules: dict[str, Any] = template.get("Rules", {})
        self._present: set[str] = set()  # conditions know of no resources
        self._present = {n for n, r in template["Resources"].items() if self._holds(r.get("Condition"))}
        self.resources: dict[str, Any] = {n: self.resolve(template["Resources"][n]) for n in sorted(self._present)}
        self.outputs: dict[str, Any] = {
            n: self.resolve(output)
            for n, output in template.get("Outputs", {}).items()
            if self._holds(output.get("Condition"))
        }

    def broken_rules(self) -> list[str]:
        """What CloudFormation would say of the rules that these parameters break, before it makes anything."""
        return [
            assertion["AssertDescription"]
            for rule in self._rules.values()
            if self.resolve(rule["RuleCondition"])
            for assertion in rule["Assertions"]
            if not self.resolve(assertion["Assert"])
        ]

    def of_type(self, kind: str) -> dict[str, Any]:
        """The properties of all resources of a type, by logical id."""
        return {n: r.get("Properties", {}) for n, r in self.resources.items() if r["Type"] == kind}

    def resolve(self, value: Any) -> Any:  # noqa: ANN401 - JSON of any shape
        """Replace all intrinsic functions in a value by their results."""
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            name, argument = next(iter(value.items()))
            if name in self._functions:
                return self._functions[name](self, argument)
        resolved = {key: self.resolve(item) for key, item in value.items()}
        return {key: item for key, item in resolved.items() if item is not NO_VALUE}

    def _holds(self, condition: str | None) -> bool:
        return condition is None or bool(self.resolve(self._conditions[condition]))

    def _ref(self, name: str) -> Any:  # noqa: ANN401
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self._lists:
            return self._parameters[name].split(",")
        known = {**PSEUDO_PARAMETERS, **self._parameters, **{n: f"ref:{n}" for n in self._present}}
        return known[name]

    def _get_att(self, path: list[str]) -> str:
        if path[0] not in self._present:
            raise KeyError(path[0])
        return "att:" + ".".join(path)

    def _if(self, argument: list[Any]) -> Any:  # noqa: ANN401
        condition, yes, no = argument
        return self.resolve(yes if self._holds(condition) else no)

    def _sub(self, argument: str | list[Any]) -> str:
        text, variables = argument if isinstance(argument, list) else (argument, {})

        def replaced(match: re.Match[str]) -> str:
            name = match[1]
            if name in variables:
                return str(self.resolve(variables[name]))
            return self._get_att(name.split(".")) if "." in name else str(self._ref(name))

        return re.sub(r"\$\{([^}]+)\}", replaced, text)

    def _equals(self, argument: list[Any]) -> bool:
        left, right = self.resolve(argument)
        return bool(left == right)

    def _join(self, argument: list[Any]) -> str:
        separator, items = argument
        return str(separator).join(self.resolve(items))

    def _select(self, argument: list[Any]) -> Any:  # noqa: ANN401
        index, items = argument
        return self.resolve(items)[int(index)]

    def _each_member_equals(self, argument: list[Any]) -> bool:
        items, value = self.resolve(argument)
        return all(item == value for item in items)

    _functions: ClassVar[dict[str, Callable[["Stack", Any], Any]]] = {
        "Ref": _ref,
        "Fn::GetAtt": _get_att,
        "Fn::If": _if,
        "Fn::ImportValue": lambda self, argument: f"import:{self.resolve(argument)}",
        "Fn::Sub": _sub,
        "Fn::Join": _join,
        "Fn::Select": _select,
        "Fn::Equals": _equals,
        "Fn::EachMemberEquals": _each_member_equals,
        "Fn::Not": lambda self, argument: not self.resolve(argument)[0],
        "Fn::And": lambda self, argument: all(self.resolve(argument)),
        "Fn::Or": lambda self, argument: any(self.resolve(argument)),
        "Condition": _holds,
    }
