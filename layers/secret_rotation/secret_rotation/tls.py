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
"""RDS's own certificate authorities: self-signed, three for each region, and no authority of the public web.

Source: https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem, less what has expired: `make ca-bundle`. Its
first line has the date.
"""


class TlsFailure(Enum):
    """Why there is no verified TLS connection: what the driver found, whichever driver it is."""

    EXPIRED = "the server's certificate has expired, or is not valid yet. Renew it on the server."
    UNKNOWN_AUTHORITY = (
        "the server's certificate is signed by no authority in {bundle}. "
        "Set RDS_CA_BUNDLE to a file with the authority that signed it."
    )
    UNTRUSTED = (  # one of the two: libpq does not say which
        "the server's certificate has expired, or is signed by no authority in {bundle}. "
        "Renew the certificate on the server, or set RDS_CA_BUNDLE to a file with the authority that signed it."
    )
    UNKNOWN_REGION = (
        "{unknown_to} has no authority of {region}, so that no server there can be trusted. "
        "Set RDS_CA_BUNDLE to a file with RDS's authorities of that region: see docs/reference.md, Limits."
    )
    WRONG_HOST_NAME = (
        "the server's certificate is for another name than {host}. "
        "Where 'host' is an alias (a CNAME, a load balancer, PrivateLink), put the name that the certificate is for, "
        "which is the endpoint that RDS gives, into the key 'tlsname' of the secret."
    )
    NOT_OFFERED = (
        "the server offers no TLS. "
        'Turn it on there; or, where plaintext is acceptable, say so in the secret with "ssl": false.'
    )
    UNREADABLE_BUNDLE = "the certificate authorities in {bundle} cannot be read. RDS_CA_BUNDLE must name a PEM file."
    HANDSHAKE = (
        "the TLS handshake failed. "
        "The server must speak TLS 1.2 or newer, and nothing between here and there may intercept the connection."
    )


_BY_NUMBER = {
    **dict.fromkeys((9, 10), TlsFailure.EXPIRED),  # X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED
    **dict.fromkeys((62, 64), TlsFailure.WRONG_HOST_NAME),  # X509_V_ERR_HOSTNAME_MISMATCH, ..._IP_ADDRESS_MISMATCH
}


def failure_of(error: ssl.SSLCertVerificationError) -> TlsFailure:
    """What OpenSSL found wrong with a certificate."""
    return _BY_NUMBER.get(error.verify_code, TlsFailure.UNKNOWN_AUTHORITY)


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
            # If the bundle is bad, the driver will say so. If none of its authorities may sign for the region, or the
            # selection cannot be written, the whole bundle still gives the right error: not trusted, not unreadable.
            return self.bundle

    def explain(self, failure: TlsFailure, host: str) -> str:
        """What is wrong and what to do about it; begins in lower case, to follow a colon."""
        is_unknown = failure in (TlsFailure.UNTRUSTED, TlsFailure.UNKNOWN_AUTHORITY)
        region = authorities.region_of(host) if is_unknown else None
        unknown_to = authorities.unknown_to(self.bundle, region) if region else None
        if unknown_to:
            failure = TlsFailure.UNKNOWN_REGION
        return failure.value.format(host=host, bundle=self.bundle, region=region, unknown_to=unknown_to)


@cache
def _verifying_context(file: Path) -> ssl.SSLContext:
    """Made once: to parse the authorities can take longer than to log in."""
    context = ssl.create_default_context(cafile=file)
    # Python 3.13 turned this on, libpq has no such thing: both engines accept the same certificates.
    context.verify_flags &= ~ssl.VerifyFlags.VERIFY_X509_STRICT
    return context
