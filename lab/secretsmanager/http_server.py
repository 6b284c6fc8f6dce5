"""The HTTP side: one write for each answer, connections kept alive."""

import socketserver
import sys
import threading
from http.server import BaseHTTPRequestHandler

from lab.address import LOOPBACK
from lab.cloud import ConnectionDroppedError, HttpRequest, Reply
from lab.secretsmanager.endpoint import Endpoint


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body leave in one segment: two writes cost 40 ms (Nagle's algorithm against delayed ACKs).
    wbufsize = 1 << 20
    disable_nagle_algorithm = True
    server: "HttpServer"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            self._send(self.server.endpoint.answer(HttpRequest(self.command, self.path, self.headers, body)))
        except ConnectionDroppedError:
            self.close_connection = True

    do_GET = do_PUT = do_DELETE = do_POST  # noqa: N815 - http.server's names

    def _send(self, reply: Reply) -> None:
        self.send_response_only(reply.status)
        self.send_header("Date", self.date_time_string())
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing: the call log has it."""


class HttpServer(socketserver.ThreadingTCPServer):
    """Listens at one address, and no other; `port` 0 takes a free one."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, endpoint: Endpoint, port: int = 0, address: str = LOOPBACK) -> None:
        super().__init__((address, port), _Handler)
        self._address = address
        self.endpoint = endpoint

    @property
    def url(self) -> str:
        return f"http://{self._address}:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that has gone away, as a function that is killed does."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type] # it only prints

    def start(self) -> None:
        threading.Thread(target=self.serve_forever, args=(0.05,), name="local AWS", daemon=True).start()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
