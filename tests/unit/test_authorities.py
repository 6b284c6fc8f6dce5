"""The certificate authorities of a region: all that may sign for it, and none of another."""

import re
import ssl
from pathlib import Path

import pytest

from lab.servers import CertificateAuthority
from secret_rotation.authorities import file_for, of_region, region_of
from secret_rotation.tls import SHIPPED_BUNDLE, Trust

BUNDLE = SHIPPED_BUNDLE.read_text()
REGION = "eu-central-1"
HOST = f"shop.abc123.{REGION}.rds.amazonaws.com"


def subjects(pem: str) -> set[str]:
    """The common names of all certificates, as OpenSSL reads them."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=pem)
    return set(re.findall(r"\('commonName', '([^']+)'\)", str(context.get_ca_certs())))


REGIONS = sorted({found[0] for name in subjects(BUNDLE) if (found := re.search(r"[a-z]{2}-[a-z-]+-\d", name))})


def test_regions_are_known() -> None:
    """The shipped file has authorities of many regions, so that the tests below have something to choose from."""
    assert len(REGIONS) > 20


@pytest.mark.parametrize("region", REGIONS)
def test_a_region_keeps_its_own_and_those_of_no_region(region: str) -> None:
    """Whatever names the region or no region stays; whatever names another goes."""
    wanted = {name for name in subjects(BUNDLE) if "Amazon RDS" not in name or f" {region} " in name}
    assert subjects(of_region(BUNDLE, region)) == wanted
    assert any(region in name for name in wanted)
    assert any(region not in name for name in wanted)


def test_an_authority_of_the_deployers_own_stays() -> None:
    """An authority that names no region may sign for every one."""
    own = CertificateAuthority("Company").bundle.decode()
    assert subjects(of_region(BUNDLE + own, REGION)) == {"Company", *subjects(of_region(BUNDLE, REGION))}


@pytest.mark.parametrize(
    ("host", "region"),
    [
        (HOST, REGION),
        (HOST.upper() + ".", REGION),
        (f"shop.cluster-ro-abc123.{REGION}.rds.amazonaws.com", REGION),
        ("shop.abc123.us-gov-west-1.rds.amazonaws.com", "us-gov-west-1"),
        ("shop.abc123.rds.cn-north-1.amazonaws.com.cn", None),
        (f"{HOST}.example.com", None),
        ("database.example.com", None),
        ("localhost", None),
    ],
)
def test_the_region_is_that_of_the_endpoint(host: str, region: str | None) -> None:
    """Only the end of a name that is an endpoint of RDS tells a region."""
    assert region_of(host) == region


def test_an_endpoint_of_rds_is_verified_by_its_region() -> None:
    """The file for an endpoint holds its region's authorities; for any other host it is the whole bundle."""
    assert subjects(Trust().file_for(HOST).read_text()) == subjects(of_region(BUNDLE, REGION))
    assert Trust().file_for("database.example.com") == SHIPPED_BUNDLE


def test_a_file_is_made_once() -> None:
    """Every login to a region reads the same file."""
    assert file_for(SHIPPED_BUNDLE, REGION) is file_for(SHIPPED_BUNDLE, REGION)


def test_without_a_place_for_the_file_the_whole_bundle_serves(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where nothing can be written, the login verifies by the whole bundle."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    host = "shop.abc123.eu-west-3.rds.amazonaws.com"
    file_for.cache_clear()
    assert Trust().file_for(host) == SHIPPED_BUNDLE
