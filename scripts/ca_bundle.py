"""Replace the certificate authorities that the layer ships by those of all regions that AWS publishes now.

    python scripts/ca_bundle.py [--from FILE] [--to FILE]

Says what changes. Nothing is written unless every certificate is a root of RDS that has signed itself. A name can be
forged: that the file is AWS's is proven by the TLS of the download alone.
"""

import argparse
import re
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from secret_rotation.authorities import REGION
from secret_rotation.tls import SHIPPED_BUNDLE

SOURCE = "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"
SUBJECT = re.compile(rf"Amazon RDS (?:[A-Z][a-z]+ )?(?P<region>{REGION}) Root CA [A-Z0-9]+ G\d+")
ORGANIZATION = "Amazon Web Services, Inc."
TIMEOUT_SECONDS = 30


class RefusedError(Exception):
    """Why a bundle does not replace the one that is there."""


@dataclass(frozen=True)
class Bundle:
    """What a bundle holds."""

    roots: frozenset[x509.Certificate]
    expired: frozenset[x509.Certificate] = frozenset()

    @classmethod
    def of(cls, pem: bytes, now: datetime) -> "Bundle":
        """Read a bundle.

        Raises:
            RefusedError: it is empty or cut off, or something in it is no root of RDS.
        """
        found = _certificates(pem)
        for certificate in found:
            _require_root(certificate)
        expired = frozenset(certificate for certificate in found if certificate.not_valid_after_utc <= now)
        if found == expired:
            raise RefusedError("every certificate has expired")
        return cls(found - expired, expired)

    def regions(self) -> set[str]:
        """The regions whose databases can be trusted."""
        return {found["region"] for root in self.roots if (found := SUBJECT.fullmatch(_name(root)))}

    def text(self) -> str:
        """The file to ship. Its date is that of the newest root, which a download does not change."""
        day = max(root.not_valid_before_utc for root in self.roots).date()
        head = f"# RDS's certificate authorities of {day}, less what has expired: {SOURCE}\n"
        return head + "".join(root.public_bytes(Encoding.PEM).decode() for root in sorted(self.roots, key=_name))


def _certificates(pem: bytes) -> frozenset[x509.Certificate]:
    begun, ended = (pem.count(b"-----%s CERTIFICATE-----" % word) for word in (b"BEGIN", b"END"))
    if not begun:
        raise RefusedError("there is no certificate in it")
    if begun != ended:
        raise RefusedError("it is cut off in the middle of a certificate")
    try:
        return frozenset(x509.load_pem_x509_certificates(pem))
    except ValueError:
        raise RefusedError("something in it that should be a certificate is none") from None


def _require_root(certificate: x509.Certificate) -> None:
    if _organization(certificate) != ORGANIZATION or not SUBJECT.fullmatch(_name(certificate)):
        raise RefusedError(f"{certificate.subject.rfc4514_string()} is no root of RDS")
    try:
        certificate.verify_directly_issued_by(certificate)
        authority = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (InvalidSignature, TypeError, ValueError):
        raise RefusedError(f"{_name(certificate)} has not signed itself, so it is no root") from None
    except x509.ExtensionNotFound:
        authority = False
    if not authority:
        raise RefusedError(f"{_name(certificate)} is no certificate authority")


def _name(certificate: x509.Certificate) -> str:
    return _of_subject(certificate, x509.NameOID.COMMON_NAME)


def _organization(certificate: x509.Certificate) -> str:
    return _of_subject(certificate, x509.NameOID.ORGANIZATION_NAME)


def _of_subject(certificate: x509.Certificate, kind: x509.ObjectIdentifier) -> str:
    return " ".join(str(found.value) for found in certificate.subject.get_attributes_for_oid(kind))


def changes(old: Bundle, new: Bundle) -> Iterator[str]:
    """What is different, a sentence each."""
    yield from (f"New region: {region}." for region in sorted(new.regions() - old.regions()))
    yield from (f"No longer covered: {region}." for region in sorted(old.regions() - new.regions()))
    for root in sorted(new.roots - old.roots, key=_name):
        yield f"Added: {_name(root)}, SHA-256 {root.fingerprint(SHA256()).hex()}."
    for root in sorted(old.roots - new.roots - new.expired, key=_name):
        yield f"Removed: {_name(root)}."
    for root in sorted(new.expired, key=_name):
        yield f"Left out, since it expired on {root.not_valid_after_utc.date()}: {_name(root)}."


def _downloaded() -> bytes:
    try:
        with urllib.request.urlopen(SOURCE, timeout=TIMEOUT_SECONDS) as answer:  # nosec B310 # a constant, https
            return bytes(answer.read())
    except (OSError, HTTPException) as error:
        raise RefusedError(f"it cannot be downloaded ({error})") from None


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise RefusedError(f"it cannot be read ({error.strerror})") from None


def _bundle(source: Path | None, now: datetime) -> Bundle:
    """The bundle of a file, or AWS's current one.

    Raises:
        RefusedError: it is none; the message begins with where it is from.
    """
    try:
        return Bundle.of(_read(source) if source else _downloaded(), now)
    except RefusedError as error:
        raise RefusedError(f"{source or SOURCE}: {error}") from None


def _replace(source: Path | None, target: Path, now: datetime) -> list[str]:
    """Write the new bundle, and return what is different."""
    old, new = _bundle(target, now), _bundle(source, now)
    target.write_text(new.text(), encoding="ascii")
    return [*changes(old, new)]


def main(arguments: list[str]) -> int:
    """Replace the bundle, or say why not.

    Returns:
        The exit code: 1 where nothing was written.
    """
    parser = argparse.ArgumentParser(description="Update the certificate authorities of RDS that the layer ships.")
    parser.add_argument("--from", dest="source", type=Path, help="a file, instead of AWS's current bundle")
    parser.add_argument("--to", dest="target", type=Path, default=SHIPPED_BUNDLE, help="the file that is replaced")
    options = parser.parse_args(arguments)
    try:
        found = _replace(options.source, options.target, datetime.now(UTC))
    except RefusedError as error:
        print(f"ca-bundle: {error}. Nothing was written.", file=sys.stderr)
        return 1
    print(*(found or ["The authorities are the same."]), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
