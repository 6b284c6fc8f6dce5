"""The certificate authorities of one region, out of a file with those of all.

libpq parses the whole file at every login: with the 92 authorities of all regions a login takes 11 ms of CPU time, with
those of one region 6. RDS signs a certificate with an authority of its own region, and the host name that it is for
names the region, so an authority that names another one can never be the right one.
Source: RDS User Guide, "Using SSL/TLS to encrypt a connection to a DB instance or cluster".
"""

import atexit
import base64
import os
import re
import tempfile
from functools import cache
from pathlib import Path

_HOST = re.compile(r"\.(?P<region>[a-z]{2}(?:-[a-z]+)+-\d+)\.rds\.amazonaws\.com\.?", re.IGNORECASE)
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----(?P<der>[^-]+)-----END CERTIFICATE-----\n?")
_SUBJECT = re.compile(rb"Amazon RDS (?:[A-Z][a-z]+ )?(?P<region>[a-z]{2}(?:-[a-z]+)+-\d+) ")


def region_of(host: str) -> str | None:
    """The region in the name of an RDS endpoint; None for every other name."""
    found = _HOST.search(host)
    return found["region"].lower() if found and found.end() == len(host) else None


def of_region(bundle: str, region: str) -> str:
    """A PEM text without the authorities that name other regions. Those that name none stay."""
    certificates = _CERTIFICATE.finditer(bundle)
    return "".join(found[0] for found in certificates if _region_named(found["der"]) in (region, None))


@cache
def file_for(bundle: Path, region: str) -> Path:
    """A file with the authorities that may sign for a region; made once, and gone when the process ends in order.

    Raises:
        OSError: the bundle cannot be read, or there is no place for the file.
        ValueError: a certificate in the bundle is not in base64.
    """
    text = of_region(bundle.read_text(encoding="ascii", errors="replace"), region)
    descriptor, name = tempfile.mkstemp(prefix=f"{region}-", suffix=".pem")
    os.close(descriptor)
    path = Path(name)
    path.write_text(text, encoding="ascii")
    atexit.register(path.unlink, missing_ok=True)
    return path


def _region_named(der: str) -> str | None:
    found = _SUBJECT.search(base64.b64decode(der))
    return found["region"].decode() if found else None
