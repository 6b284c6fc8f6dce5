"""A function that runs several times at once, as Lambda's concurrency has it: an environment for each invocation."""

from collections.abc import Iterable, Mapping
from queue import SimpleQueue

from lab.lambda_environment.function import Invocation, LambdaFunction


class ConcurrentFunction:
    """A `LambdaFunction` over environments that take turns; where none is free, an invocation waits for one."""

    def __init__(self, environments: Iterable[LambdaFunction]) -> None:
        self._free: SimpleQueue[LambdaFunction] = SimpleQueue()
        for environment in environments:
            self._free.put(environment)

    def invoke(self, event: Mapping[str, object]) -> Invocation:
        """Invoke it in the environment that has been idle for longest."""
        environment = self._free.get()
        try:
            return environment.invoke(event)
        finally:
            self._free.put(environment)
