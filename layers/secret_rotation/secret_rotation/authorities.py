"""The certificate authorities of one region, out of a file with those of all.

libpq parses the whole file at every login: with the authorities of all regions a login takes twice the CPU time that it
takes with those of one. RDS signs a certificate with an authority of its own region, and the host name that it is for
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

REGION = r"[a-z]{2,4}(?:-[a-z]+)+-\d+"
"""What a region's name looks like, of any partition."""
_HOST = re.compile(
    # In China the two stand the other way round.
    rf"\.(?:(?P<region>{REGION})\.rds\.amazonaws\.(?:com|eu)|rds\.(?P<in_china>{REGION})\.amazonaws\.com\.cn)\.?",
    re.IGNORECASE,
)
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----(?P<der>[^-]+)-----END CERTIFICATE-----\n?")
_SUBJECT = re.compile(rf"Amazon RDS (?:[A-Z][a-z]+ )?(?P<region>{REGION}) ".encode())
_DATE = re.compile(r"#.* (?P<date>\d{4}-\d{2}-\d{2})\b")


def region_of(host: str) -> str | None:
    """The region in the name of an RDS endpoint; None for every other name."""
    found = _HOST.search(host)
    return (found["region"] or found["in_china"]).lower() if found and found.end() == len(host) else None


def of_region(bundle: str, region: str) -> str:
    """A PEM text without the authorities that name other regions. Those that name none stay."""
    certificates = _CERTIFICATE.finditer(bundle)
    return "".join(found[0] for found in certificates if _region_named(found["der"]) in (region, None))


@cache
def unknown_to(bundle: Path, region: str) -> str | None:
    """What lacks any authority that may sign for a region, in words: the bundle, with its date if it has one.

    Returns:
        None where some authority may, or the bundle cannot be read.
    """
    try:
        text = bundle.read_text(encoding="ascii", errors="replace")
        if of_region(text, region):
            return None
    except (OSError, ValueError):
        return None
    dated = _DATE.match(text)
    return f"the bundle of {dated['date']} ({bundle})" if dated else f"the bundle {bundle}"


@cache
def file_for(bundle: Path, region: str) -> Path:
    """A file with the authorities that may sign for a region; made once, and gone when the process ends in order.

    Raises:
        OSError: the bundle cannot be read, or there is no place for the file.
        ValueError: a certificate in the bundle is not in base64, or none of them may sign for the region.
    """
    text = of_region(bundle.read_text(encoding="ascii", errors="replace"), region)
    if not text:
        raise ValueError(f"{bundle} has no authority of {region}")
    descriptor, name = tempfile.mkstemp(prefix=f"{region}-", suffix=".pem")
    os.close(descriptor)
    path = Path(name)
    path.write_text(text, encoding="ascii")
    atexit.register(path.unlink, missing_ok=True)
    return path


def _region_named(der: str) -> str | None:
    found = _SUBJECT.search(base64.b64decode(der))
    return found["region"].decode() if found else None
