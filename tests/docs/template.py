"""template.yaml as plain data: what it states, before any transform."""

from functools import cache
from typing import Any

import yaml

from tests.docs.markdown import ROOT


class Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms (!Ref X) as their long ones ({"Ref": "X"})."""


def _intrinsic(loader: Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    return {suffix: value}


Loader.add_multi_constructor("!", _intrinsic)


@cache
def template() -> dict[str, Any]:
    """The template."""
    loaded: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_text(), Loader)  # noqa: S506 - a SafeLoader
    return loaded


def environment_variables() -> dict[str, list[Any]]:
    """What the template sets for any function, by name, each value once; a parameter's value as {"Ref": parameter}."""
    resources = template()["Resources"].values()
    functions = [r["Properties"] for r in resources if r["Type"] == "AWS::Serverless::Function"]
    found: dict[str, list[Any]] = {}
    for place in (template()["Globals"]["Function"], *functions):
        for name, value in place["Environment"]["Variables"].items():
            known = found.setdefault(name, [])
            if value not in known:
                known.append(value)
    return found


def granted_actions() -> set[str]:
    """The actions that the roles of the functions allow."""
    found: set[str] = set()
    for resource in template()["Resources"].values():
        if resource["Type"] in ("AWS::IAM::Role", "AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"):
            found.update(_actions(resource["Properties"].get("Policies", resource["Properties"])))
    return found


def _actions(value: Any) -> set[str]:  # noqa: ANN401 - YAML of any shape
    if isinstance(value, list):
        return set().union(*map(_actions, value))
    if not isinstance(value, dict):
        return set()
    own = value.get("Action", [])
    return {*([own] if isinstance(own, str) else own)}.union(*map(_actions, value.values()))
