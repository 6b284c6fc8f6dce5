"""Reading the answers that AWS gives in pages, where boto3's paginators do not or say too little."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rotationctl.exits import StrangeAnswerError


def pages(
    operation: str, call: Callable[..., Mapping[str, Any]], request: Mapping[str, Any], key: str = "NextToken"
) -> Iterator[Mapping[str, Any]]:
    """The pages of an answer, each read when it is needed; boto3's exceptions pass.

    Args:
        operation: what AWS calls it.
        call: asks for a page.
        request: what is asked for.
        key: what AWS calls the token that leads to the next page.

    Raises:
        StrangeAnswerError: the same page came again.
    """
    token = None
    while True:
        page = call(**request, **({key: token} if token else {}))
        yield page
        if not page.get(key):
            return
        if page[key] == token:
            raise StrangeAnswerError(f"{operation} answered with the same {key} twice.")
        token = page[key]
