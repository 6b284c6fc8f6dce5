"""What AWS is asked in one run: each client is made once, and what several checks want to know is found out once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from rotationctl.checks.asking import MissingError, UnansweredError, ask
from rotationctl.checks.parallel import Once
from rotationctl.connection import Connection

Answer = TypeVar("Answer")

INVOCATION_SECONDS = 320
"""How long the doctor is waited for; template.yaml gives it 300 s."""


@dataclass(frozen=True)
class Inquiry:
    """Asks AWS, for checks that run side by side.

    Attributes:
        connection: how AWS is reached.
    """

    connection: Connection
    _once: Once = field(default_factory=Once, repr=False)

    def client(self, service: str) -> Any:  # noqa: ANN401 - each service has a type of its own
        """A client of a service."""
        return self._once.ask(("client", service), lambda: self.connection.client(service))

    def call(self, service: str, operation: str, **parameters: object) -> Mapping[str, Any]:
        """The answer of an operation, as boto3 spells it: ``call("lambda", "get_policy", FunctionName=...)``.

        Raises:
            UnansweredError: there is none that says anything.
            MissingError: what was asked for does not exist.
        """
        client = self.client(service)
        return ask(service, lambda: getattr(client, operation)(**parameters), self.connection.options)

    def pages(self, service: str, operation: str, members: str, **parameters: object) -> list[Any]:
        """All members of a list that comes in pages.

        Raises:
            UnansweredError, MissingError: as above.
        """
        pages = self.client(service).get_paginator(operation).paginate(**parameters)
        return ask(service, lambda: [member for page in pages for member in page[members]], self.connection.options)

    def invoke(self, function: str, payload: bytes) -> Mapping[str, Any]:
        """Invoke a function, once: what it does would be done again by a second call.

        Raises:
            UnansweredError, MissingError: as above.
        """
        client = self.connection.patient_lambda(INVOCATION_SECONDS)
        return ask("lambda", lambda: client.invoke(FunctionName=function, Payload=payload), self.connection.options)

    def once(self, question: str, find_out: Callable[[], Answer]) -> Answer:
        """What several checks want to know, found out for the first that asks; an error is everybody's."""
        return self._once.ask(question, find_out)

    @staticmethod
    def quietly(find_out: Callable[[], Answer]) -> Answer | None:
        """What can be found out, or None: another check says why not."""
        try:
            return find_out()
        except (UnansweredError, MissingError):
            return None
