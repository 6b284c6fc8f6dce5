"""The database servers of the lab: real, verified by TLS, with the superuser that RDS gives, and never left behind."""

import time
from dataclasses import replace
from datetime import timedelta

import pytest

from lab.engines import kit_of
from lab.engines.pool import shared
from lab.servers import CertificateAuthority, DatabaseServer
from lab.servers.process import free_port
from tests.lab.helpers import CONNECTION_FAILED, start


def test_wrong_password_is_a_no(own_server: DatabaseServer) -> None:
    """A wrong password is answered by False, the right one by True."""
    superuser = own_server.superuser
    assert own_server.can_log_in(superuser.username, superuser.password)
    assert not own_server.can_log_in(superuser.username, superuser.password + "x")


def test_missing_server_is_not_a_no(own_server: DatabaseServer) -> None:
    """A server that does not answer is an error, never mistaken for a rejected password."""
    facts = replace(own_server.facts, port=free_port())
    with pytest.raises(CONNECTION_FAILED):
        shared(facts).can_log_in(facts.superuser.username, facts.superuser.password)


@pytest.mark.parametrize("fault", ["expired", "wrong host name", "wrong authority"])
def test_connections_are_verified(own_server: DatabaseServer, fault: str) -> None:
    """A connection fails where the server's certificate is expired, for another host, or of another authority."""
    authority = CertificateAuthority()
    with start(kit_of(own_server), authority=authority) as server:
        bad = {
            "expired": authority.issue(lifetime=timedelta(seconds=5)),
            "wrong host name": authority.issue(["db.example.com"]),
            "wrong authority": CertificateAuthority().issue(),
        }
        server.use_certificate(bad[fault])
        time.sleep(5.1 if fault == "expired" else 0)
        with pytest.raises(CONNECTION_FAILED, match=r"(?i)certificate"):
            server.connect(server.superuser)
        server.use_certificate(authority.issue())
        server.connect(server.superuser).close()


def test_passwords_are_in_no_log_and_no_repr(own_server: DatabaseServer) -> None:
    """The lab's own passwords appear in no server log and no repr."""
    shown = own_server.log_path.read_text(errors="replace") + repr(own_server) + repr(own_server.superuser)
    assert own_server.superuser.password not in shown
    assert own_server.administrator.password not in shown
