"""A fleet for an auditor: a secret for each thing that a report has a word for, with a history of rotations."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

from lab.application import Secret
from lab.lambda_environment import InProcessFunction, Invocation
from secret_rotation.examination.verification import Outcome, Verification
from tests.rotationctl.conftest import ANOTHERS, OURS, Account

_STACK = f"{OURS.rpartition(':')[0]}:prod"
TWO_USERS = f"{_STACK}-MysqlAlternatingUsersFunction-2b3C4d5E6f7G"
TWO_PASSWORDS = f"{_STACK}-MysqlSingleUserFunction-3c4D5e6F7g8H"
FAILING = f"{_STACK}-PostgresqlAlternatingUsersFunction-4d5E6f7G8h9I"
DOCTOR = f"{_STACK}-RotationDoctorFunction-5e6F7g8H9i0J"
MONTHLY = {"AutomaticallyAfterDays": 30}
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::444455556666:role/payroll"},
            "Action": "secretsmanager:GetSecretValue",
            "Resource": "*",
        },
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "secretsmanager:*",
            "Resource": "*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    ],
}


class Doctor:
    """Stands in for the doctor, of which a report knows the log alone: each invocation writes the line it is given."""

    def invoke(self, event: Mapping[str, object]) -> Invocation:
        """Write the line."""
        return Invocation(log=json.dumps(event))


def tagged(owner: str, **others: str) -> list[dict[str, str]]:
    """The tags of a secret: its owner, and others, in whose keys `__` stands for a colon, and `_` for a hyphen."""
    keys = {key.replace("__", ":").replace("_", "-"): value for key, value in others.items()}
    return [{"Key": key, "Value": value} for key, value in {"owner": owner, **keys}.items()]


class Fleet:
    """The secrets of an account, and how to add to them."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.doctor = account.cloud.register(DOCTOR, Doctor())
        for arn in (TWO_USERS, TWO_PASSWORDS):
            account.cloud.register(arn, InProcessFunction(account.rotate))
        account.cloud.register(FAILING, InProcessFunction(lambda *_: 1 / 0))
        account.cloud.set_attempts(1)

    @contextmanager
    def ago(self, days: float) -> Iterator[None]:
        """As it was so long ago."""
        self.account.age = timedelta(days=days)
        yield
        self.account.age = timedelta()

    def rotated(self, name: str, function: str, days: tuple[float, ...], **parameters: object) -> Secret:
        """A secret that rotated so many days ago."""
        rules = parameters.pop("rules", MONTHLY)
        with self.ago(days[0] + 1):
            secret = self.account.add(name, function, **parameters)
        for day in days:
            with self.ago(day):
                secret.rotate(RotationRules=rules)
        return secret

    def verified(self, secret: Secret, outcome: Outcome, text: str, days: float = 0.2) -> None:
        """The doctor logged in, or tried to, so long ago."""
        current = self.account.client.get_secret_value(SecretId=secret.arn)["VersionId"]
        with self.ago(days):
            found = Verification(secret.arn, self.account.now(), outcome, None, current, None, None, text)
            self.doctor.invoke(json.loads(found.to_line()))


def audited_fleet(account: Account) -> Fleet:
    """A fleet with something of everything."""
    fleet = Fleet(account)
    orders = fleet.rotated("prod/shop/orders", TWO_USERS, (61, 31, 1), Tags=tagged("shop"))
    stock = fleet.rotated(
        "prod/shop/stock", OURS, (62, 32, 2), Tags=tagged("shop"),
        rules={"ScheduleExpression": "rate(30 days)", "Duration": "3h"},
    )  # fmt: skip
    ledger = fleet.rotated(
        "prod/billing/ledger", TWO_PASSWORDS, (20,), Tags=tagged("billing"),
        rules={"ScheduleExpression": "rate(60 days)"},
    )  # fmt: skip
    payroll = fleet.rotated("prod/hr/payroll", TWO_USERS, (44, 14), Tags=tagged("people"), KmsKeyId="alias/payroll")
    account.client.put_resource_policy(SecretId=payroll.arn, ResourcePolicy=json.dumps(POLICY))
    fleet.rotated("prod/crm/contacts", ANOTHERS, (12,), Tags=tagged("crm"))
    with fleet.ago(40):
        account.add("prod/billing/invoices", FAILING, Tags=tagged("billing")).rotate(RotationRules=MONTHLY)
    waiver = {"rotation__exception": "Replaced by the new ERP in spring", "rotation__exception_until": "2099-03-31"}
    legacy = fleet.rotated("prod/legacy/erp", OURS, (75,), Tags=tagged("erp", **waiver))
    account.client.cancel_rotate_secret(SecretId=legacy.arn)
    for secret in (orders, stock, ledger, legacy):
        fleet.verified(secret, Outcome.HEALTHY, "It logs in.")
    fleet.verified(payroll, Outcome.OUT_OF_SYNC, "The server rejected the password of AWSCURRENT.")
    account.add("prod/api/stripe-key", None)
    account.client.delete_secret(SecretId=account.add("prod/old/reports").arn)
    return fleet
