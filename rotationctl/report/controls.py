"""Which sentence of which control a report supports, and how it agrees with AWS's own checks.

Source: Security Hub CSPM User Guide, "Controls for Secrets Manager", whose mapping to requirements this is; AWS Config
Developer Guide, the managed rules `secretsmanager-*`. No edition of CIS AWS Foundations asks for rotation.
"""

from dataclasses import dataclass

from rotationctl.report.rules import Rule

_NOT_ROTATED = (Rule.NOT_COMPLETE, Rule.OVERDUE, Rule.OFF, Rule.NEVER, Rule.LAST_FAILED)
AWS_DAYS = 90
"""What AWS Config and Security Hub compare with, unless somebody set something else."""


@dataclass(frozen=True, slots=True)
class Control:
    """A control.

    Attributes:
        sentence: what the report shows for it, and what it does not.
        against: what speaks against it, where it is found.
    """

    control_id: str
    sentence: str
    against: tuple[Rule, ...]


CONTROLS = (
    Control(
        "PCI DSS 4.0.1, 8.6.3",
        "Passwords of application and system accounts are changed periodically. Shown: each schedule, the date of the "
        "last rotation, and the events that prove it. Not shown: the risk analysis that sets the interval, and how "
        "complex the passwords are.",
        (*_NOT_ROTATED, Rule.TOO_OLD, Rule.OUT_OF_SYNC),
    ),
    Control(
        "PCI DSS 4.0.1, 8.3.9",
        "A password that is the only factor is changed at least once in 90 days. Shown: how old each password is, and "
        "how long one lives at most by schedule and strategy, against --max-age.",
        (Rule.TOO_OLD, Rule.LIVES_TOO_LONG),
    ),
    Control(
        "NIST SP 800-53 Rev. 5, AC-2(1)",
        "Accounts are managed by automated means. Shown: which function changes each password, on which schedule, and "
        "that no rotation waits for a person.",
        (*_NOT_ROTATED, Rule.OTHER_FUNCTION),
    ),
    Control(
        "NIST SP 800-53 Rev. 5, AC-3(15)",
        "Access control is enforced. Shown: whom each secret's own policy lets read it, and that a password ends. "
        "Not shown: what identity policies allow.",
        (Rule.OPEN_POLICY, Rule.LIVES_TOO_LONG),
    ),
)
CONTROL_JSON = {
    "control": "the control's id",
    "sentence": "what the report shows for it, and what it does not",
    "against": "the rules that speak against it",
    "not_fine": "for how many secrets one of them was found, and is not waived",
    "waived": "for how many others it is waived",
    "secrets": "of how many",
}
"""The keys of a control in JSON, with their meanings."""


@dataclass(frozen=True, slots=True)
class Check:
    """A check of AWS's own, and how the report agrees with it."""

    check_id: str
    rule: str
    agreement: str


CHECKS = (
    Check(
        "SecretsManager.1",
        "secretsmanager-rotation-enabled-check",
        "Agrees with rotation-off. It fails each secret that is left out here as no rotation, too, whatever that "
        "secret holds.",
    ),
    Check(
        "SecretsManager.2",
        "secretsmanager-scheduled-rotation-success-check",
        "Agrees with overdue, which is AWS's own next date in the past, for every kind of schedule.",
    ),
    Check(
        "SecretsManager.3",
        "secretsmanager-secret-unused",
        f"Agrees with unused: {AWS_DAYS} days in both. What the rotation function and the doctor read counts in both: "
        "neither finds any where the doctor logs in each day.",
    ),
    Check(
        "SecretsManager.4",
        "secretsmanager-secret-periodic-rotation",
        f"Agrees with password-too-old at --max-age {AWS_DAYS}d. It knows no lives-too-long: with two users, or two "
        "passwords for one, a password lives for two intervals.",
    ),
)
CHECK_JSON = {
    "check": "the control's id in Security Hub",
    "rule": "the rule of AWS Config behind it",
    "agreement": "how the report agrees with it, and where it does not",
}
"""The keys of one of AWS's checks in JSON, with their meanings."""
