"""The page of a report in a real browser. `make picture` runs this, and keeps the picture."""

import json
import os
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from tests.docs.markdown import ROOT
from tests.rotationctl.audited import audited_fleet
from tests.rotationctl.browser import DARK, LIGHT, Browser, find_browser
from tests.rotationctl.conftest import Account, Program
from tests.rotationctl.test_report_forms import NASTY

PICTURE = ROOT / "docs" / "images" / "report.png"
PICTURE_SIZE = (1000, 1060)
ENOUGH_KB = 150
READABLE = 4.5
"""The contrast of text that WCAG 2.2 asks for, at level AA."""
PROBE = """<!doctype html><meta charset="utf-8">
<iframe id="page" src="report.html" style="border:0;height:900px"></iframe>
<pre id="found"></pre><script>
const frame = document.getElementById("page");
const channel = (value) => { const c = value / 255; return c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4; };
const luminance = (rgb) => .2126 * channel(rgb[0]) + .7152 * channel(rgb[1]) + .0722 * channel(rgb[2]);
const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
const ground = (view, element) => { for (let e = element; e; e = e.parentElement) {
  const rgb = numbers(view.getComputedStyle(e).backgroundColor); if (rgb.length === 3 || rgb[3] > 0) return rgb; }
  return [255, 255, 255]; };
frame.onload = () => {
  const view = frame.contentWindow, page = frame.contentDocument, wide = {};
  for (const width of [320, 768, 1280]) { frame.style.width = width + "px";
    wide[width] = page.documentElement.scrollWidth; }
  let least = 21;
  for (const element of page.querySelectorAll("h1,h2,p,b,dt,dd,th,td,li,caption,span,code,bdi,footer")) {
    const [a, b] = [luminance(numbers(view.getComputedStyle(element).color)), luminance(ground(view, element))];
    least = Math.min(least, (Math.max(a, b) + .05) / (Math.min(a, b) + .05)); }
  document.getElementById("found").textContent = JSON.stringify({ wide, least,
    loaded: view.performance.getEntriesByType("resource").map((entry) => entry.name),
    rows: page.querySelectorAll("tbody th[scope=row]").length, title: page.title }); };
</script>"""
"""A page with a script, which the report has not: it measures the report within itself."""


@pytest.fixture
def browser(tmp_path: Path) -> Browser:
    """The browser, where there is one."""
    program = find_browser()
    if program is None:
        pytest.skip("There is no Chromium. `make picture` needs one: apt-get install chromium")
    return Browser(program, tmp_path)


@pytest.fixture
def page(account: Account, program: Program, tmp_path: Path) -> Path:
    """The page of a fleet with something of everything."""
    audited_fleet(account)
    path = tmp_path / "report.html"
    program("report", "--html", str(path), "--endpoint-url", account.cloud.endpoint_url)
    return path


def measured(browser: Browser, page: Path, scheme: str) -> dict[str, Any]:
    """What the probe finds of the page."""
    probe = page.with_name("probe.html")
    probe.write_text(PROBE)
    shown = browser.show(probe, "--dump-dom", "--virtual-time-budget=5000", scheme)
    found = re.search(r'<pre id="found">(.+?)</pre>', shown, re.DOTALL)
    assert found, shown
    value: dict[str, Any] = json.loads(unescape(found[1]))
    return value


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_it_fits_and_can_be_read(browser: Browser, page: Path, scheme: str) -> None:
    """On a phone and on a desk nothing sticks out, all text has enough contrast, and nothing is loaded."""
    found = measured(browser, page, scheme)
    assert all(width <= int(asked) for asked, width in found["wide"].items()), found["wide"]
    assert found["least"] >= READABLE
    assert found["loaded"] == []
    assert found["title"].startswith("Password rotation: account 123456789012, us-east-1, ")
    assert found["rows"] > 30


def test_whatever_a_secret_is_called(browser: Browser, account: Account, page: Path, program: Program) -> None:
    """No name becomes an element, and none makes the page wider than it is."""
    for name in NASTY:
        account.add(name)
    program("report", "--html", str(page), "--endpoint-url", account.cloud.endpoint_url)
    found = measured(browser, page, LIGHT)
    assert all(width <= int(asked) for asked, width in found["wide"].items()), found["wide"]
    assert "<script>alert" not in browser.show(page, "--dump-dom")


def test_it_prints(browser: Browser, page: Path, tmp_path: Path) -> None:
    """On a few pages, not on one for each row."""
    pdf = tmp_path / "report.pdf"
    browser.show(page, f"--print-to-pdf={pdf}", "--no-pdf-header-footer")
    assert 3 <= len(re.findall(rb"/Type\s*/Page\b", pdf.read_bytes())) <= 6


def test_the_picture(browser: Browser, page: Path, tmp_path: Path) -> None:
    """It is small enough for a document; REPORT_PICTURE keeps it there."""
    path = PICTURE if os.environ.get("REPORT_PICTURE") else tmp_path / "report.png"
    browser.show(page, LIGHT, "--window-size={},{}".format(*PICTURE_SIZE), f"--screenshot={path}")
    assert path.stat().st_size < ENOUGH_KB * 1024
