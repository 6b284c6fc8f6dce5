"""What boto3's exceptions mean for the person who typed the command.

They are told by the names of their classes, so that nothing of botocore has to be loaded to ask.
"""

import os
import re
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from rotationctl.exits import Exit, Failure, StrangeAnswerError
from rotationctl.text import printable, shortened
from secret_rotation.commands import shell_line

_Advice = Callable[[Sequence[str]], str]
"""What to do, given the options with which AWS was to be reached."""


def _aws(*words: str) -> _Advice:
    return lambda options: f"`{shell_line(['aws', *words, *options])}`"


_IDENTITY = _aws("sts", "get-caller-identity")
_CONFIGURATION = _aws("configure", "list")


def _log_in(*words: str) -> _Advice:
    return lambda options: f"Log in again: {_aws(*words)(options)}."


def _who(options: Sequence[str]) -> str:
    return f"Who you are to AWS: {_IDENTITY(options)}."


def _where(options: Sequence[str]) -> str:
    return f"Where credentials and region are taken from: {_CONFIGURATION(options)}."


def _network(_: Sequence[str]) -> str:
    return "Check the network, the proxy (HTTPS_PROXY), --region and --endpoint-url."


_BY_CLASS: tuple[tuple[str, _Advice], ...] = (
    ("ProfileNotFound", lambda _: "The profiles that there are: `aws configure list-profiles`."),
    ("NoRegionError", lambda _: "Add --region, or set AWS_REGION."),
    ("InvalidRegionError", lambda _: "Regions are called as in eu-central-1."),
    ("SSOError", _log_in("sso", "login")),
    ("TokenRetrievalError", _log_in("sso", "login")),
    ("LoginError", _log_in("login")),
    ("ConnectionError", _network),
    ("HTTPClientError", _network),
    ("BotoCoreError", _where),
)
"""By the name of a class or of one that it derives from; the first that fits is taken."""
_THROTTLED = frozenset({"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded"})
_SERVER_ERROR = 500
_UNKNOWN_CALLER = frozenset({
    "ExpiredToken", "ExpiredTokenException", "IncompleteSignature", "InvalidClientTokenId", "InvalidSignatureException",
    "MissingAuthenticationToken", "RequestExpired", "SignatureDoesNotMatch", "UnrecognizedClientException",
})  # fmt: skip
_REFUSED = frozenset({"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"})
_USER_IN_URL = re.compile(r"(?<=://)[^/\s@]+@")
"""Name and password in an address that is set elsewhere than on the command line."""


def is_refused(error: Exception) -> bool:
    """Whether AWS knows who asks, and says no."""
    return code_of(error) in _REFUSED


def explain(error: Exception, options: Sequence[str] = ()) -> Failure | None:
    """The failure that an exception of boto3 is, or None for any other exception.

    Args:
        error: what was raised.
        options: with which AWS was to be reached, for the commands in the sentence.
    """
    classes = {kind.__name__ for kind in type(error).__mro__}
    if "ClientError" in classes:
        return _refusal(error, options)
    if "ParamValidationError" in classes:
        return Failure(_sentence(str(error).splitlines()[-1]), Exit.USAGE)
    if isinstance(error, ValueError) and str(error).startswith("Invalid endpoint"):
        return Failure(f"{_sentence(str(error))} Correct AWS_ENDPOINT_URL.", Exit.NOT_ASKED)
    if isinstance(error, StrangeAnswerError):
        return Failure(f"{_sentence(str(error))} {_network(options)}", Exit.NOT_ASKED)
    if "BotoCoreError" not in classes:
        return _stumble(error, options)
    advice = next((advice for name, advice in _BY_CLASS if name in classes), None)
    return advice and Failure(f"{_sentence(str(error))} {advice(options)}", Exit.NOT_ASKED)


def code_of(error: Exception) -> str:
    """What AWS calls an error, or the name of its class where AWS has not answered."""
    response: dict[str, Any] = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code") or type(error).__name__)


def is_about_caller(code: str) -> bool:
    """Whether it is the caller whom AWS does not know, or does not let do it."""
    return code in _UNKNOWN_CALLER or code in _REFUSED


def is_passing(error: Exception) -> bool:
    """Whether the same call may succeed a little later: throttled, lost on its way, or a fault of AWS's own."""
    classes = {kind.__name__ for kind in type(error).__mro__}
    response: dict[str, Any] = getattr(error, "response", None) or {}
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    is_lost = not classes.isdisjoint(("ConnectionError", "HTTPClientError")) and "BotoCoreError" in classes
    return is_lost or is_throttled(error) or status >= _SERVER_ERROR


def is_throttled(error: Exception) -> bool:
    """Whether AWS has no room for more calls just now."""
    return code_of(error) in _THROTTLED


def _stumble(error: Exception, options: Sequence[str]) -> Failure | None:
    """What botocore had no exception of its own for: it stumbled over an answer, or over a setting."""
    modules = {frame.f_globals.get("__name__") for frame, _ in traceback.walk_tb(error.__traceback__)}
    if "botocore.parsers" in modules:
        return Failure(f"{_sentence(f'AWS does not answer like this: {error}')} {_network(options)}", Exit.NOT_ASKED)
    if "botocore.configprovider" in modules:
        text = f"{_setting(str(error))} cannot be read: {error}"
        return Failure(f"{_sentence(text)} {_where(options)}", Exit.NOT_ASKED)
    return None


def _setting(told: str) -> str:
    """What the setting is called over whose value botocore stumbled; it tells the value alone."""
    names = sorted(name for name, value in os.environ.items() if name.startswith("AWS_") and told.endswith(repr(value)))
    return " or ".join(names) or "A setting of the AWS configuration"


def _refusal(error: Exception, options: Sequence[str]) -> Failure:
    response: dict[str, Any] = getattr(error, "response", {})
    operation = getattr(error, "operation_name", "the call")
    code, message = (str(response.get("Error", {}).get(key, "")) for key in ("Code", "Message"))
    if code in _THROTTLED:
        sentence = f"AWS has no room for more calls of {operation} ({code}). Run the same command again in a minute."
    elif code in _UNKNOWN_CALLER:
        sentence = f"AWS does not accept these credentials ({code}): {_sentence(message)} {_who(options)}"
    elif code in _REFUSED:
        sentence = f"You may not do {operation} ({code}): {_sentence(message)} {_who(options)}"
    else:
        sentence = f"AWS answered {operation} with {code}: {_sentence(message)}"
    return Failure(printable(sentence), Exit.NOT_ASKED)


def _sentence(text: str) -> str:
    return printable(shortened(_USER_IN_URL.sub("", text.strip()))).rstrip(".") + "."
