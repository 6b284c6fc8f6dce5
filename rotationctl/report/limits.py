"""What a report cannot know, and which command does."""

import shlex
from collections.abc import Sequence

from secret_rotation.commands import shell_line

_ACCESS = (
    "Who may read a secret is told from its own policy alone. Identity policies, which let principals of this account "
    "read it as well, are not read; whom a secret is shared with outside of the account, Access Analyzer tells: "
    '`aws accessanalyzer list-findings-v2 --analyzer-arn "$({analyzer})" --filter {kind}{given}`.'
)
_HISTORY = (
    "The date of the last rotation is AWS's, which counts a value that was put by hand, too; an event proves one. "
    "CloudTrail's event history ends after 90 days, and has an event a quarter of an hour after it happened. Older "
    "ones are where a trail puts them."
)
_LISTING = (
    "ListSecrets may miss what happened within the five minutes before. It tells by the day when a secret was last "
    "read. The rotation function reads, too, and where it logs in between rotations, the doctor: then no secret "
    "looks unused, neither here nor to AWS Config."
)
_VALUES = (
    "No value was read. Which host and user a secret is for, whether two name the same, and whether one that does not "
    "rotate holds a database's password, only their values tell."
)


def sentences(options: Sequence[str]) -> tuple[str, ...]:
    """The limits of every report.

    Args:
        options: with which AWS is reached, for the command.

    Source: IAM User Guide, "IAM Access Analyzer filter keys"; CloudTrail User Guide, "Viewing event history".
    """
    given = f" {shell_line(options)}" if options else ""
    analyzer = f"aws accessanalyzer list-analyzers --type ACCOUNT --query 'analyzers[0].arn' --output text{given}"
    kind = shlex.quote('{"resourceType":{"eq":["AWS::SecretsManager::Secret"]}}')
    return (_ACCESS.format(analyzer=analyzer, kind=kind, given=given), _HISTORY, _LISTING, _VALUES)
