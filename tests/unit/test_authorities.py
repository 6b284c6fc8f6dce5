"""The certificate authorities: RDS's own and no others; of a region, all that may sign for it, and none of another."""

import re
import ssl
from datetime import UTC, datetime
from pathlib import Path

import botocore.session
import pytest
from cryptography import x509

from lab.servers import CertificateAuthority
from secret_rotation.authorities import file_for, of_region, region_of
from secret_rotation.tls import SHIPPED_BUNDLE, TlsFailure, Trust
from tests.docs.markdown import REFERENCE

BUNDLE = SHIPPED_BUNDLE.read_text()
DATE = BUNDLE.partition(" of ")[2][:10]
REGION = "eu-central-1"
HOST = f"shop.abc123.{REGION}.rds.amazonaws.com"


def subjects(pem: str) -> set[str]:
    """The common names of all certificates, as OpenSSL reads them."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=pem)
    return set(re.findall(r"\('commonName', '([^']+)'\)", str(context.get_ca_certs())))


def regions_of_rds(partition: str) -> set[str]:
    """The regions of a partition that have RDS, as the locked botocore knows them."""
    return set(botocore.session.get_session().get_available_regions("rds", partition_name=partition))


REGIONS = sorted({found[0] for name in subjects(BUNDLE) if (found := re.search(r"[a-z]{2}-[a-z-]+-\d", name))})
MISSING = {"ap-east-2", "ap-southeast-6"}
"""Of the commercial partition. No other partition is covered: their authorities are in bundles of their own."""


def test_only_rds_itself_is_trusted() -> None:
    """Every certificate is an authority of RDS that has signed itself: none of the public web, none on its behalf."""
    for certificate in x509.load_pem_x509_certificates(BUNDLE.encode()):
        (name,) = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        assert re.fullmatch(r"Amazon RDS (?:Beta |Preview )?[a-z]{2}-[a-z]+-\d Root CA [A-Z0-9]+ G1", str(name.value))
        certificate.verify_directly_issued_by(certificate)
        assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        assert certificate.not_valid_before_utc < datetime.now(UTC) < certificate.not_valid_after_utc


def test_the_regions_of_rds_are_covered_but_for_those_that_are_named() -> None:
    """The shipped file covers the commercial regions but for those that are named, and no other partition's."""
    assert len(REGIONS) == 32
    assert regions_of_rds("aws") - set(REGIONS) == MISSING
    others = set(botocore.session.get_session().get_available_partitions()) - {"aws"}
    assert not [partition for partition in others if regions_of_rds(partition) & set(REGIONS)]
    limits = " ".join(REFERENCE.path.read_text().partition("## Limits")[2].split())
    assert f"{len(REGIONS)} commercial regions" in limits
    assert all(f"`{region}`" in limits for region in MISSING)


@pytest.mark.parametrize("region", REGIONS)
def test_a_region_keeps_its_own(region: str) -> None:
    """The three authorities that name the region stay, with those of its previews; whatever names another goes."""
    wanted = {name for name in subjects(BUNDLE) if f" {region} " in name}
    assert subjects(of_region(BUNDLE, region)) == wanted
    assert {f"Amazon RDS {region} Root CA {key} G1" for key in ("RSA2048", "RSA4096", "ECC384")} <= wanted


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
        ("shop.abc123.us-isob-east-1.rds.amazonaws.com", "us-isob-east-1"),
        ("shop.abc123.mx-central-1.rds.amazonaws.com", "mx-central-1"),
        ("shop.abc123.ap-southeast-7.rds.amazonaws.com", "ap-southeast-7"),
        ("shop.abc123.eusc-de-east-1.rds.amazonaws.eu", "eusc-de-east-1"),
        ("shop.abc123.rds.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("shop.cluster-abc123.rds.cn-northwest-1.amazonaws.com.cn.", "cn-northwest-1"),
        ("shop.abc123.rds.cn-north-1.amazonaws.com", None),
        ("shop.abc123.cn-north-1.rds.amazonaws.com.cn", None),
        ("shop.abc123.rds.cn-north-1.amazonaws.com.cn.example.com", None),
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


@pytest.mark.parametrize("region", sorted(MISSING))
def test_a_region_without_authorities_is_refused_as_untrusted(region: str) -> None:
    """Where no authority may sign for the region, the whole file stays: no driver finds an empty one unreadable."""
    host = f"shop.abc123.{region}.rds.amazonaws.com"
    assert Trust().file_for(host) == SHIPPED_BUNDLE
    assert Trust().ssl_context(host).get_ca_certs()


@pytest.mark.parametrize(
    ("host", "region"),
    [
        *((f"shop.abc123.{region}.rds.amazonaws.com", region) for region in sorted(MISSING)),
        ("shop.abc123.us-gov-west-1.rds.amazonaws.com", "us-gov-west-1"),
        ("shop.abc123.rds.cn-north-1.amazonaws.com.cn", "cn-north-1"),
    ],
)
def test_a_region_without_authorities_is_named(host: str, region: str, tmp_path: Path) -> None:
    """Where trust fails since no authority is the region's, the error says so, with the date of the shipped bundle."""
    told = Trust().explain(TlsFailure.UNTRUSTED, host)
    assert told.startswith(f"the bundle of {DATE} ({SHIPPED_BUNDLE}) has no authority of {region}")
    assert "RDS_CA_BUNDLE" in told
    own = tmp_path / "own.pem"
    own.write_text(of_region(BUNDLE, REGION))
    assert Trust(own).explain(TlsFailure.UNTRUSTED, host).startswith(f"the bundle {own} has no authority of {region}")
    assert region not in Trust().explain(TlsFailure.HANDSHAKE, host)


@pytest.mark.parametrize("host", [HOST, "database.example.com", "localhost"])
def test_a_region_with_authorities_is_not(host: str) -> None:
    """Where the region's authorities are there, or the host has none, the certificate itself is the cause."""
    assert "has no authority of" not in Trust().explain(TlsFailure.UNTRUSTED, host)


def test_an_authority_of_the_deployers_own_may_be_the_regions(tmp_path: Path) -> None:
    """A bundle with an authority that names no region is not said to lack the region's."""
    own = tmp_path / "own.pem"
    own.write_bytes(CertificateAuthority("Company").bundle)
    host = "shop.abc123.us-gov-west-1.rds.amazonaws.com"
    assert "has no authority of" not in Trust(own).explain(TlsFailure.UNTRUSTED, host)


def test_the_shipped_file_is_dated() -> None:
    """Its first line has the day on which the newest of its authorities was made."""
    newest = max(root.not_valid_before_utc for root in x509.load_pem_x509_certificates(BUNDLE.encode()))
    assert str(newest.date()) == DATE


def test_a_file_is_made_once() -> None:
    """Every login to a region reads the same file."""
    assert file_for(SHIPPED_BUNDLE, REGION) is file_for(SHIPPED_BUNDLE, REGION)


def test_without_a_place_for_the_file_the_whole_bundle_serves(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where nothing can be written, the login verifies by the whole bundle."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    host = "shop.abc123.eu-west-3.rds.amazonaws.com"
    file_for.cache_clear()
    assert Trust().file_for(host) == SHIPPED_BUNDLE
