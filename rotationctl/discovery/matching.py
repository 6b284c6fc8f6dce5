"""Which secret belongs to which database."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from rotationctl.by_hand import engine_of
from rotationctl.discovery.candidate import Candidate
from rotationctl.discovery.databases import Database
from rotationctl.discovery.values import Contents
from rotationctl.secret import DATABASE_TAGS, Secret
from secret_rotation.pairs import Pair


@dataclass(frozen=True)
class Estate:
    """What there is.

    Attributes:
        contents: what secrets say, by their ARN, as far as they were read.
    """

    databases: Sequence[Database]
    secrets: Sequence[Secret]
    contents: Mapping[str, Contents]

    def candidates(self) -> Iterator[Candidate]:
        """Each database with each of its secrets, those without one, and secrets for databases elsewhere."""
        owned: set[str] = set()
        for database in self.databases:
            theirs = [(secret, how) for secret in self.secrets if (how := self._known_by(secret, database))]
            owned.update(secret.arn for secret, _ in theirs)
            yield from (self._candidate(database, secret, how) for secret, how in theirs)
            if not theirs:
                yield Candidate(database)
        for secret in self.secrets:
            contents = self.contents.get(secret.arn)
            if secret.arn not in owned and contents and engine_of(contents.engine):
                yield self._candidate(None, secret, "value")

    def _candidate(self, database: Database | None, secret: Secret, known_by: str) -> Candidate:
        is_superuser = secret.arn in self._superusers
        contents, shares = self.contents.get(secret.arn), self._shares.get(secret.arn, ())
        return Candidate(database, secret, known_by, contents, shares, is_superuser)

    def database_of(self, secret: Secret) -> Database | None:
        """The database that a secret belongs to, if it is one of RDS's here."""
        return next((database for database in self.databases if self._known_by(secret, database)), None)

    def _known_by(self, secret: Secret, database: Database) -> str | None:
        contents = self.contents.get(secret.arn)
        if secret.arn == database.master_secret:
            return "RDS"
        if any(secret.tags.get(tag) in database.arns for tag in DATABASE_TAGS):
            return "tag"
        return "value" if contents and contents.host in database.endpoints else None

    @cached_property
    def _superusers(self) -> frozenset[str]:
        return frozenset(contents.superuser for contents in self.contents.values() if contents.superuser)

    @cached_property
    def _shares(self) -> Mapping[str, Sequence[str]]:
        """The secrets that have a user in common with a secret, by its ARN: each locks the other's clients out."""
        by_user = defaultdict(list)
        for secret in self.secrets:
            contents = self.contents.get(secret.arn)
            if contents and contents.host and contents.username:
                by_user[self._place(contents), Pair.of(contents.username).original].append(secret)
        return {
            secret.arn: [other.name for other in sharing if other is not secret]
            for sharing in by_user.values()
            for secret in sharing
            if len(sharing) > 1
        }

    def _place(self, contents: Contents) -> str:
        """The database of a host: a reader has the writer's users. Where it is none of RDS's, host and engine."""
        engine = engine_of(contents.engine)
        elsewhere = f"{engine[0] if engine else ''} {contents.host}"  # one machine may have a server of each
        return next((one.name for one in self.databases if contents.host in one.endpoints), elsewhere)
