"""`make ca-bundle`: what changes is said, and what is no root of RDS never gets into the layer."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from scripts import ca_bundle
from secret_rotation.tls import SHIPPED_BUNDLE

CREATED = datetime(2025, 5, 20, tzinfo=UTC)
RDS = "Amazon Web Services, Inc."
NO_AUTHORITY = x509.BasicConstraints(ca=False, path_length=None)
KEY, OTHER_KEY = ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP384R1())


def root(name: str, *, by: str = "", organization: str = RDS, days: int = 36500, **more: Any) -> str:  # noqa: ANN401
    """A certificate for a name, from its own or another issuer, in PEM form."""
    subject, issuer = (
        x509.Name(
            [
                x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, organization),
                x509.NameAttribute(x509.NameOID.COMMON_NAME, common),
            ]
        )
        for common in (name, by or name)
    )
    builder = x509.CertificateBuilder(issuer, subject, KEY.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(CREATED).not_valid_after(CREATED + timedelta(days=days))
    constraints = more.get("constraints", x509.BasicConstraints(ca=True, path_length=None))
    if constraints:
        builder = builder.add_extension(constraints, critical=True)
    return builder.sign(more.get("signer", KEY), SHA256()).public_bytes(Encoding.PEM).decode()


def named(region: str, key: str = "ECC384") -> str:
    """What RDS calls a root of a region."""
    return f"Amazon RDS {region} Root CA {key} G1"


TAIPEI, FRANKFURT = root(named("ap-east-2")), root(named("eu-central-1"))


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    """A bundle that is there already."""
    file = tmp_path / "shipped.pem"
    file.write_text(FRANKFURT)
    return file


def update(shipped: Path, pem: str) -> int:
    """Take a file in place of what is there."""
    source = shipped.with_name("global-bundle.pem")
    source.write_text(pem)
    return ca_bundle.main(["--from", str(source), "--to", str(shipped)])


def test_what_changes_is_said(shipped: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Regions and roots that come and go are named, and what has expired is left out; the file has its date."""
    old = root(named("us-east-1"), days=1)
    assert update(shipped, TAIPEI + old) == 0
    fingerprint = x509.load_pem_x509_certificate(TAIPEI.encode()).fingerprint(SHA256()).hex()
    assert capsys.readouterr().out.splitlines() == [
        "New region: ap-east-2.",
        "No longer covered: eu-central-1.",
        f"Added: {named('ap-east-2')}, SHA-256 {fingerprint}.",
        f"Removed: {named('eu-central-1')}.",
        f"Left out, since it expired on 2025-05-21: {named('us-east-1')}.",
    ]
    head, _, roots = shipped.read_text().partition("\n")
    assert "of 2025-05-20" in head
    assert roots == TAIPEI


def test_the_same_roots_give_the_same_file(shipped: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The shipped file is what the tool makes of it, whatever the order."""
    shipped.write_bytes(SHIPPED_BUNDLE.read_bytes())
    _, *roots = SHIPPED_BUNDLE.read_text().split("-----BEGIN")
    assert update(shipped, "".join(f"-----BEGIN{one}" for one in reversed(roots))) == 0
    assert capsys.readouterr().out == "The authorities are the same.\n"
    assert shipped.read_bytes() == SHIPPED_BUNDLE.read_bytes()


@pytest.mark.parametrize(
    ("pem", "words"),
    [
        (TAIPEI + root("Amazon Root CA 1", organization="Amazon"), "CN=Amazon Root CA 1,O=Amazon is no root of RDS"),
        (TAIPEI + root(named("eu-west-1"), organization="Mallory"), "is no root of RDS"),
        (TAIPEI + root("Amazon RDS eu-west-1 2019 CA", by="Amazon RDS Root 2019 CA"), "2019 CA.* is no root of RDS"),
        (TAIPEI + root(named("eu-west-1"), by=named("us-east-1")), f"{named('eu-west-1')} has not signed itself"),
        (TAIPEI + root(named("eu-west-1"), signer=OTHER_KEY), f"{named('eu-west-1')} has not signed itself"),
        (TAIPEI + root(named("eu-west-1"), constraints=NO_AUTHORITY), "is no certificate authority"),
        (TAIPEI + root(named("eu-west-1"), constraints=None), "is no certificate authority"),
        (root(named("eu-west-1"), days=1), "every certificate has expired"),
        ((FRANKFURT + TAIPEI)[:-200], "cut off in the middle"),
        (TAIPEI.replace("M", "?", 1), "should be a certificate is none"),
        ("", "no certificate in it"),
        ("<html>404</html>", "no certificate in it"),
    ],
    ids=[
        "no root of RDS",
        "another organisation",
        "intermediate",
        "signed by another",
        "signed with another key",
        "no authority",
        "no constraints",
        "expired",
        "cut off",
        "no base64",
        "empty",
        "no certificate",
    ],  # workers draw keys of their own, and must call the tests alike
)
def test_nothing_else_gets_in(shipped: Path, pem: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A stranger, an intermediate, a forger or half a file is refused in one sentence, and nothing is written."""
    assert update(shipped, pem) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"ca-bundle: {shipped.with_name('global-bundle.pem')}: ")
    assert told.endswith(". Nothing was written.\n")
    assert told.count("\n") == 1
    assert re.search(words, told)
    assert shipped.read_text() == FRANKFURT


def test_a_file_that_is_not_there(shipped: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong path is told in one sentence."""
    assert ca_bundle.main(["--from", str(shipped / "nowhere.pem"), "--to", str(shipped)]) == 1
    assert "it cannot be read (Not a directory)" in capsys.readouterr().err


def test_a_file_to_replace_that_is_no_bundle(shipped: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is the one that is named, and not the one that would have come in its place."""
    shipped.write_text("empty")
    assert update(shipped, TAIPEI) == 1
    assert capsys.readouterr().err == f"ca-bundle: {shipped}: there is no certificate in it. Nothing was written.\n"
    assert shipped.read_text() == "empty"


def test_without_a_network(shipped: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where AWS cannot be reached, the sentence names the address, and nothing is written."""
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    assert ca_bundle.main(["--to", str(shipped)]) == 1
    assert f"ca-bundle: {ca_bundle.SOURCE}: it cannot be downloaded" in capsys.readouterr().err
    assert shipped.read_text() == FRANKFURT


class CutOff(BaseHTTPRequestHandler):
    """Ends in the middle of a download, at the end of a certificate."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(FRANKFURT + TAIPEI)))
        self.end_headers()
        self.wfile.write(FRANKFURT.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def cut_off() -> Iterator[str]:
    """The address of a server that does not send all that it announces."""
    with ThreadingHTTPServer(("127.0.0.1", 0), CutOff) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/global-bundle.pem"
        server.shutdown()


def test_a_download_that_ends_early(
    shipped: Path, cut_off: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Regions are not lost because a connection ended between two certificates."""
    monkeypatch.setattr(ca_bundle, "SOURCE", cut_off)
    assert ca_bundle.main(["--to", str(shipped)]) == 1
    assert "it cannot be downloaded (IncompleteRead" in capsys.readouterr().err
    assert shipped.read_text() == FRANKFURT
