"""What a release consists of, and that everybody who makes it gets the same."""

import hashlib
import json
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from zipfile import ZipFile

import boto3
import pytest
from moto.server import ThreadedMotoServer

import rotationctl
from scripts.release import sums
from tests.docs.markdown import code, document
from tests.docs.template import template
from tests.release.conftest import PYTHON, Release
from tests.template.conftest import SAM_BIN

pytestmark = pytest.mark.xdist_group("release")  # in one worker, so that the two are made once

BUCKET = "released"
STATED = {"Name": r"[a-zA-Z0-9-]{1,140}", "Author": r"[a-z0-9-]{1,127}", "Description": r".{1,256}"}
"""What the application repository takes. Source: AWS SAM Developer Guide, "AWS::ServerlessRepo::Application"."""


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of an S3 with a bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    url = "http://{}:{}".format(*server.get_host_and_port())
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "anything")
    boto3.client("s3", endpoint_url=url, region_name="us-east-1").create_bucket(Bucket=BUCKET)
    yield url
    server.stop()


def test_two_builds_are_the_same_bytes(releases: tuple[Release, Release]) -> None:
    """Neither the folder nor the umask, the time zone, the locale or the day of the files leaves a trace."""
    one, other = releases
    assert one.names() == other.names()
    assert [name for name in one.names() if one[name].read_bytes() != other[name].read_bytes()] == []


def test_the_document_names_each_file(release: Release) -> None:
    """What a release is stands in a table, with all files and no other."""
    rows = document("docs/releasing.md").table("File | What it is")
    assert sorted(name for row in rows for name in code(row["File"])) == release.names()


def test_zips_hold_what_was_built(release: Release) -> None:
    """Each zip holds the files of one folder, the bytecode among them, in order, of one time, readable for Lambda."""
    zips = sorted(release.folder.glob("*.zip"))
    assert {file.stem for file in zips} == {folder.name for folder in release.built.iterdir() if folder.is_dir()}
    for file in zips:
        with ZipFile(file) as archive:
            entries = archive.infolist()
            held = {entry.filename: archive.read(entry) for entry in entries}
        folder = release.built / file.stem
        assert held == {
            str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()
        }
        assert [*held] == sorted(held)
        assert any(name.endswith(".pyc") for name in held)
        assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
        assert {entry.external_attr >> 16 for entry in entries} <= {0o100644, 0o100755}


def test_sha256sum_accepts_the_sums(release: Release) -> None:
    """The sums are of all other files, as the program of that name checks them."""
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", sums.NAME], cwd=release.folder, capture_output=True, text=True, check=True
    )
    checked = [line.partition(":")[0] for line in done.stdout.splitlines()]
    assert checked == [name for name in release.names() if name != sums.NAME]


def test_the_template_is_the_same_but_for_where_code_is(release: Release) -> None:
    """Its code is in the zips beside it, all of which it uses; parameters and resources are those of template.yaml."""
    file = release["template.json"]
    released, source = json.loads(file.read_text()), template()
    for part in ("Parameters", "Outputs", "Resources"):
        assert released[part].keys() == source[part].keys()
    properties = [resource.get("Properties", {}) for resource in released["Resources"].values()]
    code = {value for each in properties for key, value in each.items() if key in ("CodeUri", "ContentUri")}
    assert code == {path.name for path in release.folder.glob("*.zip")}
    assert "BuildMethod" not in file.read_text()


def test_sam_uploads_the_zips_as_they_are(
    release: Release, environment: Mapping[str, str], bucket: str, tmp_path: Path
) -> None:
    """What is deployed is, byte for byte, what was checked: SAM neither builds nor zips anew."""
    packaged = tmp_path / "packaged.json"
    command = (SAM_BIN / "sam", "package", "--s3-bucket", BUCKET, "--output-template-file", packaged, "--use-json")
    keys = {"AWS_ACCESS_KEY_ID": "anything", "AWS_SECRET_ACCESS_KEY": "anything"}
    variables = {**environment, **keys, "AWS_ENDPOINT_URL": bucket, "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(command, cwd=release.folder, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    s3 = boto3.client("s3", endpoint_url=bucket, region_name="us-east-1")
    uploaded = [s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in _uploaded(packaged.read_text())]
    expected = [*release.folder.glob("*.zip"), release["LICENSE"], release["README.md"]]
    assert {hashlib.sha256(content).hexdigest() for content in uploaded} == {sums.of(file) for file in expected}


def _uploaded(packaged: str) -> set[str]:
    """The keys of all objects in the bucket that a template names."""
    return set(re.findall(rf"s3://{BUCKET}/(\w+)", packaged))


def test_the_application_repository_would_take_it(release: Release) -> None:
    """It describes itself within the limits, with this version, and the files that it names are there."""
    metadata = json.loads(release["template.json"].read_text())["Metadata"]["AWS::ServerlessRepo::Application"]
    for name, pattern in STATED.items():
        assert re.fullmatch(pattern, metadata[name]), name
    assert metadata["SemanticVersion"] == rotationctl.__version__
    assert metadata["SourceCodeUrl"].endswith(f"/v{rotationctl.__version__}")
    assert {metadata["LicenseUrl"], metadata["ReadmeUrl"]} <= set(release.names())


def test_pages_lead_back_to_the_repository(release: Release) -> None:
    """The README and the notes have no link to a file that is not beside them."""
    for name in ("README.md", "release-notes.md"):
        links = re.findall(r"\]\(([^)\s]+)\)", release[name].read_text())
        assert {link.partition("://")[0] for link in links} <= {"https"}, name


def test_a_tag_of_another_version_is_refused(refusal: Callable[..., str]) -> None:
    """Nothing is made of a tag that is not the code's own."""
    assert f"its tag is v{rotationctl.__version__}" in refusal("--tag", "v99.0.0")


def test_sums_that_are_not_there_are_told_before_it_builds(refusal: Callable[..., str]) -> None:
    """A wrong path costs no minute, and leaves no release that was not compared."""
    assert "is no list of sums" in refusal("--sums", "nowhere/SHA256SUMS")


def test_what_is_no_release_is_not_replaced(refusal: Callable[..., str], tmp_path: Path) -> None:
    """A folder that was named by mistake keeps what is in it."""
    (tmp_path / "precious").write_text("")
    assert "holds something else than a release" in refusal("--to", str(tmp_path))
    assert (tmp_path / "precious").exists()


def test_nothing_is_published_without_bytecode(
    refusal: Callable[..., str], environment: Mapping[str, str], tmp_path: Path
) -> None:
    """A tag wants the Python of the runtime, since without it the bytes are others than everybody else's."""
    broken = tmp_path / f"python{PYTHON}"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    said = refusal("--tag", f"v{rotationctl.__version__}", PATH=f"{tmp_path}:{environment['PATH']}")
    assert "each cold start compiles" in said
