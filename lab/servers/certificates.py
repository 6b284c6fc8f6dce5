"""The lab's own certificate authority: good certificates for its servers, and bad ones for tests."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

CLOCK_SKEW = timedelta(hours=1)
"""A clock that lags behind (a container, a suspended virtual machine) must still see a valid certificate."""
LIFETIME = timedelta(days=90)
LOCAL_NAMES = ("localhost", "127.0.0.1")


@dataclass(frozen=True)
class Certificate:
    """A server's certificate, its issuer's, and its private key; all PEM."""

    chain: bytes
    issuer: bytes
    private_key: bytes = field(repr=False)


class CertificateAuthority:
    """A certificate authority that lives as long as this object."""

    def __init__(self, name: str = "Lab CA") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _common_name(name)
        builder = _builder(self._name, self._name, self._key.public_key(), LIFETIME)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_CA_KEY_USAGE, critical=True)
        self._certificate = builder.sign(self._key, SHA256())

    @property
    def bundle(self) -> bytes:
        """The authority's certificate as PEM: what a client has to trust."""
        return self._certificate.public_bytes(Encoding.PEM)

    def issue(self, names: Iterable[str] = LOCAL_NAMES, *, lifetime: timedelta = LIFETIME) -> Certificate:
        """Issue a server certificate for host names and addresses.

        Args:
            names: the first is the common name, too.
            lifetime: a negative one makes a certificate that has expired. MySQL refuses to load such a one: give it one
                that expires in a few seconds.
        """
        names = list(names)
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_common_name(names[0]), self._name, key.public_key(), lifetime)
        builder = builder.add_extension(x509.SubjectAlternativeName(map(_general_name, names)), critical=False)
        issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        certificate = builder.add_extension(issuer_id, critical=False).sign(self._key, SHA256())
        private_key = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return Certificate(certificate.public_bytes(Encoding.PEM), self.bundle, private_key)


@cache
def default_authority() -> CertificateAuthority:
    """This process's authority: one bundle is enough to trust all its servers."""
    return CertificateAuthority()


_CA_KEY_USAGE = x509.KeyUsage(
    digital_signature=True, key_cert_sign=True, crl_sign=True,
    content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False,
    encipher_only=False, decipher_only=False,
)  # fmt: skip


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, lifetime: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(now, now + lifetime) - CLOCK_SKEW)
        .not_valid_after(now + lifetime)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _common_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
