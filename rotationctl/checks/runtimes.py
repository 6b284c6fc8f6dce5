"""Until when AWS supports the runtimes of functions."""

from collections.abc import Mapping
from datetime import date

from rotationctl.checks.case import Case
from rotationctl.checks.outcome import Outcome, ok, skipped, warning

DEPRECATED: Mapping[str, date] = {
    "python3.9": date(2025, 12, 15),
    "python3.10": date(2026, 10, 31),
    "python3.11": date(2027, 6, 30),
    "python3.12": date(2028, 10, 31),
    "python3.13": date(2029, 6, 30),
    "python3.14": date(2029, 6, 30),
}
"""The runtimes of Python that are supported today, or were last, and until when.

Source: Lambda Developer Guide, "Lambda runtimes", as of November 2026.
"""


def check(case: Case) -> Outcome:
    """Whether the rotation function's own is supported."""
    runtime = case.configuration.get("Runtime")
    if runtime is None:
        return ok("It is an image, and brings its own.")
    if runtime not in DEPRECATED:
        return skipped(f"Whether AWS still supports {runtime} is not known here.")
    end = DEPRECATED[runtime]
    if end < case.adviser.now.date():
        return warning(f"AWS has given {runtime} no security updates since {end}. Deploy the stack anew.")
    return ok(f"AWS supports {runtime} until {end}.")
