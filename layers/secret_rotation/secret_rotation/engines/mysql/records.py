"""What rotations remember of a pair: whose secret it belongs to, and what both users had after the last rotation.

It stands in the attribute of a locked account of its own, one for each pair. Not in that of the pair's accounts: every
account may rewrite its own attribute without any privilege, and would so decide which rights come back to it, or whose
clone it is. This one takes CREATE USER to write, nobody knows its password, and the next superuser finds it too.
MySQL 9.7 takes attributes of several megabytes; a right takes about 50 bytes. Nothing in it is secret.
Source: MySQL Reference Manual, "CREATE USER Comment and Attribute Options"; the server's sql/sql_parse.cc, where ALTER
USER of one's own account is checked for every clause but this.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from secret_rotation.engines.mysql.accounts import Account, accounts_of
from secret_rotation.engines.mysql.connection import Connection
from secret_rotation.engines.mysql.rights import ALL, Right, Rights, all_privileges
from secret_rotation.engines.mysql.sql import Abridged, Sql, account_name, literal
from secret_rotation.errors import UnsafeRotationError
from secret_rotation.pairs import Pair

USERNAME_PREFIX = "secret_rotation."
HOST = "localhost"
"""A host that is no pattern, and that no server looks up."""
_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Base:
    """What an account and its counterpart had after the last rotation."""

    rights: Rights = field(default_factory=Rights)
    options: Mapping[str, str] = field(default_factory=dict)
    attribute: Mapping[str, object] = field(default_factory=dict)
    locked: bool = False


@dataclass(frozen=True, slots=True)
class Decisions:
    """For what differs between two accounts: what of it one of them decides.

    Attributes:
        rights: those rights and partial revokes.
        options: the names of those settings.
        attribute: the keys of the attribute.
        lock: whether the other account is to be locked or not.
    """

    rights: Rights = field(default_factory=Rights)
    options: frozenset[str] = frozenset()
    attribute: frozenset[str] = frozenset()
    lock: bool = False


@dataclass(frozen=True, slots=True)
class HostRecord:
    """The record of the accounts on one host.

    Attributes:
        base: what both had after the last rotation; None where the clone has no counterpart, or never had it yet.
        creation_mark: what marks the account that a rotation has begun to create here, or "". See `Account`.
        original_decides: what a rotation has begun to copy from the original to the clone, or to take from the clone.
        clone_decides: the same the other way round.
    """

    base: Base | None = None
    creation_mark: str = ""
    original_decides: Decisions = field(default_factory=Decisions)
    clone_decides: Decisions = field(default_factory=Decisions)


@dataclass(frozen=True, slots=True)
class PairRecord:
    """The record of a pair: the secret that it belongs to, by name, and what is known host by host."""

    secret: str
    hosts: Mapping[str, HostRecord] = field(default_factory=dict)

    def on(self, host: str) -> HostRecord:
        """The record of one host."""
        return self.hosts.get(host, HostRecord())

    def of_hosts(self, hosts: Mapping[str, HostRecord]) -> "PairRecord":
        """The same with other hosts."""
        return replace(self, hosts=hosts)

    def to_attribute(self, pair: str) -> dict[str, str]:
        """The keys of the attribute, equal for equal records. Each is one string, so that it is replaced whole."""
        hosts = {host: _dump_host(record) for host, record in self.hosts.items()}
        return {"pair": pair, "secret": self.secret, "hosts": _json(hosts)}

    @classmethod
    def from_attribute(cls, attribute: Mapping[str, object], pair: str) -> "PairRecord":
        """Read the attribute of a pair's record.

        Raises:
            ValueError: it is not one that a rotation has written for this pair.
        """
        try:
            if attribute["pair"] != pair:
                raise ValueError("the record of another pair")
            hosts = json.loads(str(attribute["hosts"]))
            return cls(str(attribute["secret"]), {host: _load_host(rows) for host, rows in hosts.items()})
        except (TypeError, KeyError, AttributeError):
            raise ValueError("not a record") from None


def record_username(original: str) -> str:
    """The user name of the account that holds a pair's record: within MySQL's 32 characters, whatever the name."""
    return USERNAME_PREFIX + hashlib.sha256(original.encode(errors="surrogatepass")).hexdigest()[:_DIGITS]


def create_record(original: str, record: PairRecord) -> Sql:
    """The statement that makes the record of a pair. The password that the server draws is told to nobody."""
    return Sql("CREATE USER {} IDENTIFIED BY RANDOM PASSWORD ACCOUNT LOCK ATTRIBUTE {}").format(
        _account(original), _abridged(original, record)
    )


def alter_record(original: str, record: PairRecord) -> Sql:
    """The statement that writes the record of a pair that has one."""
    return Sql("ALTER USER {} ATTRIBUTE {}").format(_account(original), _abridged(original, record))


def restore_record(original: str, record: PairRecord) -> Sql:
    """The statement that writes an earlier record again, shown in full: where it fails, somebody has to run it."""
    return Sql("ALTER USER {} ATTRIBUTE {}").format(_account(original), json.dumps(record.to_attribute(original)))


def hand_over(original: str, secret: str) -> Sql:
    """The statement that gives a pair to another secret, and leaves everything else in its record."""
    return Sql("ALTER USER {} ATTRIBUTE {}").format(_account(original), json.dumps({"secret": secret}))


def drop_record(original: str) -> Sql:
    """The statement that makes rotations forget a pair."""
    return Sql("DROP USER {}").format(_account(original))


def pair_of(connection: Connection, pair: Pair) -> tuple[list[Account], PairRecord | None]:
    """The accounts of both users of a pair, without their rights, and what rotations remember of it.

    Raises:
        UnsafeRotationError: the record was written by somebody else.
    """
    record_user = record_username(pair.original)
    found = accounts_of(connection, [pair.original, pair.clone, record_user])
    records = [account for account in found if account.user == record_user]
    return [account for account in found if account not in records], _record(records, pair)


def _record(accounts: list[Account], pair: Pair) -> PairRecord | None:
    if not accounts:
        return None
    try:
        return PairRecord.from_attribute(accounts[0].attribute, pair.original)
    except ValueError:
        raise UnsafeRotationError(
            f"The record of the pair {pair.original} and {pair.clone}, the attribute of account {accounts[0].sql}, is "
            f"not as a rotation wrote it. If nothing else uses that account: {drop_record(pair.original).typed()}; "
            "then rotate again, and the pair is adopted by the logins of the secret's versions."
        ) from None


def _account(original: str) -> Sql:
    """The account that holds a pair's record."""
    return account_name(record_username(original), HOST)


def _abridged(original: str, record: PairRecord) -> Abridged:
    """The record: with thousands of rights it is longer than an error or a line of the log may be."""
    return Abridged(str(literal(json.dumps(record.to_attribute(original)))), "the record of the pair")


def _json(document: object) -> str:
    return json.dumps(document, separators=(",", ":"), sort_keys=True)


def _dump_host(record: HostRecord) -> dict[str, object]:
    """Only what is there: most records are a base and nothing else."""
    document: dict[str, object] = {"newborn": record.creation_mark} if record.creation_mark else {}
    if record.base is not None:
        document |= {
            **_dump_rights(record.base.rights),
            "options": record.base.options,
            "attribute": record.base.attribute,
            "locked": record.base.locked,
        }
    for name, decisions in (("original", record.original_decides), ("clone", record.clone_decides)):
        if decisions != Decisions():
            document[name] = {
                **_dump_rights(decisions.rights),
                "options": sorted(decisions.options),
                "attribute": sorted(decisions.attribute),
                "lock": decisions.lock,
            }
    return document


def _dump_rights(rights: Rights) -> dict[str, object]:
    return {"held": _dump(rights.held), "restrictions": _dump(rights.restrictions)}


def _dump(rights: frozenset[Right]) -> list[list[object]]:
    """One short row for each right. What ALL PRIVILEGES stands for is left out."""
    implied = {part for right in rights if right.privilege == ALL for part in all_privileges(right.level)}
    rows: list[list[object]] = []
    for right in sorted(rights - implied):
        details = [right.column, True] if right.option else [right.column] if right.column else []
        rows.append([right.privilege, right.level, *details])
    return rows


def _load_host(document: Mapping[str, Any]) -> HostRecord:
    base = None
    if "held" in document:
        base = Base(
            rights=_load_rights(document),
            options=dict(document["options"]),
            attribute=dict(document["attribute"]),
            locked=document["locked"] is True,
        )
    return HostRecord(
        base,
        str(document.get("newborn", "")),
        _load_decisions(document.get("original")),
        _load_decisions(document.get("clone")),
    )


def _load_decisions(document: object) -> Decisions:
    if not isinstance(document, Mapping):
        return Decisions()
    return Decisions(
        rights=_load_rights(document),
        options=frozenset(document["options"]),
        attribute=frozenset(document["attribute"]),
        lock=document["lock"] is True,
    )


def _load_rights(document: Mapping[str, Any]) -> Rights:
    return Rights(_load(document["held"]), _load(document["restrictions"]))


def _load(rows: Iterable[tuple[str, str]]) -> frozenset[Right]:
    rights = {Right(*row) for row in rows}
    return frozenset(rights.union(*(all_privileges(right.level) for right in rights if right.privilege == ALL)))
