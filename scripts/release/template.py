"""The template of a release: its code is in zips beside it, and it describes itself to the application repository."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from samcli.yamlhelper import yaml_parse

import rotationctl

CODE = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}
"""The property that says where the code of a resource is, by the resource's type."""
HOW_TO_BUILD = ("BuildMethod", "ContextPath")
"""What a resource's metadata tells `sam build`, which has nothing to do any more."""


def load(file: Path) -> dict[str, Any]:
    """The template, with the long forms of CloudFormation's functions."""
    loaded: dict[str, Any] = yaml_parse(file.read_text())
    return loaded


def parts(template: Mapping[str, Any]) -> list[str]:
    """The logical ids of all that has code."""
    return [name for name, resource in template["Resources"].items() if resource["Type"] in CODE]


def released(template: Mapping[str, Any]) -> str:
    """The template as JSON without a blank, which is the shortest."""
    resources = {name: _released(name, resource) for name, resource in template["Resources"].items()}
    metadata = {**template["Metadata"], "AWS::ServerlessRepo::Application": _application(template["Description"])}
    return json.dumps({**template, "Metadata": metadata, "Resources": resources}, separators=(",", ":"))


def _released(name: str, resource: Mapping[str, Any]) -> Mapping[str, Any]:
    if resource["Type"] not in CODE:
        return resource
    properties = {**resource["Properties"], CODE[resource["Type"]]: f"{name}.zip"}
    metadata = {key: value for key, value in resource.get("Metadata", {}).items() if key not in HOW_TO_BUILD}
    rest = {key: value for key, value in resource.items() if key != "Metadata"}
    return {**rest, **({"Metadata": metadata} if metadata else {}), "Properties": properties}


def _application(description: str) -> dict[str, Any]:
    """What AWS's Serverless Application Repository shows.

    Source: AWS SAM Developer Guide, "AWS::ServerlessRepo::Application".
    """
    return {
        "Name": "secret-rotation",
        "Description": description,
        "Author": "secret-rotation",
        "SpdxLicenseId": "Apache-2.0",
        "LicenseUrl": "LICENSE",
        "ReadmeUrl": "README.md",
        "Labels": ["secretsmanager", "rotation", "rds", "aurora", "postgresql", "mysql"],
        "HomePageUrl": rotationctl.REPOSITORY,
        "SourceCodeUrl": f"{rotationctl.REPOSITORY}/tree/v{rotationctl.__version__}",
        "SemanticVersion": rotationctl.__version__,
    }
