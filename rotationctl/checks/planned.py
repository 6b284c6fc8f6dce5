"""What somebody means to attach to a secret."""

from dataclasses import dataclass

from rotationctl.functions import Strategy


@dataclass(frozen=True, slots=True)
class Planned:
    """What is to be attached.

    Attributes:
        function_arn: None where it is not chosen yet.
    """

    strategy: Strategy
    function_arn: str | None

    @property
    def options(self) -> list[str]:
        """The options that say so, for a command that is printed."""
        function = ["--function", self.function_arn] if self.function_arn else []
        return ["--pre", "--strategy", self.strategy, *function]
