"""The HTTP side: one write for each answer, connections kept alive."""

import re
import socketserver
import threading
from http.server import BaseHTTPRequestHandler

from lab.address import LOOPBACK
from lab.secretsmanager.control import Control
from lab.secretsmanager.endpoint import Endpoint, Reply
from lab.secretsmanager.errors import ConnectionDroppedError

ACCESS_KEY = re.compile(r"Credential=([^/]+)/")
TARGET_PREFIX = "secretsmanager."


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body leave in one segment: two writes cost 40 ms (Nagle's algorithm against delayed ACKs).
    wbufsize = 1 << 20
    disable_nagle_algorithm = True
    server: "HttpServer"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            self._send(self._answer(body))
        except ConnectionDroppedError:
            self.close_connection = True

    def _answer(self, body: bytes) -> Reply:
        if self.path.startswith(Control.PREFIX):
            return self.server.control.post(self.path, body)
        signature = ACCESS_KEY.search(self.headers.get("Authorization", ""))
        caller = signature[1] if signature else "unsigned"
        target = self.headers.get("X-Amz-Target", "")
        if target:
            return self.server.endpoint.secrets_manager(target.removeprefix(TARGET_PREFIX), body, caller)
        return self.server.endpoint.rds(body, caller)

    def _send(self, reply: Reply) -> None:
        self.send_response_only(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
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

    def __init__(self, endpoint: Endpoint, control: Control, port: int = 0, address: str = LOOPBACK) -> None:
        super().__init__((address, port), _Handler)
        self._address = address
        self.endpoint = endpoint
        self.control = control

    @property
    def url(self) -> str:
        """Where clients connect to."""
        return f"http://{self._address}:{self.server_address[1]}"

    def start(self) -> None:
        """Serve in a thread that ends with the process."""
        threading.Thread(target=self.serve_forever, args=(0.05,), name="local AWS", daemon=True).start()

    def stop(self) -> None:
        """Stop listening."""
        self.shutdown()
        self.server_close()
