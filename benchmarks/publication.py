"""Where results go: a file of every run, and the ones that the documentation shows."""

import json
from pathlib import Path

from benchmarks.plot import memory_curve, ratios
from benchmarks.report import Results, as_markdown
from lab.lambda_environment.code import REPOSITORY

LATEST = REPOSITORY / ".cache" / "benchmarks" / "results.json"
PUBLISHED = Path(__file__).with_name("results.json")
PAGE = REPOSITORY / "docs" / "benchmarks.md"
PLOTS = REPOSITORY / "docs"
BEGIN, END = "<!-- measured: make bench PUBLISH=1 writes from here -->\n", "<!-- to here -->\n"


def save(results: Results, file: Path = LATEST) -> None:
    """Write the results as JSON."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(results, indent=1) + "\n")


def publish(results: Results) -> None:
    """Write the results, the plots and the tables that the documentation shows."""
    save(results, PUBLISHED)
    PAGE.write_text(page_with(results, PAGE.read_text()))
    for name, image in plots(results).items():
        (PLOTS / name).write_text(image)


def page_with(results: Results, page: str) -> str:
    """The page with these results' tables between its two marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{as_markdown(results)}\n{END}{after}"


def plots(results: Results) -> dict[str, str]:
    """The plots by file name."""
    made = {"benchmarks.svg": ratios(results["functions"])}
    if results["memory"]:
        made["memory-sizes.svg"] = memory_curve(results["memory"]["points"])
    return made
