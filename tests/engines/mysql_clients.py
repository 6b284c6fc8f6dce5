"""Clients of a MySQL server on this machine that come from other addresses of it, or show a certificate."""

import ssl
from contextlib import closing
from pathlib import Path

import pymysql

from lab.engines.mysql import MySQLServer
from lab.servers import CertificateAuthority, Login

ELSEWHERE = "127.0.0.2"
"""An address that the server knows by no name: what comes from 127.0.0.1 is localhost to it."""

REJECTED = 1045


def account_of(
    server: MySQLServer, login: Login, address: str = ELSEWHERE, certificate: Path | None = None
) -> str | None:
    """The account that the server takes a login from this address for; None where it rejects it."""
    context = ssl.create_default_context(cafile=str(server.ca_bundle))
    if certificate:
        context.load_cert_chain(certificate)
    try:
        with (
            closing(
                pymysql.connect(
                    host=server.host,
                    port=server.port,
                    user=login.username,
                    password=login.password,
                    bind_address=address,
                    ssl=context,
                )
            ) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("SELECT CURRENT_USER()")
            [(account,)] = cursor.fetchall()
            return str(account)
    except pymysql.err.OperationalError as error:
        if error.args[0] != REJECTED:
            raise
        return None


def client_certificate(folder: Path, authority: CertificateAuthority) -> Path:
    """A file with a certificate of the subject /CN=client, and its key."""
    certificate, path = authority.issue(["client"]), folder / "client.pem"
    path.write_bytes(certificate.chain + certificate.private_key)
    return path
