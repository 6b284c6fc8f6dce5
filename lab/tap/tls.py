"""TLS on both sides of a tap: towards clients it is the server, with the server's own certificate and private key.

So clients can verify as they do without it, and SCRAM's channel binding, which is to the server's certificate, holds.
"""

import ssl
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from lab.servers import DatabaseServer
from lab.servers.local import CERTIFICATE, PRIVATE_KEY


@dataclass(frozen=True)
class Tls:
    """What both handshakes of a connection need."""

    towards_client: ssl.SSLContext
    towards_server: ssl.SSLContext
    server_hostname: str


def tls_of(server: DatabaseServer) -> Tls:
    """What the server presents at this moment, from the folder in which its certificate authority lies too."""
    key = server.ca_bundle.with_name(PRIVATE_KEY)
    # Read once, and again where they have changed; the key is written last.
    return _tls(server.ca_bundle, server.host, key.stat().st_mtime_ns)


@lru_cache
def _tls(ca_bundle: Path, hostname: str, _changed_ns: int) -> Tls:
    towards_client = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    towards_client.load_cert_chain(ca_bundle.with_name(CERTIFICATE), ca_bundle.with_name(PRIVATE_KEY))
    towards_client.num_tickets = 0  # nobody resumes a session
    return Tls(towards_client, ssl.create_default_context(cafile=ca_bundle), hostname)
