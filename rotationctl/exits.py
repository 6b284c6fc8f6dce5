"""How the program ends: exit codes, which scripts depend on, and the exception that leads to one."""

from enum import IntEnum
from typing import Self


class Exit(IntEnum):
    """The exit codes of all commands, each with its meaning."""

    meaning: str

    FINE = 0, "It is done, or all that was asked about is fine."
    NOT_FINE = 1, "Something that was asked about is not fine, does not exist, could not be done, or was not agreed to."
    USAGE = 2, "The command line is wrong."
    PARTLY = 3, "Partly done: something could not be read, or not be done."
    NOT_ASKED = 4, "AWS could not be asked: no credentials, no permission, no region, no answer."
    TIMED_OUT = 124, "It took longer than --timeout."
    INTERRUPTED = 130, "Ctrl-C."
    BROKEN_PIPE = 141, "Whoever read the output has gone away."

    def __new__(cls, code: int, meaning: str) -> Self:
        """Make a member, which is its code."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member


class Failure(Exception):  # noqa: N818 - what a person is told, not a defect
    """A sentence for the person who typed the command: what happened, and what to do; and how the program ends."""

    def __init__(self, sentence: str, code: Exit) -> None:
        super().__init__(sentence)
        self.code = code


class StrangeAnswerError(Exception):
    """Something answered where AWS should, and AWS does not answer like that."""


class ReaderGoneError(Exception):
    """Whoever read the output has closed the pipe, as `head` does."""
