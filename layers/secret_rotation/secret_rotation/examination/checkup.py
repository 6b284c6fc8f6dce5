"""One examination of a secret: layer by layer, and not beyond the first that is broken."""

import socket
from collections.abc import Callable, Collection, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field

from secret_rotation.credentials import Credentials
from secret_rotation.deadline import Deadline
from secret_rotation.doctor.catalogue import CATALOGUE, LAYERS, Check, Place, named
from secret_rotation.doctor.findings import Finding, Result
from secret_rotation.examination import certificates, network
from secret_rotation.examination.account import Account
from secret_rotation.examination.entrance import Entrance
from secret_rotation.examination.parts import Parts
from secret_rotation.examination.reading import Chart, by_value, read
from secret_rotation.tls import Trust

_NEED_AWSCURRENT = ("login", "grants", "pair")
"""The layers whose checks need its login, but for the logins of other versions."""


def asked_for(names: Collection[str] | None) -> list[Check]:
    """The checks of these names that are done here; without names, all that need no name.

    Raises:
        UnknownCheckError: there is none of a name.
    """
    checks = CATALOGUE if names is None else named(names)
    wanted = (Place.INSIDE,) if names is None else (Place.INSIDE, Place.BY_NAME)
    return [check for check in checks if check.place in wanted]


def examine(
    parts: Parts,
    secret_arn: str,
    asked: Collection[Check],
    deadline: Deadline,
    strategy: str | None,
    told: Callable[[Entrance], None] = lambda _: None,
) -> list[Finding]:
    """Examine a secret.

    Args:
        parts: what examines it.
        secret_arn: its ARN or name.
        asked: the checks whose findings are wanted. Others are done where these rest on them.
        deadline: until when.
        strategy: of the function that is to rotate it; None where the function that rotates it says that.
        told: is told of the login, where there was one.

    Returns:
        One finding for each check that was asked for, in the catalogue's order.
    """
    checkup = _Checkup(parts, asked)
    with ExitStack() as stack:
        found = read(parts, secret_arn, strategy)
        if isinstance(found, Finding):
            checkup.add([found])
        else:
            entrance = Entrance(parts, found, deadline)
            checkup.go_through(found, entrance, stack)
            told(entrance)
    return [checkup.findings.get(check.name) or checkup.skipped(check) for check in asked]


@dataclass
class _Checkup:
    """What was found so far, by the name of the check."""

    parts: Parts
    asked: Collection[Check]
    findings: dict[str, Finding] = field(default_factory=dict)

    def go_through(self, chart: Chart, entrance: Entrance, stack: ExitStack) -> None:
        """Go through the layers, as far as was asked, and as far as they hold."""
        self.add(by_value(self.parts, chart))
        if self._goes_on_to("network"):
            connection = self._reach(chart.user, stack)
            if connection is not None and self._goes_on_to("tls"):
                trust = Trust.of(self.parts.settings.ca_bundle)
                self.add(certificates.examine(connection, chart.examiner, chart.user, trust))
        if self._goes_on_to("login"):
            others = [check.name for check in self.asked if check.place is Place.BY_NAME]
            if len(others) < len([check for check in self.asked if check.layer in _NEED_AWSCURRENT]):
                self.add(entrance.log_in(stack))
            self.add(entrance.by_name(others))
        if entrance.session is not None and self._goes_on_to("grants"):
            account = Account(chart, entrance.session)
            self.add(account.grants())
            if self._goes_on_to("pair"):
                self.add(account.pair())

    def add(self, findings: Iterable[Finding]) -> None:
        """Keep what was found."""
        self.findings.update({finding.check: finding for finding in findings})

    def skipped(self, check: Check) -> Finding:
        """The finding of a check that was not done."""
        failure = self._failure()
        why = f"It rests on {failure.check}, which failed." if failure else "Nothing was there to look at."
        return Finding(check.name, Result.SKIPPED, why)

    def _reach(self, user: Credentials, stack: ExitStack) -> socket.socket | None:
        self.add([network.answered("network.secretsmanager", self.parts.secrets_manager_url), self._rds(user)])
        finding, found = network.resolve(user)
        self.add([finding])
        if not found:
            return None
        finding, connection = network.reach(user, found)
        self.add([finding])
        return connection and stack.enter_context(connection)

    def _rds(self, user: Credentials) -> Finding:
        if user.superuser_arn is None:
            return Finding("network.rds", Result.OK, "Not needed: the secret names no superuser.")
        return network.service("network.rds", self.parts.rds_url(), needed=False)

    def _goes_on_to(self, layer: str) -> bool:
        """Whether to look at a layer: something was asked of it or of a later one, and no earlier one failed."""
        is_asked = any(LAYERS.index(check.layer) >= LAYERS.index(layer) for check in self.asked)
        return is_asked and not any(
            one.result is Result.FAILED and one.check.partition(".")[0] != layer for one in self.findings.values()
        )

    def _failure(self) -> Finding | None:
        return next((one for one in self.findings.values() if one.result is Result.FAILED), None)
