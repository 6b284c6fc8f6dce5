"""The toy's kit."""

import json
from collections.abc import Sequence
from types import ModuleType
from typing import Any, ClassVar, NoReturn, cast

from lab.engines import Kit
from lab.servers import CertificateAuthority, DatabaseServer, Login
from lab.servers.model import Connection
from lab.tap.decoder import Decoder
from tests.toy.engine import Toy, ToySession
from tests.toy.server import DATABASE, Guest, ToyServer


def _not_asked_for(*_: object) -> NoReturn:
    raise NotImplementedError


_NEVER: Any = _not_asked_for
"""Stands for what the crash table, the benchmarks and the demo ask for, and no test of a toy."""


class ToyKit(Kit):
    """All that fixtures ask of an engine. Its statements are names of what the server can do."""

    engine = Toy
    brand = "Toy"
    engine_key = "toy"
    program = "toy"
    server_names = ("toy",)
    decoder = Decoder
    administration_database = None
    count_of_clients = hold_all_passwords = message_of_rejection = message_of_goodbye = ""
    messages_of_change = ()
    driver: ClassVar[ModuleType] = json
    way_of_statements = (ToySession, "ask")

    def start(
        self, server_name: str | None = None, *, authority: CertificateAuthority | None = None, **settings: object
    ) -> ToyServer:
        del server_name, authority, settings  # there is one, as it is
        return ToyServer()

    def database_of(self, username: str) -> str:  # noqa: ARG002 - the same for all
        return DATABASE

    def create_users(self, server: DatabaseServer, logins: Sequence[Login]) -> None:
        cast("ToyServer", server).toys.passwords.update({login.username: login.password for login in logins})

    def work(self, session: Connection, username: str) -> bool:
        """Whoever has logged in is one of the pair."""
        return cast("Guest", session).username.startswith(username)

    def run(self, server: DatabaseServer, _login: Login, _dbname: str, *statements: str) -> list[tuple[Any, ...]]:
        """Statements are `lock_out` and `let_in`."""
        locked_out = cast("ToyServer", server).toys.locked_out
        for statement in statements:
            deed, _, username = statement.partition(" ")
            (locked_out.add if deed == "lock_out" else locked_out.discard)(username)
        return []

    def account(self, username: str) -> str:
        return username

    def lock_out(self, username: str) -> str:
        return f"lock_out {username}"

    def let_in(self, username: str) -> str:
        return f"let_in {username}"

    def rejected_login(self, username: str) -> str:
        return f"rejected {username}"

    notes = changes_of_password = change_of_own_password = hold_password = enrichment = revoke_role = _NEVER
    shared = grant_by_mistake = revoke_the_mistake = rights = sessions_of = sessions_from = _NEVER
    drop = rename = create_superuser = let_create_users = troubles = _NEVER
    creation = hold_rotations = setting = _NEVER
