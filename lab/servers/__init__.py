"""What all database servers of the lab have in common: they start from nothing, and end with whoever started them."""

from lab.servers.base import DatabaseServer
from lab.servers.certificates import LOCAL_NAMES, CertificateAuthority, default_authority
from lab.servers.model import Login, ProvisionError, ServerError, ServerFacts, ServerStartError, SharedServerError

__all__ = [
    "LOCAL_NAMES",
    "CertificateAuthority",
    "DatabaseServer",
    "Login",
    "ProvisionError",
    "ServerError",
    "ServerFacts",
    "ServerStartError",
    "SharedServerError",
    "default_authority",
]
