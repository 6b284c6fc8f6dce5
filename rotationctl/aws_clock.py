"""What time it is to AWS: this machine's clock may be wrong, and logs are searched by AWS's."""

from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any


def date_of(answer: Mapping[str, Any]) -> datetime | None:
    """When AWS answered, to the second; None where the answer does not say."""
    date = answer["ResponseMetadata"].get("HTTPHeaders", {}).get("date")
    return parsedate_to_datetime(date) if date else None
