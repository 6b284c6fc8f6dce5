"""`rotationctl history`: what CloudTrail and the function's log have, joined, without a database."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import count, islice
from types import SimpleNamespace
from typing import Any

import pytest

from lab.application import Secret
from lab.secretsmanager import faults
from rotationctl.exits import Exit, StrangeAnswerError
from rotationctl.functions import function_name
from rotationctl.history import entries
from rotationctl.history.entries import Entry, Outcome, Problem, What
from rotationctl.history.joining import join
from rotationctl.history.log import Line, read_lines
from rotationctl.history.trail import SERVICE_EVENTS, Event, read_events
from rotationctl.lookup import TOLD_EVERY, Lookup
from rotationctl.since import read_moment
from tests.rotationctl.conftest import ANOTHERS, CALLER, OURS, Account, Program, Result
from tests.rotationctl.metadata import ARN, NOW, ago, secret

ALICE, FUNCTION = "arn:aws:iam::1:user/alice", f"arn:aws:sts::1:assumed-role/role/{function_name(OURS)}"
numbers = count()


def event(name: str, at: datetime, token: str | None = "v1", **members: Any) -> Event:  # noqa: ANN401 - of each type
    """An event of CloudTrail."""
    return Event(**{"event_id": str(next(numbers)), "name": name, "at": at, "token": token, "by": None, "asked": {},
                    "error": None, **members})  # fmt: skip


def line(step: str, at: datetime, *, error: str | None = None, version: str = "v1") -> Line:
    """A line of the function's log about a step of half a second."""
    problem = Problem(step, error, "What happened.") if error else None
    return Line(version, step, at - timedelta(milliseconds=500), at, problem)


def joined(*events: Event, lines: tuple[Line, ...] = ()) -> list[Entry]:
    """The entries of these events, which may come in any order, and lines."""
    by_version = {version: [one for one in lines if one.version == version] for version in {x.version for x in lines}}
    forward, backward = join(events, by_version, secret()), join(reversed(events), by_version, secret())
    assert forward == backward
    return forward


def test_a_rotation_that_somebody_asked_for() -> None:
    """Times are the log's, which are more exact."""
    [entry] = joined(
        event("RotateSecret", ago(seconds=10), by=ALICE),
        event("RotationStarted", ago(seconds=9)),
        event("RotationSucceeded", ago(seconds=4)),
        lines=(line("createSecret", ago(seconds=8.25)), line("finishSecret", ago(seconds=3.5))),
    )
    assert entry == Entry(What.ROTATION, Outcome.SUCCEEDED, ago(seconds=8.75), ago(seconds=3.5), 1, "v1", ALICE)
    assert entry.seconds == 5.25


def test_a_rotation_that_nobody_asked_for() -> None:
    """It is the schedule's, and a call for another version is not about it."""
    asked = event("RotateSecret", ago(minutes=1), "v2", by=ALICE)
    [entry] = joined(asked, event("RotationStarted", ago(seconds=9)))
    assert (entry.by, entry.outcome, entry.ended) == ("schedule", Outcome.UNFINISHED, None)


def test_a_call_that_names_no_version() -> None:
    """It asked for what began soon after it."""
    asked = event("RotateSecret", ago(seconds=70), None, by=ALICE)
    assert joined(asked, event("RotationStarted", ago(seconds=9)))[0].by == ALICE
    assert joined(asked, event("RotationStarted", ago(seconds=80)))[0].by == "schedule"


def test_a_rotation_that_failed_again_and_again() -> None:
    """Attempts are counted, and the last error is told, from the log before CloudTrail, which names the step alone."""
    told = [
        *(event("RotationStarted", ago(seconds=s)) for s in (9, 6)),
        *(
            event("RotationFailed", ago(seconds=s), error="Error when executing lambda x during setSecret step")
            for s in (8, 5)
        ),
    ]
    [entry] = joined(*told)
    assert (entry.outcome, entry.attempts, entry.problem) == (Outcome.FAILED, 2, Problem("setSecret"))
    assert (entry.began, entry.ended) == (ago(seconds=9), ago(seconds=5))
    [entry] = joined(
        *told, lines=(line("setSecret", ago(seconds=8), error="First"), line("setSecret", ago(seconds=5), error="Last"))
    )
    assert entry.problem == Problem("setSecret", "Last", "What happened.")
    [entry] = joined(*told, event("RotationStarted", ago(seconds=3)), event("RotationSucceeded", ago(seconds=1)))
    assert (entry.outcome, entry.attempts, entry.problem) == (Outcome.SUCCEEDED, 3, None)
    [entry] = joined(*told, event("RotationAbandoned", ago(seconds=1)))
    assert (entry.outcome, entry.problem) == (Outcome.GIVEN_UP, Problem("setSecret"))


def test_a_whole_rotation_within_a_second() -> None:
    """CloudTrail has whole seconds: what ends comes after what begins."""
    names = ("RotationStarted", "RotationFailed", "RotationStarted", "RotationSucceeded")
    [entry] = joined(*(event(name, NOW) for name in names))
    assert (entry.outcome, entry.attempts, entry.seconds) == (Outcome.SUCCEEDED, 2, 0)


def test_two_rotations_that_began_within_a_second() -> None:
    """The one that ended later is the newer one, although CloudTrail has it begin with the second."""
    exactly = (line("createSecret", ago(seconds=3.25)), line("finishSecret", ago(seconds=3.1)))
    told = joined(
        event("RotationStarted", ago(seconds=4)), event("RotationSucceeded", ago(seconds=4)),
        event("RotationStarted", ago(seconds=4), "v2"), event("RotationAbandoned", ago(seconds=2), "v2"),
        lines=exactly,
    )  # fmt: skip
    assert [(entry.version, entry.outcome) for entry in told] == [("v2", Outcome.GIVEN_UP), ("v1", Outcome.SUCCEEDED)]
    assert told[0].began < told[1].began


def test_events_that_name_no_rotation() -> None:
    """Each is an entry by itself, and nothing is lost."""
    told = joined(event("RotationStarted", ago(seconds=2), None), event("RotationSucceeded", ago(seconds=1), None))
    assert [(entry.outcome, entry.version) for entry in told] == [(Outcome.SUCCEEDED, None), (Outcome.UNFINISHED, None)]


@pytest.mark.parametrize("outcome", [Outcome.SUCCEEDED, Outcome.FAILED])
def test_a_dry_run(outcome: Outcome) -> None:
    """It is told from a rotation, by CloudTrail and by the log."""
    error = "Denied" if outcome is Outcome.FAILED else None
    tested = line("testSecret", ago(seconds=1), error=error)
    told = (event("TestRotationStarted", ago(seconds=2)), event(f"TestRotation{outcome.value.title()}", ago(seconds=1)))
    for [entry] in (joined(*told, lines=(tested,)), joined(lines=(tested,))):
        assert (entry.what, entry.outcome) == (What.DRY_RUN, outcome)
        assert (entry.problem and entry.problem.error) == error


def test_what_the_log_alone_has() -> None:
    """A rotation of the last minutes, which CloudTrail does not have yet, or may not tell."""
    begun = line("createSecret", ago(seconds=3))
    for last, outcome in (
        (line("setSecret", ago(seconds=2)), Outcome.UNFINISHED),
        (line("setSecret", ago(seconds=2), error="Denied"), Outcome.FAILED),
        (line("finishSecret", ago(seconds=2)), Outcome.SUCCEEDED),
    ):
        [entry] = joined(lines=(begun, last))
        assert (entry.what, entry.outcome, entry.by) == (What.ROTATION, outcome, None)
        assert entry.began == ago(seconds=3.5)


@pytest.mark.parametrize(
    ("name", "asked", "change", "version"),
    [
        ("PutSecretValue", {}, "value put, AWSCURRENT", "v1"),
        ("PutSecretValue", {"versionStages": ["AWSPENDING", "MINE"]}, "value put, AWSPENDING MINE", "v1"),
        ("UpdateSecret", {}, "value or description changed", "v1"),
        ("CancelRotateSecret", {}, "rotation turned off", None),
        (
            "UpdateSecretVersionStage",
            {"versionStage": "AWSPENDING", "removeFromVersionId": "v0"},
            "AWSPENDING taken off",
            "v0",
        ),
        (
            "UpdateSecretVersionStage",
            {"versionStage": "AWSCURRENT", "moveToVersionId": "v2", "removeFromVersionId": "v0"},
            "AWSCURRENT moved here",
            "v2",
        ),
    ],
)
def test_a_change_by_hand(name: str, asked: Mapping[str, Any], change: str, version: str | None) -> None:
    """It says what was changed and by whom; the function's own are no news; what was refused is told as such."""
    [entry] = joined(event(name, NOW, by=ALICE, asked=asked))
    assert (entry.outcome, entry.by, entry.change, entry.version) == (Outcome.CHANGED, ALICE, change, version)
    assert joined(event(name, NOW, by=FUNCTION, asked=asked)) == []
    [entry] = joined(event(name, NOW, by=ALICE, asked=asked, error="AccessDenied"))
    assert (entry.outcome, entry.change) == (Outcome.REFUSED, f"{change} (AccessDenied)")


def test_a_rotation_that_was_refused() -> None:
    """Whoever asks while another rotation is incomplete has begun none."""
    [entry] = joined(event("RotateSecret", NOW, by=ALICE, error="InvalidRequestException"))
    assert entry.change == "rotation asked for (InvalidRequestException)"


def found(name: str, record: Mapping[str, Any], at: datetime = NOW) -> dict[str, Any]:
    """An event as LookupEvents answers it."""
    return {"EventId": "1", "EventName": name, "EventTime": at, "CloudTrailEvent": json.dumps(record)}


class CloudTrail:
    """CloudTrail with these events."""

    def __init__(self, *events: Mapping[str, Any]) -> None:
        self.events = events

    def lookup_events(self, LookupAttributes: list[dict[str, str]], **_: object) -> dict[str, Any]:  # noqa: N803 - boto3's
        """Those of one name."""
        [attribute] = LookupAttributes
        return {"Events": [event for event in self.events if event["EventName"] == attribute["AttributeValue"]]}


def looked_up(client: object) -> Lookup:
    """Look events up there; nobody waits, and nobody is told anything."""
    return Lookup(client, lambda _: None, lambda _: None)


@pytest.mark.parametrize(
    ("record", "token"),
    [
        ({"additionalEventData": {"SecretId": ARN}, "requestID": f"Rotation-{ARN}-v9"}, "v9"),
        ({"serviceEventDetails": {"secretId": ARN}, "additionalEventData": None, "requestID": None}, None),
    ],
)
def test_service_events_as_they_were_seen(record: Mapping[str, Any], token: str | None) -> None:
    """The secret and the version stand in several places; another's secret is another's."""
    others = {"additionalEventData": {"SecretId": f"{ARN}x"}, "requestID": f"Rotation-{ARN}x-v9"}
    for name in SERVICE_EVENTS:
        [event] = read_events(looked_up(CloudTrail(found(name, record), found(name, others))), secret(), ago(days=1))
        assert (event.name, event.token) == (name, token)


@pytest.mark.parametrize(
    ("given", "is_ours"),
    [
        ("prod/shop", True),
        (ARN, True),
        (ARN[:-7], True),
        ("prod/sho", False),
        (f"{ARN}1", False),
        (ARN[:-3], False),
        ("", False),
    ],
)
def test_a_call_that_means_the_secret(given: str, is_ours: bool) -> None:
    """By its name, its ARN, or the ARN without what Secrets Manager has added; and by nothing else."""
    events = CloudTrail(found("PutSecretValue", {"requestParameters": {"secretId": given}, "responseElements": None}))
    assert len(list(read_events(looked_up(events), secret(), ago(days=1)))) == is_ours


@pytest.fixture
def history(program: Program, account: Account) -> Iterator[Callable[..., Result]]:
    """Call `rotationctl history` on the account; in the end it must not have asked for any value."""
    yield lambda *words: program("history", *words, "--endpoint-url", account.cloud.endpoint_url)
    asked = {call.operation for call in account.cloud.calls.all() if call.caller == CALLER}
    assert asked <= {"DescribeSecret", "LookupEvents", "FilterLogEvents", "GetFunctionConfiguration"}


@pytest.fixture
def rotated(account: Account) -> Secret:
    """A secret that was made, and rotated by its schedule."""
    secret = account.add("prod/shop")
    assert account.cloud.rotate_on_schedule(secret.arn).succeeded
    return secret


def test_the_table(history: Callable[..., Result], rotated: Secret) -> None:
    """What is newest comes first, and the summary is talk."""
    rotated.rotate()
    result = history("prod/shop")
    assert result.code == Exit.FINE
    assert result.out.startswith("OUTCOME ")
    assert re.search(r"^succeeded +rotation +20\S+Z +\d+ s +schedule +[0-9a-f-]{36}$", result.out, re.MULTILINE)
    assert result.err.startswith("2 rotations, ")
    assert "CloudTrail may be 15 minutes late, and keeps 90 days." in result.err


def test_json(history: Callable[..., Result], rotated: Secret) -> None:
    """Each entry has the keys that are documented; a limit leaves the older ones out, and says so."""
    rotated.rotate()
    answer = history(rotated.arn, "--json").json
    assert answer["secret"]["name"] == "prod/shop"
    assert (answer["is_whole"], answer["not_read"]) == (True, [])
    assert all(entry.keys() == entries.JSON.keys() for entry in answer["entries"])
    by = {entry["by"] for entry in answer["entries"] if entry["what"] == "rotation"}
    assert by == {"schedule", "arn:aws:iam::123456789012:user/LABOPERATOR"}
    limited = history("prod/shop", "--json", "--limit", "1").json
    assert (limited["entries"], limited["is_whole"]) == (answer["entries"][:1], False)


def test_nothing_happened(history: Callable[..., Result], account: Account) -> None:
    """No table, and a sentence."""
    account.add("prod/shop")
    result = history("prod/shop", "--since", "1h")
    assert (result.code, result.out) == (Exit.FINE, "")
    assert result.err.startswith("Nothing of prod/shop since 20")


def test_what_is_long_ago_is_left_out(history: Callable[..., Result], account: Account) -> None:
    """--since is the limit."""
    account.age = timedelta(days=3)
    account.add("prod/shop")
    account.cloud.rotate_on_schedule("prod/shop")
    account.age = timedelta()
    assert history("prod/shop", "--since", "2d", "--json").json["entries"] == []
    for since in ("4d", "9999w", "0001-01-01"):
        assert history("prod/shop", "--since", since, "--json").json["entries"] != []


@pytest.mark.parametrize(
    ("operation", "said"),
    [("LookupEvents", "CloudTrail could not be read."), ("FilterLogEvents", "The function's log could not be read.")],
)
def test_what_may_not_be_read(
    history: Callable[..., Result], account: Account, rotated: Secret, operation: str, said: str
) -> None:
    """What the other source has is shown; the sentence says what it takes. Without both there is nothing to show."""
    denied = faults.error(operation, "AccessDeniedException", "Not you.", times=None)
    account.cloud.faults.add(denied)
    result = history("prod/shop", "--json")
    assert result.code == Exit.PARTLY
    [sentence] = result.json["not_read"]
    assert sentence.startswith(f"{said} You may not do {operation} (AccessDeniedException): Not you.")
    assert sentence.endswith((" It takes cloudtrail:LookupEvents.", " It takes logs:FilterLogEvents."))
    assert bool(result.json["entries"]) is (operation == "FilterLogEvents")
    account.cloud.faults.add(faults.error("*", "AccessDeniedException", nth=2, times=None))
    assert history("prod/shop").code == Exit.NOT_ASKED
    assert rotated.arn


def test_throttling_is_waited_for(history: Callable[..., Result], account: Account, rotated: Secret) -> None:
    """CloudTrail answers two calls a second, to everybody in the account together."""
    account.cloud.faults.add(faults.error("LookupEvents", "ThrottlingException"))
    assert history(rotated.name).code == Exit.FINE


def test_a_long_history_says_how_far_it_is() -> None:
    """It takes a call for each fifty events of all secrets."""
    pages = iter(range(TOLD_EVERY + 1))
    event = found("RotationStarted", {"additionalEventData": {"SecretId": f"{ARN}x"}})
    client = SimpleNamespace(lookup_events=lambda **_: {"Events": [event], "NextToken": str(next(pages))})
    told: list[str] = []
    pages_read = Lookup(client, lambda _: None, told.append).pages("RotationStarted", NOW)
    assert len(list(islice(pages_read, TOLD_EVERY))) == TOLD_EVERY
    [sentence] = told
    assert f" {TOLD_EVERY} calls of CloudTrail, back to 2026-11-26T12:00:00Z." in sentence


def test_a_log_that_never_ends() -> None:
    """The same page again and again is no answer of AWS's, and it need not have lines."""
    client = SimpleNamespace(filter_log_events=lambda **_: {"events": [], "nextToken": "1"})
    with pytest.raises(StrangeAnswerError, match="the same nextToken twice"):
        read_lines(client, "/aws/lambda/shop", secret(), NOW)


def test_events_that_never_end() -> None:
    """The same page again and again is no answer of AWS's."""
    client = SimpleNamespace(lookup_events=lambda **_: {"Events": [], "NextToken": "1"})
    with pytest.raises(StrangeAnswerError, match="the same NextToken twice"):
        list(looked_up(client).pages("RotationStarted", NOW))


def test_a_function_that_is_another_s(history: Callable[..., Result], account: Account) -> None:
    """Its log is not read: the command that shows it is said."""
    account.add("prod/shop", ANOTHERS)
    result = history("prod/shop")
    assert result.code == Exit.FINE
    assert (
        "not of this product: aws logs filter-log-events --log-group-name /aws/lambda/SecretsManagerRDS" in result.err
    )
    assert "FilterLogEvents" not in account.cloud.calls.operations()


def test_a_function_whose_name_was_cut(history: Callable[..., Result], account: Account) -> None:
    """Lambda is asked where it logs."""
    cut = f"{ANOTHERS.rpartition(':')[0]}:a-very-long-stack-PostgresqlSingleUs-1a2B3c4D5e6F"
    account.cloud.register(cut, account.cloud.services.functions.find(OURS).function)
    account.add("prod/shop", cut)
    assert history("prod/shop").code == Exit.FINE
    assert account.cloud.calls.operations()[-2:] == ["GetFunctionConfiguration", "FilterLogEvents"]
    account.cloud.faults.add(faults.error("GetFunctionConfiguration", "AccessDeniedException"))
    [sentence] = history("prod/shop", "--json").json["not_read"]
    assert sentence.endswith("It takes lambda:GetFunctionConfiguration and logs:FilterLogEvents.")


def test_there_is_no_such_secret(history: Callable[..., Result]) -> None:
    """As with every command."""
    assert history("none").code == Exit.NOT_FINE


@pytest.mark.parametrize("since", ["", "90", "d", "-1d", "1y", "999999w", "2999-01-01", "soon", "1d "])
def test_no_time(history: Callable[..., Result], since: str) -> None:
    """It is a wrong command line."""
    result = history("prod/shop", "--since", since)
    assert (result.code, result.out) == (Exit.USAGE, "")


@pytest.mark.parametrize("text", ["2026-11-26", "2026-11-26T00:00:00Z", "2026-11-26T02:00+02:00"])
def test_a_date(text: str) -> None:
    """One without a time zone is one of UTC."""
    assert read_moment(text) == NOW.replace(hour=0)
