"""PostgreSQL's protocol, version 3: where its messages end, and what they are called.

Source: PostgreSQL manual, "Frontend/Backend Protocol", "Message Formats".
"""

import re
from typing import Final

from lab.tap.decoder import Frame, GarbageError, terminated
from lab.tap.message import FROM_DATABASE, TO_DATABASE, Direction
from lab.tap.statement import keywords

_CANCEL, _SSL, _GSS = 80877102, 80877103, 80877104
_OPENING: Final = {_CANCEL: "CancelRequest", _SSL: "SSLRequest", _GSS: "GSSENCRequest", 3 << 16: "StartupMessage"}
_HEADER_BYTES, _SHORTEST_OPENING_BYTES = 5, 8
_LONGEST_MESSAGE_BYTES, _LONGEST_OPENING_BYTES = 1 << 30, 10_000  # what the server itself takes

_FROM_CLIENT: Final = {
    b"B": "Bind", b"C": "Close", b"D": "Describe", b"E": "Execute", b"F": "FunctionCall", b"H": "Flush", b"P": "Parse",
    b"Q": "Query", b"S": "Sync", b"X": "Terminate", b"c": "CopyDone", b"d": "CopyData", b"f": "CopyFail",
    b"p": "PasswordMessage",
}  # fmt: skip
_FROM_SERVER: Final = {
    b"1": "ParseComplete", b"2": "BindComplete", b"3": "CloseComplete", b"A": "NotificationResponse",
    b"C": "CommandComplete", b"D": "DataRow", b"E": "ErrorResponse", b"G": "CopyInResponse", b"H": "CopyOutResponse",
    b"I": "EmptyQueryResponse", b"K": "BackendKeyData", b"N": "NoticeResponse", b"R": "Authentication",
    b"S": "ParameterStatus", b"T": "RowDescription", b"V": "FunctionCallResponse", b"W": "CopyBothResponse",
    b"Z": "ReadyForQuery", b"c": "CopyDone", b"d": "CopyData", b"n": "NoData", b"s": "PortalSuspended",
    b"t": "ParameterDescription", b"v": "NegotiateProtocolVersion",
}  # fmt: skip
_KINDS: Final = {TO_DATABASE: _FROM_CLIENT, FROM_DATABASE: _FROM_SERVER}
_RUNS: Final = frozenset({"CopyData", "DataRow", "NoticeResponse", "ParameterStatus"})
_AUTHENTICATION: Final = {
    0: "Ok", 3: "CleartextPassword", 5: "MD5Password", 10: "SASL", 11: "SASLContinue", 12: "SASLFinal",
}  # fmt: skip
# What the client's one message type for all of them is called, after what the server has asked for.
_ANSWERS: Final = {"AuthenticationSASL": "SASLInitialResponse", "AuthenticationSASLContinue": "SASLResponse"}


class PostgreSQLDecoder:
    """The two directions of one connection. See Decoder."""

    def __init__(self) -> None:
        self.username: str | None = None
        self.has_ended = False
        self._buffers = {TO_DATABASE: bytearray(), FROM_DATABASE: bytearray()}
        self._has_opened = False
        self._asked = ""  # the request that the server answers with a single byte
        self._authentication = ""

    def feed(self, direction: Direction, data: bytes) -> list[Frame]:
        buffer = self._buffers[direction]
        buffer += data
        frames = []
        while 0 < (size := self._size(direction, buffer)) <= len(buffer):
            message = bytes(buffer[:size])
            del buffer[:size]
            frames.append(self._frame(direction, message))
        return frames

    def _size(self, direction: Direction, buffer: bytearray) -> int:
        """The size of the first message in the buffer, in bytes; 0 where that is not known yet."""
        if direction is FROM_DATABASE and self._asked and buffer[:1] != b"E":
            return 1
        if direction is TO_DATABASE and not self._has_opened:
            return _opening_size(buffer)
        if buffer and bytes(buffer[:1]) not in _KINDS[direction]:
            raise GarbageError(f"No PostgreSQL message {direction.value} begins with {bytes(buffer[:1])!r}.")
        if len(buffer) < _HEADER_BYTES:
            return 0
        size = 1 + int.from_bytes(buffer[1:5], signed=True)
        if not _HEADER_BYTES <= size <= _LONGEST_MESSAGE_BYTES:
            raise GarbageError(f"No PostgreSQL message has {size} bytes.")
        return size

    def _frame(self, direction: Direction, message: bytes) -> Frame:
        if direction is TO_DATABASE and not self._has_opened:
            return self._opening(message)
        if direction is FROM_DATABASE and self._asked and message[:1] != b"E":
            return self._answer(message)
        kind = _KINDS[direction][message[:1]]
        name = self._from_client(kind, message) if direction is TO_DATABASE else self._from_server(kind, message)
        return Frame(f"{name} ..." if kind in _RUNS else name, message, repeats=kind in _RUNS)

    def _opening(self, message: bytes) -> Frame:
        code = int.from_bytes(message[4:8])
        if code not in _OPENING:
            raise GarbageError(f"No PostgreSQL connection begins with the code {code}.")
        name = _OPENING[code]
        self._asked = name if code in (_SSL, _GSS) else ""
        self.has_ended = code == _CANCEL
        if name == "StartupMessage":
            self._has_opened = True
            words = message[8:].split(b"\0")
            self.username = dict(zip(words[::2], words[1::2], strict=False)).get(b"user", b"").decode(errors="replace")
        return Frame(name, message)

    def _answer(self, message: bytes) -> Frame:
        """The single byte to SSLRequest or GSSENCRequest. Only an attacker sends more in clear together with a yes."""
        begins_tls = message == b"S" and self._asked == "SSLRequest"
        if not (begins_tls or message == b"N") or self._buffers[FROM_DATABASE]:
            raise GarbageError(f"The answer to {self._asked} is neither yes nor no, or more than that.")
        name = f"{self._asked.removesuffix('Request')} {'accepted' if begins_tls else 'refused'}"
        self._asked = ""
        return Frame(name, message, early_tls=b"" if begins_tls else None)

    def _from_client(self, kind: str, message: bytes) -> str:
        self.has_ended = self.has_ended or kind == "Terminate"
        if kind == "Query":
            return f"Query: {keywords(terminated(message, 5).decode(errors='replace'))}"
        if kind == "Parse":
            name = terminated(message, 5)
            return f"Parse: {keywords(terminated(message, 6 + len(name)).decode(errors='replace'))}"
        return _ANSWERS.get(self._authentication, kind) if kind == "PasswordMessage" else kind

    def _from_server(self, kind: str, message: bytes) -> str:
        if kind == "Authentication":
            code = int.from_bytes(message[5:9])
            self._authentication = kind + _AUTHENTICATION.get(code, f" {code}")
            return self._authentication
        if kind == "CommandComplete":
            words = re.findall(r"[A-Z]+", terminated(message, 5).decode(errors="replace"))
            return " ".join([kind, *words])
        if kind in ("ErrorResponse", "NoticeResponse"):
            fields = {field[:1]: field[1:].decode(errors="replace") for field in message[5:].split(b"\0")}
            self.has_ended = self.has_ended or fields.get(b"V") in ("FATAL", "PANIC")
            return f"{kind} {fields.get(b'C', '')}"
        return kind


def _opening_size(buffer: bytearray) -> int:
    """The first messages of a client have no type byte."""
    if len(buffer) < _SHORTEST_OPENING_BYTES:
        return 0
    size = int.from_bytes(buffer[:4], signed=True)
    if not _SHORTEST_OPENING_BYTES <= size <= _LONGEST_OPENING_BYTES:
        raise GarbageError(f"No PostgreSQL connection begins with a message of {size} bytes.")
    return size
