"""What a report concludes, by the rules alone."""

import json
import re
import shlex
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.session import Session
from botocore.validate import ParamValidator

from rotationctl.lookup import PAUSE_SECONDS, Lookup
from rotationctl.report import events, limits
from rotationctl.report.access import Access
from rotationctl.report.findings import Facts, find
from rotationctl.report.lifetime import lifetime
from rotationctl.report.rules import Rule
from rotationctl.report.schedule import Schedule
from rotationctl.report.verifications import log_groups, read_verifications
from rotationctl.report.waiver import Waiver
from secret_rotation.examination.verification import Outcome, Reason, Verification
from tests.rotationctl.audited import TWO_PASSWORDS, TWO_USERS
from tests.rotationctl.conftest import ANOTHERS, OURS
from tests.rotationctl.metadata import NOW, ago, ahead, secret

READ, ARN = "secretsmanager:GetSecretValue", "arn:aws:iam::444455556666:root"


@pytest.mark.parametrize(
    ("rules", "text", "days"),
    [
        ({"AutomaticallyAfterDays": 30}, "every 30 days", 30),
        ({"AutomaticallyAfterDays": 1}, "every 1 day", 1),
        ({"ScheduleExpression": "rate(10 days)", "AutomaticallyAfterDays": 10}, "rate(10 days)", 10),
        ({"ScheduleExpression": "rate(1 day)"}, "rate(1 day)", 1),
        ({"ScheduleExpression": "rate(36 hours)"}, "rate(36 hours)", 2),
        ({"ScheduleExpression": "cron(0 3 1 * ? *)", "AutomaticallyAfterDays": 31}, "cron(0 3 1 * ? *)", 31),
        ({"ScheduleExpression": "cron(0 3 1 * ? *)"}, "cron(0 3 1 * ? *)", None),
        ({}, None, None),
    ],
)
def test_schedules(rules: dict[str, Any], text: str | None, days: int | None) -> None:
    """Each kind of schedule has its interval, as far as AWS tells one."""
    schedule = Schedule.of(secret(RotationRules=rules))
    assert (schedule.text, schedule.days) == (text, days)


@pytest.mark.parametrize(
    ("function", "days", "said"),
    [
        (OURS, 30, "30 days: a rotation ends the former password."),
        (TWO_USERS, 60, "60 days: each of its two users keeps a password for two intervals."),
        (TWO_PASSWORDS, 60, "60 days: the former password logs in until the next rotation (30 days with"),
        (ANOTHERS, 30, "30 days or more: its function is not of this product."),
    ],
)
def test_how_long_a_password_lives(function: str, days: int, said: str) -> None:
    """By the strategy; thirty days and two users are sixty."""
    found = secret(RotationLambdaARN=function, RotationRules={"AutomaticallyAfterDays": 30})
    lives = lifetime(found.function, Schedule.of(found))
    assert lives.days == days
    assert lives.sentence.startswith(said)


@pytest.mark.parametrize(
    ("statement", "readers", "is_open"),
    [
        ({"Effect": "Allow", "Principal": {"AWS": ARN}, "Action": READ}, [ARN], False),
        ({"Effect": "Allow", "Principal": {"AWS": [ARN, "b"], "Service": "c"}, "Action": ["a", READ]},
         [ARN, "b", "c"], False),
        ({"Effect": "Allow", "Principal": "*", "Action": "SECRETSMANAGER:get*"}, ["everybody"], True),
        ({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "*"}, ["everybody"], True),
        ({"Effect": "Allow", "Principal": "*", "Action": READ,
          "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}, ["everybody, if aws:PrincipalOrgID"], False),
        ({"Effect": "Allow", "NotPrincipal": {"AWS": ARN}, "Action": READ}, [f"all but {ARN}"], True),
        ({"Effect": "Allow", "Principal": "*", "NotAction": "secretsmanager:Delete*"}, ["everybody"], True),
        ({"Effect": "Allow", "Principal": "*", "NotAction": "secretsmanager:*"}, [], False),
        ({"Effect": "Allow", "Principal": "*", "Action": "secretsmanager:GetSecretValu?s"}, [], False),
        ({"Effect": "Allow", "Principal": "*", "Action": "secretsmanager:DescribeSecret"}, [], False),
        ({"Effect": "Deny", "Principal": "*", "Action": READ}, [], False),
    ],
)  # fmt: skip
def test_policies(statement: dict[str, Any], readers: list[str], is_open: bool) -> None:
    """Whom a policy lets read, and whether that is everybody; one statement need not be in a list."""
    for statements in (statement, [statement]):
        access = Access.of_policy(json.dumps({"Statement": statements}))
        assert (list(access.readers), access.open_to_all) == (readers, is_open)
    assert Access.of_policy(None) == Access()


@pytest.mark.parametrize(
    ("condition", "is_open"),
    [
        ({}, True),
        ({"Bool": {"aws:SecureTransport": "true"}}, True),
        ({"StringEquals": {"secretsmanager:VersionStage": "AWSCURRENT"}}, True),
        ({"StringEquals": {"aws:PrincipalTag/team": "shop"}}, True),
        ({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}, True),
        ({"StringEqualsIfExists": {"aws:SourceVpce": "vpce-1"}}, True),
        ({"Null": {"aws:PrincipalOrgID": "false"}}, True),
        ({"StringLike": {"aws:PrincipalArn": ["arn:aws:iam::*:role/shop", ARN]}}, True),
        ({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}, True),
        ({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}, False),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::444455556666:role/*"}}, False),
        ({"Bool": {"aws:SecureTransport": "true"}, "StringEquals": {"AWS:sourcevpce": ["vpce-1"]}}, False),
        ({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-1/r-1/*"}}, False),
    ],
)
def test_conditions_that_leave_nobody_out(condition: dict[str, Any], is_open: bool) -> None:
    """Only one on who asks, or from where, makes a policy one that is not for everybody."""
    statement = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": READ, "Condition": condition}
    assert Access.of_policy(json.dumps({"Statement": statement})).open_to_all == is_open


@pytest.mark.parametrize("text", ["[]", "no JSON", '{"Statement": ["a"]}', "null"])
def test_what_is_no_policy(text: str) -> None:
    """It is not taken for one that lets nobody read."""
    with pytest.raises(ValueError, match=r".*"):
        Access.of_policy(text)


def verified(
    at: datetime,
    outcome: Outcome,
    reason: Reason | None = None,
    version: str = "version-2",
    rejected: str | None = None,
) -> Verification:
    """A verification that came to this, of AWSCURRENT unless another version is named."""
    return Verification(ARN, at, outcome, reason, version, None, rejected, "")


def facts(**changes: Any) -> Facts:  # noqa: ANN401 - any member
    """Facts about a secret that is fine."""
    found = changes.pop("secret", secret(RotationRules={"AutomaticallyAfterDays": 30}))
    known: dict[str, Any] = {
        "secret": found,
        "owner": "shop",
        "lifetime": lifetime(found.function, Schedule.of(found)),
        "access": Access(),
        "events": (events.RotationEvent("1", events.SUCCEEDED, ago(days=3)),),
        "events_since": None,
        "verification": verified(ago(hours=2), Outcome.HEALTHY),
        "verified": True,
        "waiver": None,
        **changes,
    }
    return Facts(**known)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"secret": secret(LastRotatedDate=ago(days=90))}, []),
        ({"secret": secret(LastRotatedDate=ago(days=90, seconds=1)), "events": None}, [Rule.TOO_OLD]),
        ({"secret": secret(RotationRules={"AutomaticallyAfterDays": 90})}, []),
        ({"secret": secret(RotationRules={"AutomaticallyAfterDays": 91})}, [Rule.LIVES_TOO_LONG]),
        ({"secret": secret(RotationRules={"AutomaticallyAfterDays": 46}, RotationLambdaARN=TWO_USERS)},
         [Rule.LIVES_TOO_LONG]),
        ({"secret": secret(NextRotationDate=ago(seconds=1), LastAccessedDate=ago(days=91))},
         [Rule.OVERDUE, Rule.UNUSED]),
        ({"events": (events.RotationEvent("2", events.FAILED, ago(days=1)),
                     events.RotationEvent("1", events.SUCCEEDED, ago(days=3)))}, [Rule.LAST_FAILED]),
        ({"events": (events.RotationEvent("1", events.FAILED, ago(days=3, minutes=1)),)}, [Rule.NOT_PROVEN]),
        ({"events": (events.RotationEvent("1", events.SUCCEEDED, ago(days=3, minutes=61)),)}, [Rule.NOT_PROVEN]),
        ({"events": ()}, [Rule.NOT_PROVEN]),
        ({"events": (), "events_since": ago(days=3, hours=1)}, [Rule.NOT_PROVEN]),
        ({"events": (), "events_since": ago(days=3, minutes=59)}, []),
        ({"events": (), "events_since": ago(days=1)}, []),
        ({"events": None}, []),
        ({"access": None}, []),
        ({"access": Access(open_to_all=True)}, [Rule.OPEN_POLICY]),
        ({"verification": verified(ago(hours=1), Outcome.OUT_OF_SYNC)}, [Rule.OUT_OF_SYNC]),
        ({"verification": verified(ago(hours=1), Outcome.OUT_OF_SYNC, version="version-1", rejected="version-1")},
         [Rule.NOT_VERIFIED]),
        ({"verification": verified(ago(hours=1), Outcome.UNCHECKED, Reason.REJECTED_BEFORE, rejected="version-2")},
         [Rule.OUT_OF_SYNC]),
        ({"verification": verified(ago(hours=1), Outcome.UNCHECKED, Reason.ROTATING, rejected="version-2")},
         [Rule.NOT_VERIFIED]),
        ({"verification": verified(ago(hours=1), Outcome.UNREACHABLE)}, [Rule.NOT_VERIFIED]),
        ({"verification": verified(ago(days=2, seconds=1), Outcome.HEALTHY)}, [Rule.NOT_VERIFIED]),
        ({"verification": None}, [Rule.NOT_VERIFIED]),
        ({"verification": None, "verified": False}, []),
        ({"verification": None, "secret": secret(RotationLambdaARN=ANOTHERS)}, [Rule.OTHER_FUNCTION]),
        ({"owner": None}, [Rule.NO_OWNER]),
        ({"waiver": Waiver("a", NOW.date())}, []),
        ({"waiver": Waiver("a", ago(days=1).date())}, [Rule.EXPIRED]),
        ({"waiver": Waiver("", ahead(days=1).date())}, [Rule.BAD_EXCEPTION]),
        ({"waiver": Waiver("a", None)}, [Rule.BAD_EXCEPTION]),
    ],
)  # fmt: skip
def test_findings(changes: dict[str, Any], expected: list[Rule]) -> None:
    """Each rule holds where it shall, and not a moment before."""
    assert [finding.rule for finding in find(facts(**changes), NOW, timedelta(days=90))] == expected


def test_an_exception_waives_until_the_end_of_its_day() -> None:
    """It covers what counts, but for what was rejected, and no note."""
    overdue = secret(NextRotationDate=ago(days=1))
    rejected = verified(ago(hours=1), Outcome.OUT_OF_SYNC)
    waiver = Waiver.of_tags({"rotation:exception": "a", "rotation:exception-until": NOW.date().isoformat()})
    found = find(facts(secret=overdue, verification=rejected, waiver=waiver, owner=None), NOW, timedelta(days=90))
    assert [(finding.rule, finding.counts, finding.waived_until) for finding in found] == [
        (Rule.OVERDUE, False, NOW.date().isoformat()),
        (Rule.OUT_OF_SYNC, True, None),
        (Rule.NO_OWNER, False, None),
    ]


def test_where_a_doctor_logs() -> None:
    """Beside the functions of its stack; a function that was made by hand tells of no stack."""
    by_hand = "arn:aws:lambda:us-east-1:123456789012:function:mysql-single-user"
    assert log_groups([OURS, TWO_USERS, ANOTHERS, by_hand]) == ["/aws/lambda/prod/rotation-doctor"]


def test_the_newest_of_all_doctors_counts() -> None:
    """A secret that moved to another stack has lines in both logs, in whichever order these are read."""
    old, new = (
        verified(ago(hours=hours), outcome) for hours, outcome in ((30, Outcome.OUT_OF_SYNC), (2, Outcome.HEALTHY))
    )
    for lines in ([old, new], [new, old]):
        found: dict[str, Verification] = {}
        for line in lines:
            page = {"events": [{"message": line.to_line()}]}
            client = SimpleNamespace(filter_log_events=lambda page=page, **_: page)
            read_verifications(client, "group", NOW, found)
        assert found == {ARN: new}


class Trail:
    """CloudTrail with more than anybody reads, in pages: each page has an event of every secret."""

    def __init__(self, secrets: int, pages: int) -> None:
        self.secrets, self.pages = secrets, pages
        self.asked: list[str] = []

    def lookup_events(self, LookupAttributes: list[dict[str, str]], NextToken: str = "0") -> dict[str, Any]:  # noqa: N803 - boto3's
        """Answer with a page."""
        name, page = LookupAttributes[0]["AttributeValue"], int(NextToken)
        self.asked.append(name)
        more = {"NextToken": str(page + 1)} if page + 1 < self.pages else {}
        return {"Events": [self._entry(name, page, number) for number in range(self.secrets)], **more}

    @staticmethod
    def _entry(name: str, page: int, number: int) -> dict[str, Any]:
        document = json.dumps({"serviceEventDetails": {"secretId": f"arn-{number}"}})
        at = ago(days=page, minutes=number)
        return {"EventId": f"{name}-{page}-{number}", "EventTime": at, "CloudTrailEvent": document}


def test_a_sweep_ends_where_each_has_enough() -> None:
    """It waits between two calls, and not after the last."""
    trail = Trail(secrets=2, pages=9)
    pauses: list[float] = []
    found = events.read_events(Lookup(trail, pauses.append, print), ["arn-0", "arn-1"], 2)
    assert trail.asked == [events.SUCCEEDED] * 2 + [events.FAILED] * 2
    assert pauses == [PAUSE_SECONDS] * 2
    assert [event.event_id for event in found.of("arn-1")] == [
        f"{name}-{page}-1" for page in (0, 1) for name in sorted((events.SUCCEEDED, events.FAILED), reverse=True)
    ]
    assert found.cut_at is None


def test_a_sweep_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one secret has nothing among very many events, it says from when on it knows."""
    monkeypatch.setattr(events, "MOST_PAGES", 3)
    lookup = Lookup(Trail(secrets=1, pages=9), lambda _: None, print)
    found = events.read_events(lookup, ["arn-0", "arn-of-none"], 2)
    assert found.cut_at == ago(days=2)
    assert found.of("arn-of-none") == []


def test_nothing_is_wanted() -> None:
    """Without a secret CloudTrail is not asked."""
    trail = Trail(secrets=1, pages=9)
    assert events.read_events(Lookup(trail, lambda _: None, print), [], 3).of("arn-0") == ()
    assert trail.asked == []


def test_the_command_for_access_analyzer() -> None:
    """AWS has both operations, and takes what they are given; the connection's options are in both."""
    [command] = re.findall("`(.+?)`", limits.sentences(["--profile", "my team"])[0])
    inner = command[command.index("$(") + 2 : command.index(')"')]
    analyzers, findings = shlex.split(inner), shlex.split(command.replace(f'"$({inner})"', "arn"))
    assert analyzers[1:5] == ["accessanalyzer", "list-analyzers", "--type", "ACCOUNT"]
    assert findings[1:6] == ["accessanalyzer", "list-findings-v2", "--analyzer-arn", "arn", "--filter"]
    assert analyzers[-2:] == findings[-2:] == ["--profile", "my team"]
    asked = {"ListAnalyzers": {"type": "ACCOUNT"},
             "ListFindingsV2": {"analyzerArn": "arn", "filter": json.loads(findings[6])}}  # fmt: skip
    service = Session().get_service_model("accessanalyzer")
    for operation, parameters in asked.items():
        shape = service.operation_model(operation).input_shape
        assert shape is not None
        assert not ParamValidator().validate(parameters, shape).has_errors()
