"""What the doctor's daily logins found, read from its log: it writes a line of JSON for each."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from rotationctl.function_log import Logs, events
from rotationctl.functions import DOCTOR_BY_HAND, recognise
from rotationctl.output import moment
from secret_rotation.examination.verification import KEY, Outcome, Reason, Verification

LOOKED_BACK = timedelta(days=3)
"""Each secret's turn comes once a day."""
_OF_A_STACK = re.compile(r"(/aws/lambda/[^/]+)/[^/]+")
PATTERN = f'{{ $.{KEY}.outcome = "*" }}'
JSON = {
    "at": "when it logged in, or tried",
    "outcome": f"how that ended: {', '.join(Outcome)}",
    "reason": f"why it was unchecked: {', '.join(Reason)}; null where it was not",
    "text": "what the doctor said of it",
}
"""The keys of a verification in JSON, with their meanings."""


def json_of(verification: Verification) -> dict[str, object]:
    """The values for the keys of `JSON`."""
    return {
        "at": moment(verification.at),
        "outcome": verification.outcome.value,
        "reason": verification.reason and verification.reason.value,
        "text": verification.text,
    }


def log_groups(function_arns: Iterable[str]) -> list[str]:
    """The logs of the doctors that stand in the same stacks as these functions."""
    groups = {function.log_group for arn in function_arns if (function := recognise(arn)) and function.log_group}
    return sorted({f"{found[1]}/{DOCTOR_BY_HAND}" for group in groups if (found := _OF_A_STACK.fullmatch(group))})


def read_verifications(client: Logs, group: str, now: datetime, found: dict[str, Verification]) -> None:
    """Add the newest verification of each secret, by its ARN, to those of other groups.

    Source: CloudWatch Logs User Guide, "Filter pattern syntax" (JSON log events).
    """
    for event in events(client, group, now - LOOKED_BACK, PATTERN):
        verification = Verification.from_line(event["message"])
        if verification is None:
            continue
        last = found.get(verification.secret)
        if last is None or last.at <= verification.at:
            found[verification.secret] = verification
