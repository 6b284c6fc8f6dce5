"""The demo from its first line to its last."""

from dataclasses import dataclass
from itertools import takewhile

from lab.console import Printer
from lab.demo.act import Act
from lab.demo.narrator import Narrator
from lab.servers import DatabaseServer
from lab.steady_client import SteadyClient
from lab.world import Application, EngineName, StrategyName, World

TITLES = {
    StrategyName.SINGLE_USER: "SINGLE USER: the user changes its own password",
    StrategyName.ALTERNATING_USERS: "ALTERNATING USERS: two users take turns",
}
ROTATIONS = {StrategyName.SINGLE_USER: 1, StrategyName.ALTERNATING_USERS: 2}
SUPERUSER_SECRET = "demo/superuser"  # noqa: S105 - its name
SHOWN_LABELS = ("AWSCURRENT", "AWSPREVIOUS")
STEADY_LOGINS = 5  # before the first rotation and after the last


@dataclass(frozen=True)
class Show:
    """One run of the demo."""

    world: World
    narrator: Narrator
    printer: Printer

    def give(self, engine: EngineName) -> bool:
        """Start everything, rotate with each strategy, sum up; tells whether all went as it should."""
        self.printer.line(f"Starting {engine.brand} (the first time, it is downloaded) ...")
        server = self.world.start_servers([engine])[0]
        self.printer.line(f"{engine.brand} {server.version} listens at {server.host}:{server.port}, over TLS.")
        self.printer.line(f"A local Secrets Manager listens at {self.world.cloud.endpoint_url}.")
        self.printer.line("The functions run as in Lambda: a process each, AWS's runtime and emulator.")
        self.printer.line("A client logs in with AWSCURRENT all the while; steps wait for a few logins.")
        acts = [self._act(engine, strategy, server) for strategy in StrategyName]
        self._sum_up(acts)
        return all(act.is_good for act in acts)

    def _act(self, engine: EngineName, strategy: StrategyName, server: DatabaseServer) -> Act:
        self.printer.heading(TITLES[strategy])
        application = self._application(strategy, server)
        self.world.cloud.enable_rotation(application.secret_arn, self.world.add_function(engine, strategy))
        with SteadyClient(self.world.cloud.client(), application) as client:
            self.narrator.follow(client)
            client.wait_for_logins(STEADY_LOGINS)
            rotations = (self._rotate(application, number) for number in range(1, ROTATIONS[strategy] + 1))
            completed = len(list(takewhile(bool, rotations)))  # the first that fails stays pending: none can follow
            client.wait_for_logins(STEADY_LOGINS)
        return Act(engine, strategy, ROTATIONS[strategy], completed, client.tally)

    def _application(self, strategy: StrategyName, server: DatabaseServer) -> Application:
        superuser = SUPERUSER_SECRET if strategy is StrategyName.ALTERNATING_USERS else None
        word = strategy.partition("_")[0]
        return self.world.add_application(server, f"app_{word}", f"demo/{word}", superuser)

    def _rotate(self, application: Application, number: int) -> bool:
        self.narrator.begin(f"Rotation {number} of {application.secret_name}")
        run = self.world.cloud.rotate(application.secret_arn)
        if not run.succeeded:
            return False
        self.narrator.rotated(application, {label: self.world.value(application, label) for label in SHOWN_LABELS})
        return True

    def _sum_up(self, acts: list[Act]) -> None:
        self.printer.heading("THE CLIENT")
        for act in acts:
            self.printer.line(act.summary if act.is_good else self.printer.bad(act.summary))
            for line in act.explanation:
                self.printer.line(f"  {line}")
