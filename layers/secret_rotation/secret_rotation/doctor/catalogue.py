"""Every check of the doctor, by the name that output, documents and scripts know it by: `layer.check`.

A name stays what it is: docs/checks.md has an anchor for each.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import Enum

LAYERS = (
    "caller", "secret", "schedule", "function", "role", "network", "tls", "login", "grants", "pair", "watchers",
    "versions",
)  # fmt: skip
"""In the order in which they are gone through: what comes later is of no use where one is broken."""


class Place(Enum):
    """Where a check runs."""

    AWS = "through the APIs of AWS"
    INSIDE = "within the database's network"
    BY_NAME = "within the database's network, where it is asked for by its name"
    """Each costs the user a login, which may be rejected."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check; its title says what is so where it is ok."""

    name: str
    title: str
    place: Place = Place.AWS

    @property
    def layer(self) -> str:
        """The layer that it belongs to."""
        return self.name.partition(".")[0]


CATALOGUE = (
    Check("caller.identity", "AWS knows who is asking"),
    Check("caller.clock", "the clock here agrees with that of AWS"),
    Check("secret.exists", "the secret exists, and is not about to be deleted"),
    Check("secret.owner", "neither an AWS service nor a partner manages it"),
    Check("secret.primary", "it is no copy of another region's secret"),
    Check("secret.key", "its KMS key exists and is enabled"),
    Check("secret.policy", "its own policy keeps nobody out who must get in, and lets not everybody in"),
    Check("secret.value", "its value is JSON with the keys that a rotation needs", Place.INSIDE),
    Check("secret.username", "the user that it names can be rotated", Place.INSIDE),
    Check("secret.host", "its host is a database and no proxy", Place.INSIDE),
    Check("schedule.enabled", "rotation is on"),
    Check("schedule.next", "the next rotation lies in the future"),
    Check("schedule.window", "the window stays within one day (UTC)"),
    Check("schedule.rate", "no earlier rate schedule may still begin a rotation"),
    Check("function.ours", "the rotation function is one of this product's"),
    Check("function.exists", "the rotation function exists"),
    Check("function.state", "it is active, and its last update succeeded"),
    Check("function.runtime", "its runtime is one that AWS supports"),
    Check("function.version", "function and rotationctl are of one version"),
    Check("function.permission", "Secrets Manager may invoke it, for this account alone"),
    Check("function.settings", "its environment variables, time and memory are as they must be"),
    Check("function.doctor", "the doctor's function answers"),
    Check("role.secret", "the function's role may read and write the secret"),
    Check("role.key", "the role may use the secret's KMS key"),
    Check("role.superuser", "the role may read the superuser's secret"),
    Check("role.boundary", "no permissions boundary stands against it"),
    Check("network.plan", "VPC and security groups lead from the function to the database"),
    Check("network.secretsmanager", "Secrets Manager can be reached", Place.INSIDE),
    Check("network.rds", "the API of RDS can be reached, where a rotation asks it", Place.INSIDE),
    Check("network.dns", "the database's host has an address", Place.INSIDE),
    Check("network.tcp", "the database's port answers", Place.INSIDE),
    Check("tls.offered", "the server speaks TLS 1.2 or newer", Place.INSIDE),
    Check("tls.chain", "its certificate is signed by a trusted authority, and valid today", Place.INSIDE),
    Check("tls.name", "its certificate is for the name that the secret has", Place.INSIDE),
    Check("tls.expiry", "its certificate is valid for 30 more days", Place.INSIDE),
    Check("tls.authority", "the authority that signed it is valid for 60 more days", Place.INSIDE),
    Check("login.current", "AWSCURRENT logs in", Place.INSIDE),
    Check("login.identity", "the session acts as the user that the secret names", Place.INSIDE),
    Check("login.sessions", "who else is logged in under the secret's user names", Place.INSIDE),
    Check("login.pending", "AWSPENDING logs in", Place.BY_NAME),
    Check("login.previous", "AWSPREVIOUS logs in", Place.BY_NAME),
    Check("grants.writer", "the server takes changes: it is no replica", Place.INSIDE),
    Check("grants.password", "the user may change its own password", Place.INSIDE),
    Check("grants.old_password", "the old password stays valid while clients move to the new one", Place.INSIDE),
    Check("grants.verifier", "the server keeps the password by a method of today", Place.INSIDE),
    Check("grants.expiry", "the password does not end by a date", Place.INSIDE),
    Check("grants.accounts", "the user is one account, or each of its accounts is known", Place.INSIDE),
    Check("grants.superuser", "the superuser's own secret is in order", Place.INSIDE),
    Check("pair.users", "both users of the pair are there", Place.INSIDE),
    Check("pair.record", "the database has the pair on record as this secret's", Place.INSIDE),
    Check("watchers.trail", "a trail delivers what Secrets Manager does to EventBridge"),
    Check("watchers.rule", "a rule of the stack waits for failed rotations"),
    Check("watchers.alarm", "the alarms of the function are there and get data"),
    Check("watchers.subscriber", "somebody has confirmed to be told"),
    Check("versions.labels", "the staging labels are in a state to rotate from"),
    Check("versions.pending", "no rotation is stuck half way"),
    Check("versions.count", "there is room for more versions"),
    Check("versions.use", "the secret is read by somebody"),
)  # fmt: skip
"""All checks, layer by layer."""

CHECKS = {check.name: check for check in CATALOGUE}


class UnknownCheckError(ValueError):
    """There is no check and no layer of that name."""


def named(names: Collection[str]) -> Iterator[Check]:
    """The checks of these names, in the catalogue's order; the name of a layer stands for all that need no name.

    Raises:
        UnknownCheckError: there is none of that name.
    """
    for name in names:
        if name not in CHECKS and name not in LAYERS:
            raise UnknownCheckError(name)
    for check in CATALOGUE:
        if check.name in names or (check.layer in names and check.place is not Place.BY_NAME):
            yield check
