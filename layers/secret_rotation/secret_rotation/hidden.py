"""Texts that must not be seen: in a log, in an exception, in a debugger's view of an object."""


class Hidden:
    """A text that shows itself only to whoever asks for it by `reveal()`."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself: for a driver, or for Secrets Manager."""
        return self._text

    def __repr__(self) -> str:
        return f"{type(self).__name__}(hidden)"

    def __reduce__(self) -> str:
        raise TypeError("what is hidden is not to be pickled or copied to elsewhere")
