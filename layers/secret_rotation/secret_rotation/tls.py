"""TLS to the database: which certificate authorities are trusted, and what a failure means.

Always verified, certificate and host name both; there is no weaker mode and no fallback. Only a secret that itself says
`"ssl": false` is connected to without TLS, and then this module is not asked.
"""

import ssl
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path

from secret_rotation import authorities

SHIPPED_BUNDLE = Path(__file__).with_name("rds-ca-bundle.pem")
"""The regions' certificate authorities. Source: https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem."""


class TlsFailure(Enum):
    """Why there is no verified TLS connection: what the driver found, whichever driver it is."""

    UNTRUSTED = (
        "the server's certificate has expired, or is signed by no authority in {bundle}. "
        "Renew the certificate on the server, or set RDS_CA_BUNDLE to a file with the authority that signed it."
    )
    WRONG_HOST_NAME = (
        "the server's certificate is for another name than {host}. "
        "If that is a CNAME of your own, put the endpoint that RDS gives into the secret's 'host'."
    )
    NOT_OFFERED = (
        "the server offers no TLS. Turn it on there; or, where plaintext is acceptable, say so in the secret "
        'with "ssl": false.'
    )
    UNREADABLE_BUNDLE = "the certificate authorities in {bundle} cannot be read. RDS_CA_BUNDLE must name a PEM file."
    HANDSHAKE = (
        "the TLS handshake failed. The server must speak TLS 1.2 or newer, and nothing between here and there may "
        "intercept the connection."
    )


@dataclass(frozen=True, slots=True)
class Trust:
    """The certificate authorities that a server's certificate may be signed by."""

    bundle: Path = SHIPPED_BUNDLE

    @classmethod
    def of(cls, ca_bundle: Path | None) -> "Trust":
        """The authorities in this file, or those that the layer ships."""
        return cls(ca_bundle or SHIPPED_BUNDLE)

    def ssl_context(self, host: str) -> ssl.SSLContext:
        """A context that verifies certificate and host name, for drivers that are written in Python.

        Raises:
            OSError: the file of the authorities cannot be read.
        """
        return _verifying_context(self.file_for(host))

    def libpq_parameters(self, host: str) -> dict[str, str]:
        """The same, as libpq spells it."""
        return {"sslmode": "verify-full", "sslrootcert": str(self.file_for(host))}

    def file_for(self, host: str) -> Path:
        """A PEM file with the authorities that may sign for this host: for an endpoint of RDS, those of its region."""
        region = authorities.region_of(host)
        try:
            return self.bundle if region is None else authorities.file_for(self.bundle, region)
        except (OSError, ValueError):
            # What is wrong with the bundle, the driver says; and where the selection has no place, the whole serves.
            return self.bundle

    def explain(self, failure: TlsFailure, host: str) -> str:
        """What is wrong and what to do about it; begins in lower case, to follow a colon."""
        return failure.value.format(host=host, bundle=self.bundle)


@cache
def _verifying_context(file: Path) -> ssl.SSLContext:
    """Made once: to parse the authorities can take longer than to log in."""
    context = ssl.create_default_context(cafile=file)
    # Python 3.13 turned this on, libpq has no such thing: both engines accept the same certificates.
    context.verify_flags &= ~ssl.VerifyFlags.VERIFY_X509_STRICT
    return context
