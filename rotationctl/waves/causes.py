"""Why rotations fail, as the functions' logs say: one question for all that are under way."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from rotationctl.causes import Cause, cause_in
from rotationctl.function_log import LogGroups, LogReader
from rotationctl.secret import Secret

PATTERN = '{ $.level = "ERROR" }'
"""Functions of this product log errors as JSON: secret_arn, version_id, step, error and message."""


@dataclass(slots=True)
class Causes:
    """Reads the logs of the functions of this product, a call for each of their log groups.

    FilterLogEvents is allowed 5 times a second, so nobody may ask for each secret.
    Source: CloudWatch Logs User Guide, "CloudWatch Logs quotas".

    Attributes:
        since: nothing older is read.
    """

    log: LogReader
    log_groups: LogGroups
    since: datetime

    def find(self, rotations: Mapping[str, Secret]) -> dict[str, Cause]:
        """Why rotations failed, of these: by the versions that they rotate to."""
        groups = {self.log_groups.of(str(secret.function_arn)) for secret in rotations.values() if secret.function}
        found = {}
        for group in sorted(group for group in groups if group):
            for line in self.log.lines(group, self.since, PATTERN):
                token = str(line.get("version_id"))
                if token in rotations and line.get("secret_arn") == rotations[token].arn:
                    found[token] = cause_in(line)
        return found
