"""Functions run as Lambda runs them."""

from lab.lambda_environment.code import FunctionCode, FunctionCodeMissingError
from lab.lambda_environment.emulator import EmulatorMissingError, EmulatorStartError
from lab.lambda_environment.environment import LambdaEnvironment
from lab.lambda_environment.function import Invocation, LambdaFunction
from lab.lambda_environment.in_process import InProcessContext, InProcessFunction

__all__ = [
    "EmulatorMissingError",
    "EmulatorStartError",
    "FunctionCode",
    "FunctionCodeMissingError",
    "InProcessContext",
    "InProcessFunction",
    "Invocation",
    "LambdaEnvironment",
    "LambdaFunction",
]
