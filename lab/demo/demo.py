"""The demo from its first line to its last."""

from dataclasses import dataclass
from itertools import takewhile

from lab.application import Application
from lab.console import Printer
from lab.demo.act import Act, acts
from lab.demo.outcome import Outcome
from lab.demo.step_printer import ID_LENGTH, StepPrinter
from lab.engines import Kit
from lab.lambda_environment import LambdaFunction
from lab.servers import DatabaseServer
from lab.steady_client import SteadyClient
from lab.world import World

SUPERUSER_SECRET = "demo/superuser"  # noqa: S105 - its name
SHOWN_LABELS = ("AWSCURRENT", "AWSPREVIOUS")
STEADY_LOGINS = 5
"""How many logins the client tries before the first rotation, and after the last."""


@dataclass(frozen=True)
class Demo:
    """One run of the demo."""

    world: World
    step_printer: StepPrinter
    printer: Printer

    def run(self, kit: Kit) -> bool:
        """Start everything, rotate with each strategy, and sum up.

        Returns:
            Whether all went as it should.
        """
        self.printer.line(f"Starting {kit.brand} (the first time, it is downloaded) ...")
        server = self.world.start_servers([kit])[0]
        self.printer.line(f"{kit.brand} {server.version} listens at {server.host}:{server.port}, over TLS.")
        self.printer.line(f"A local Secrets Manager listens at {self.world.cloud.endpoint_url}.")
        self.printer.line("The functions run as in Lambda: a process each, AWS's runtime and emulator.")
        self.printer.line("A client logs in with AWSCURRENT all the while; steps wait for a few attempts.")
        self.printer.line(f"Versions of a secret are shown by the first {ID_LENGTH} characters of their ids.")
        outcomes = [self._play(act, server) for act in acts(kit)]
        self._sum_up(outcomes)
        return all(outcome.is_good for outcome in outcomes)

    def _play(self, act: Act, server: DatabaseServer) -> Outcome:
        self.printer.heading(act.title)
        if act.notice:
            self.printer.line(act.notice)
        application = self.world.add_application(
            act.pairing, server, f"app_{act.short}", f"demo/{act.short}", SUPERUSER_SECRET, act.settings
        )
        with SteadyClient(application) as client:
            self.step_printer.follow(client)
            client.wait_for_logins(STEADY_LOGINS)
            rotations = (self._rotate(application, number) for number in range(1, act.rotations + 1))
            completed = len(list(takewhile(bool, rotations)))  # the first that fails stays pending: none can follow
            client.wait_for_logins(STEADY_LOGINS)
        return Outcome(act, completed, client.tally)

    def _rotate(self, application: Application[LambdaFunction], number: int) -> bool:
        self.step_printer.begin(f"Rotation {number} of {application.secret.name}")
        if not application.rotate().succeeded:
            return False
        self.step_printer.rotated(application, SHOWN_LABELS)
        return True

    def _sum_up(self, outcomes: list[Outcome]) -> None:
        self.printer.heading("THE CLIENT")
        for outcome in outcomes:
            self.printer.line(outcome.summary if outcome.is_good else self.printer.bad(outcome.summary))
            for line in outcome.explanation:
                self.printer.line(f"  {line}")
