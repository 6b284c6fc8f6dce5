"""Reading all that a report needs, with the least calls; what cannot be read is said, and ends nothing."""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from rotationctl import fleet
from rotationctl.connection import Connection
from rotationctl.lookup import Lookup
from rotationctl.output import moment, say
from rotationctl.remedies import Adviser
from rotationctl.report import document, limits, population
from rotationctl.report.access import Access, read_policies
from rotationctl.report.document import Report, Scope
from rotationctl.report.entry import Entry
from rotationctl.report.events import Events, read_events
from rotationctl.report.findings import Facts
from rotationctl.report.lifetime import lifetime
from rotationctl.report.schedule import Schedule
from rotationctl.report.sources import EVENTS, LOGINS, POLICIES, SOURCES, Gaps
from rotationctl.report.verifications import log_groups, read_verifications
from rotationctl.report.waiver import Waiver
from rotationctl.rows import Status
from rotationctl.secret import Secret
from secret_rotation.examination.verification import Verification

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

MANY = 1000
_NONE_READ: Mapping[str, Access] = {}
_NONE_TRIED: Mapping[str, Verification] = {}
_NO_EVENTS: Events | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report shall be about.

    Attributes:
        owner_tag: the key of the tag that names an owner, in any case.
        events: how many events of each kind to show for a secret.
        doctor_logs: the log groups of doctors; where there are none, those of the stacks of the functions.
        skip: the sources that are not to be read.
    """

    tags: Mapping[str, str]
    max_age: timedelta
    owner_tag: str
    events: int
    doctor_logs: Sequence[str]
    skip: Collection[str]


class Reader:
    """Reads for one report."""

    def __init__(self, connection: Connection, asked: Asked, now: datetime) -> None:
        self._connection = connection
        self._asked = asked
        self._now = now
        self._gaps = Gaps(connection.options, asked.skip)
        self._verified = False

    def read(self) -> Report:
        """Read everything.

        Raises:
            Failure: the secrets cannot be listed.
        """
        client, adviser = self._connection.secrets_manager(), Adviser(self._connection, self._now)
        statuses = [
            Status.of(secret, adviser) for secret in fleet.list_secrets(client, self._asked.tags, with_deleted=True)
        ]
        excluded = [left for status in statuses if (left := population.excluded(status.secret, status.state))]
        left_out = {left.arn for left in excluded}
        included = [status for status in statuses if status.secret.arn not in left_out]
        entries = document.sort(self._entries(client, included))
        account, caller = self._identity(statuses)
        scope = Scope(
            account=account,
            region=client.meta.region_name,
            caller=caller,
            tags=self._asked.tags,
            max_age_days=self._asked.max_age.days,
            read_at=self._now,
            not_read=(*self._gaps.not_read, *self._gaps.skipped),
            is_partial=bool(self._gaps.not_read),
            limits=(*self._gaps.absent, *limits.sentences(self._connection.options)),
        )
        return Report(scope, entries, sorted(excluded, key=lambda left: (left.kind.value, left.name)))

    def _entries(self, client: "SecretsManagerClient", statuses: Sequence[Status]) -> list[Entry]:
        secrets = [status.secret for status in statuses]
        access = self._gaps.source(POLICIES, lambda: self._policies(client, secrets), _NONE_READ)
        events = self._gaps.source(EVENTS, lambda: self._events(secrets), _NO_EVENTS)
        logins = self._gaps.source(LOGINS, lambda: self._logins(secrets), _NONE_TRIED)
        return [self._entry(status, access, events, logins) for status in statuses]

    def _entry(
        self,
        status: Status,
        access: Mapping[str, Access],
        events: Events | None,
        logins: Mapping[str, Verification],
    ) -> Entry:
        secret, schedule = status.secret, Schedule.of(status.secret)
        facts = Facts(
            secret=secret,
            owner=_tag(secret, self._asked.owner_tag),
            lifetime=lifetime(secret.function, schedule),
            access=access.get(secret.arn),
            events=None if events is None else tuple(events.of(secret.arn)),
            events_since=None if events is None else events.cut_at,
            verification=logins.get(secret.arn),
            verified=self._verified,
            waiver=Waiver.of_tags(secret.tags),
        )
        return Entry.of(status, schedule, facts, self._now, self._asked.max_age)

    def _identity(self, statuses: Sequence[Status]) -> tuple[str | None, str | None]:
        """The account and the caller. AWS lets everybody ask who they are."""
        client = self._connection.client("sts")
        answer = self._gaps.attempt("Who asks (GetCallerIdentity)", client.get_caller_identity, None)
        if answer is not None:
            return answer["Account"], answer["Arn"]
        return next((status.secret.arn.split(":")[4] for status in statuses), None), None

    def _policies(self, client: "SecretsManagerClient", secrets: Sequence[Secret]) -> Mapping[str, Access]:
        if len(secrets) > MANY:
            say(f"Reading the policies of {len(secrets)} secrets takes minutes. --skip {POLICIES} does without them.")
        found, sentences = read_policies(client, secrets, self._connection.options)
        self._gaps.not_read += sentences
        return found

    def _events(self, secrets: Sequence[Secret]) -> Events | None:
        rotated = [secret.arn for secret in secrets]
        lookup = Lookup(self._connection.client("cloudtrail"), time.sleep, say)
        events = read_events(lookup, rotated, self._asked.events)
        if events.cut_at:
            self._gaps.not_read.append(f"{SOURCES[EVENTS]}: there are too many from before {moment(events.cut_at)}.")
        return events

    def _logins(self, secrets: Sequence[Secret]) -> Mapping[str, Verification]:
        client = self._connection.client("logs")
        groups = self._asked.doctor_logs or log_groups(filter(None, (secret.function_arn for secret in secrets)))
        found: dict[str, Verification] = {}
        for group in groups:
            try:
                read_verifications(client, group, self._now, found)
                self._verified = True
            except client.exceptions.ResourceNotFoundException:
                self._gaps.absent.append(
                    f"Nobody logs in between rotations, or not here: there is no log group {group}."
                )
        return found


def _tag(secret: Secret, key: str) -> str | None:
    return next((value for name, value in secret.tags.items() if name.lower() == key.lower() and value.strip()), None)
