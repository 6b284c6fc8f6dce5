"""Structured logs and metrics of each step, through Powertools.

Each log line carries the secret's ARN, the step, the version id, strategy and engine, and the version of this software.
Each step adds to the metrics StepSucceeded or StepFailed (count) and StepDuration (milliseconds), by step, strategy and
engine.
"""

import json
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers
from aws_lambda_powertools.metrics import Metrics, MetricUnit

from secret_rotation import __version__
from secret_rotation.errors import InvalidEventError, RotationError
from secret_rotation.labels import Verdict
from secret_rotation.request import RotationRequest

PACKAGE = __name__.partition(".")[0]
DEFAULT_SERVICE = "secret-rotation"
DEFAULT_NAMESPACE = "SecretRotation"
SOFTWARE = {"software_version": __version__}
"""In each line of the log: which version of this software wrote it."""

_as_ascii = partial(json.dumps, default=str, separators=(",", ":"))
"""A line in ASCII can always be written, whatever a name in it holds and whatever the environment's encoding is."""


class StepRecord:
    """What became of a step, told by whoever runs it."""

    verdict: Verdict | None = None


class Telemetry:
    """The log and the metrics of one Lambda environment."""

    def __init__(self, strategy: str, engine: str, environ: Mapping[str, str]) -> None:
        self._who = {"strategy": strategy, "engine": engine}
        self._always = {**self._who, **SOFTWARE}
        self._logger = structured_log(environ)
        self._metrics = metrics_of(environ)

    @contextmanager
    def step(self, request: RotationRequest) -> Iterator[StepRecord]:
        """Log and measure a step, whether it succeeds or fails. Errors pass through."""
        keys = {"secret_arn": request.secret_arn, "step": request.step.value, "version_id": request.token}
        self._logger.structure_logs(append=False, formatter_options=None, **keys, **self._always)
        started, record = time.perf_counter(), StepRecord()
        try:
            yield record
        except RotationError as error:
            self._failed(error, request.step.value, _milliseconds_since(started))
            raise
        duration = _milliseconds_since(started)
        outcome = "was done already" if record.verdict is Verdict.ALREADY_DONE else "succeeded"
        self._logger.info("%s %s", request.step, outcome, extra={"duration_ms": duration})
        self._measure("StepSucceeded", request.step.value, duration)

    def refused(self, error: InvalidEventError) -> None:
        """Log and measure an event that names no step to run."""
        self._logger.structure_logs(append=False, formatter_options=None, **self._always)
        self._failed(error, "none", 0.0)

    def _failed(self, error: RotationError, step: str, duration: float) -> None:
        self._logger.error("%s", error, extra={"error": type(error).__name__, "duration_ms": duration})
        self._measure("StepFailed", step, duration)

    def _measure(self, outcome: str, step: str, duration: float) -> None:
        for name, value in {**self._who, "step": step}.items():
            self._metrics.add_dimension(name, value)
        self._metrics.add_metric(outcome, MetricUnit.Count, 1)
        self._metrics.add_metric("StepDuration", MetricUnit.Milliseconds, duration)
        self._metrics.flush_metrics()


def structured_log(environ: Mapping[str, str]) -> Logger:
    """The log of this process.

    At DEBUG the libraries print requests and answers, passwords and rotation tokens among them, and Lambda's own log
    level can set all loggers to it. So that level is off for the whole process, whatever level anybody gives to a
    logger, now or later; this package has nothing to say at it.
    """
    logger = Logger(service=_service(environ), use_rfc3339=True, utc=True, json_serializer=_as_ascii)
    logging.disable(logging.DEBUG)
    logging.getLogger(PACKAGE)  # makes the logger, or the next line would find none to configure
    copy_config_to_registered_loggers(logger, include={PACKAGE})
    return logger


def metrics_of(environ: Mapping[str, str]) -> Metrics:
    """The metrics of this process, in the namespace that is set."""
    namespace = environ.get("POWERTOOLS_METRICS_NAMESPACE") or DEFAULT_NAMESPACE
    return Metrics(namespace=namespace, service=_service(environ))


def _service(environ: Mapping[str, str]) -> str:
    return environ.get("POWERTOOLS_SERVICE_NAME") or DEFAULT_SERVICE


def _milliseconds_since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)
