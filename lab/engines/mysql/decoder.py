"""MySQL's protocol: where its messages end, and what they are called.

A message is one packet, or several where it is longer than a packet can be. What a packet of the server is depends on
what came before it. Compression is not understood, and the answers to prepared statements get wrong names: the suite
uses neither.
Source: MySQL Source Code Documentation, "Client/Server Protocol".
"""

from enum import Enum, auto
from typing import Final

from lab.tap.decoder import Frame, GarbageError, terminated
from lab.tap.message import FROM_DATABASE, TO_DATABASE, Direction
from lab.tap.statement import keywords

_HEADER_BYTES = 4
_LONGEST_PACKET_BYTES = 0xFFFFFF
_SSL_REQUEST_BYTES = 32
_CLIENT_SSL, _CLIENT_DEPRECATE_EOF = 1 << 11, 1 << 24
_OK, _GREETING, _LOCAL_FILE, _EOF, _ERROR = 0x00, 0x0A, 0xFB, 0xFE, 0xFF
_LONGEST_EOF_BYTES = 5
_QUIT, _QUERY, _CHANGE_USER, _PREPARE = 0x01, 0x03, 0x11, 0x16
_COMMANDS: Final = {
    _QUIT: "Quit", 0x02: "InitDB", _QUERY: "Query", 0x04: "FieldList", 0x09: "Statistics", 0x0D: "Debug", 0x0E: "Ping",
    _CHANGE_USER: "ChangeUser", _PREPARE: "StmtPrepare", 0x17: "StmtExecute", 0x18: "StmtSendLongData",
    0x19: "StmtClose", 0x1A: "StmtReset", 0x1B: "SetOption", 0x1C: "StmtFetch", 0x1F: "ResetConnection",
}  # fmt: skip
_LOGIN_NAMES: Final = {0x01: "AuthMoreData", _EOF: "AuthSwitchRequest"}
_COLUMN, _ROW = "ColumnDefinition ...", "ResultSet row ..."


class _Phase(Enum):
    """What the server says next."""

    GREETING = auto()
    LOGIN = auto()
    RESPONSE = auto()
    COLUMNS = auto()
    ROWS = auto()


class MySQLDecoder:
    """The two directions of one connection. See Decoder."""

    def __init__(self) -> None:
        self.username: str | None = None
        self.has_ended = False
        self._buffers = {TO_DATABASE: bytearray(), FROM_DATABASE: bytearray()}
        self._sequence = 0
        self._phase = _Phase.GREETING
        self._columns = 0
        self._has_eof = True
        self._is_encrypted = False

    def feed(self, direction: Direction, data: bytes) -> list[Frame]:
        buffer = self._buffers[direction]
        buffer += data
        frames: list[Frame] = []
        while size := self._complete(buffer):
            message = bytes(buffer[:size])
            del buffer[:size]
            frames.append(self._frame(direction, message, _payload(message)))
        return frames

    def _complete(self, buffer: bytearray) -> int:
        """The size of the first message in the buffer, in bytes; 0 as long as it is not complete."""
        end, sequence = 0, None
        while len(buffer) >= end + _HEADER_BYTES:
            sequence = self._checked(buffer[end + 3], sequence)
            length = int.from_bytes(buffer[end : end + 3], "little")
            end += _HEADER_BYTES + length
            if length < _LONGEST_PACKET_BYTES:
                break
        else:
            return 0
        if end > len(buffer):
            return 0
        self._sequence = (sequence + 1) % 256
        return end

    def _checked(self, sequence: int, previous: int | None) -> int:
        """The number of a packet: that of the packet before it plus 1, in either direction; a command begins at 0."""
        allowed = (0, self._sequence) if previous is None else ((previous + 1) % 256,)
        if sequence not in allowed:
            raise GarbageError(f"MySQL's packet {sequence} came where {' or '.join(map(str, allowed))} was to come.")
        return sequence

    def _frame(self, direction: Direction, message: bytes, payload: bytes) -> Frame:
        if direction is FROM_DATABASE:
            name = self._from_server(payload)
            return Frame(name, message, repeats=name in (_COLUMN, _ROW))
        if self._is_ssl_request(payload):
            self._is_encrypted = True
            early = bytes(self._buffers[TO_DATABASE])
            self._buffers[TO_DATABASE].clear()
            return Frame("SSLRequest", message, early_tls=early)
        return Frame(self._from_client(payload), message)

    def _is_ssl_request(self, payload: bytes) -> bool:
        is_first = self.username is None and not self._is_encrypted
        return is_first and len(payload) == _SSL_REQUEST_BYTES and bool(_capabilities(payload) & _CLIENT_SSL)

    def _from_client(self, payload: bytes) -> str:
        if self.username is None:
            self._has_eof = not _capabilities(payload) & _CLIENT_DEPRECATE_EOF
            self.username = terminated(payload, _SSL_REQUEST_BYTES).decode(errors="replace")
            return "HandshakeResponse"
        if self._phase is _Phase.LOGIN:
            return "AuthResponse"
        command = payload[0] if payload else None
        name = _COMMANDS.get(command, "Command") if command is not None else "Command"
        self.has_ended = command == _QUIT
        self._phase = _Phase.LOGIN if command == _CHANGE_USER else _Phase.RESPONSE
        if command in (_QUERY, _PREPARE):
            return f"{name}: {keywords(payload[1:].decode(errors='replace'))}"
        return name

    def _from_server(self, payload: bytes) -> str:
        first = payload[0] if payload else _OK
        if self._phase is _Phase.GREETING and first not in (_GREETING, _ERROR):
            raise GarbageError(f"A MySQL server's greeting does not begin with {first}.")
        if first == _ERROR and self._phase is not _Phase.COLUMNS:
            return self._error(payload)
        return {
            _Phase.GREETING: self._greeting,
            _Phase.LOGIN: self._login,
            _Phase.RESPONSE: self._response,
            _Phase.COLUMNS: self._column,
            _Phase.ROWS: self._row,
        }[self._phase](first, payload)

    def _error(self, payload: bytes) -> str:
        self.has_ended = self._phase in (_Phase.GREETING, _Phase.LOGIN)
        self._phase = _Phase.RESPONSE
        return f"Error {int.from_bytes(payload[1:3], 'little')}"

    def _greeting(self, _first: int, _payload: bytes) -> str:
        self._phase = _Phase.LOGIN
        return "Greeting"

    def _login(self, first: int, _payload: bytes) -> str:
        if first == _OK:
            self._phase = _Phase.RESPONSE
        return _LOGIN_NAMES.get(first, "OK")

    def _response(self, first: int, payload: bytes) -> str:
        if first == _OK:
            return "OK"
        if first == _LOCAL_FILE:
            return "LocalInfileRequest"
        if first == _EOF:
            return "EOF"
        self._columns = _integer(payload)
        self._phase = _Phase.COLUMNS
        return "ResultSet header"

    def _column(self, first: int, payload: bytes) -> str:
        is_eof = self._columns == 0 and first == _EOF and len(payload) <= _LONGEST_EOF_BYTES
        self._columns -= not is_eof
        if is_eof or (self._columns == 0 and not self._has_eof):
            self._phase = _Phase.ROWS
        return "EOF" if is_eof else _COLUMN

    def _row(self, first: int, payload: bytes) -> str:
        longest = _LONGEST_EOF_BYTES if self._has_eof else _LONGEST_PACKET_BYTES - 1
        if first != _EOF or len(payload) > longest:
            return _ROW
        self._phase = _Phase.RESPONSE
        return "EOF"


def _payload(message: bytes) -> bytes:
    """The content of a message's packets."""
    parts, start = [], 0
    while start < len(message):
        end = start + _HEADER_BYTES + int.from_bytes(message[start : start + 3], "little")
        parts.append(message[start + _HEADER_BYTES : end])
        start = end
    return b"".join(parts)


def _capabilities(payload: bytes) -> int:
    return int.from_bytes(payload[:4], "little")


def _integer(payload: bytes) -> int:
    """A length-encoded integer."""
    size = {0xFC: 2, 0xFD: 3, 0xFE: 8}.get(payload[0])
    return int.from_bytes(payload[1 : 1 + size], "little") if size else payload[0]
