"""Print template.yaml as CloudFormation gets it: the SAM transform applied, without calling AWS.

cfn-lint sees circular references and properties that the transform makes only here; the tests read policies from here.
Runs with the Python that has aws-sam-cli (`make` keeps one in .venv-sam).
"""

import json
import sys
from pathlib import Path

from boto3.session import Session
from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

TEMPLATE = Path(__file__).parent.parent / "template.yaml"


def transformed(template: Path) -> dict[str, object]:
    """Apply the SAM transform. Code is given a place in S3, as `sam package` would."""
    source = yaml_parse(template.read_text())
    for resource in source["Resources"].values():
        for key in ("CodeUri", "ContentUri"):
            if key in resource.get("Properties", {}):
                resource["Properties"][key] = "s3://bucket/key"
    anywhere = Session(region_name="eu-central-1")
    return dict(Translator({}, Parser(), boto_session=anywhere).translate(source, parameter_values={}))


if __name__ == "__main__":
    json.dump(transformed(TEMPLATE), sys.stdout, indent=1)
