"""A rotation function that does nothing, and reports its steps as those of this product do."""

import json
from collections.abc import Mapping

from lab.lambda_environment import Invocation


class Reporting:
    """A function that logs each step, unless it is silent."""

    is_silent = False

    def invoke(self, event: Mapping[str, object]) -> Invocation:
        """Report that the step has ended."""
        keys = {"level": "INFO", "secret_arn": event["SecretId"], "step": event["Step"], "duration_ms": 1}
        return Invocation(log="" if self.is_silent else json.dumps(keys))
