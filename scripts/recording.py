"""Record the demo as a picture that moves, for the README: python -m scripts.recording (`make recording`).

It is an SVG that CSS moves, since a browser runs no script in a picture. We draw it ourselves: termtosvg, which did the
same, had its last release in 2020, and other recorders want a browser or Node.
"""

import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import accumulate
from pathlib import Path

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "demo.svg"
COMMAND = "make demo"
COLUMNS, ROWS = 80, 24
ROW, COLUMN, MARGIN, BAR = 20, 8.45, 16, 36
"""A row's height, a column's width, what is left free around the text, and the window's bar, in pixels."""
SECONDS, SECONDS_A_ROW, LAST_SECONDS = 0.5, 0.12, 8.0
"""How long to look at what was printed at once: at least, more for each row, and at the end before all begins anew."""
SGR = re.compile(r"\033\[(\d*)m")
CLASSES: Mapping[str, str] = {"1": "heading", "31": "bad"}
"""What the demo paints, by its codes of ECMA-48."""
STYLE = """\
text {
  font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace;
  fill: #d0d7de; white-space: pre
}
.heading { font-weight: bold; fill: #79c0ff }
.bad { fill: #ff7b72 }
.typed { fill: #7ee787 }
.window { fill: #0d1117 }
.scroll, .curtain { animation: scroll %(duration).1fs step-end infinite; transform: translateY(%(scrolled)dpx) }
.curtain { animation-name: curtain; transform: translateY(%(drawn)dpx) }
@keyframes scroll { %(scroll)s }
@keyframes curtain { %(curtain)s }
@media (prefers-reduced-motion: reduce) { .scroll, .curtain { animation: none } }"""
"""Without animations the picture is the last screen."""


@dataclass(frozen=True)
class Moment:
    """Something that was printed at once.

    Attributes:
        rows: how many rows there are then.
        seconds: how long nothing more comes.
    """

    rows: int
    seconds: float


def lines_of(text: str) -> list[str]:
    """What stands in a terminal at the end, line by line, with its colours."""
    return [f"$ {COMMAND}", *text.replace("\r\n", "\n").rstrip("\n").split("\n")]


def moments(lines: Sequence[str]) -> list[Moment]:
    """When each line is shown: the demo prints a paragraph at once, and a blank line before it."""
    ends = [1, *(number for number, line in enumerate(lines) if number > 1 and not line), len(lines)]
    sizes = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    found = [Moment(end, SECONDS + SECONDS_A_ROW * size) for end, size in zip(ends, sizes, strict=True)]
    return [*found[:-1], Moment(found[-1].rows, LAST_SECONDS)]


def picture(lines: Sequence[str]) -> str:
    """The animated SVG of a terminal that shows these lines."""
    shown = moments(lines)
    duration = sum(moment.seconds for moment in shown)
    starts = [100 * start / duration for start in accumulate((m.seconds for m in shown[:-1]), initial=0.0)]
    scrolls = [-ROW * max(0, moment.rows - ROWS) for moment in shown]
    curtains = [ROW * min(ROWS, moment.rows) for moment in shown]
    style = STYLE % {
        "duration": duration,
        "scrolled": scrolls[-1],
        "drawn": curtains[-1],
        "scroll": _frames(starts, scrolls),
        "curtain": _frames(starts, curtains),
    }
    width, height = round(COLUMNS * COLUMN) + 2 * MARGIN, ROWS * ROW
    whole = BAR + height + MARGIN
    text = "\n".join(_row(number, line) for number, line in enumerate(lines) if line)
    dots = "".join(f'<circle cx="{20 + 20 * n}" cy="18" r="6" fill="#30363d"/>' for n in range(3))
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {whole}" width="{width}" role="img">
<title>{COMMAND} in a terminal</title>
<style>
{style}
</style>
<rect class="window" width="{width}" height="{whole}" rx="8"/>
{dots}
<svg x="{MARGIN}" y="{BAR}" width="{width - 2 * MARGIN}" height="{height}">
<g class="scroll">
{text}
</g>
<rect class="window curtain" width="100%" height="{height}"/>
</svg>
</svg>
"""


def _frames(starts: Sequence[float], offsets: Sequence[int]) -> str:
    frames = zip(starts, offsets, strict=True)
    return " ".join(f"{start:.2f}% {{ transform: translateY({offset}px) }}" for start, offset in frames)


def _row(number: int, line: str) -> str:
    spans = "".join(_spans(line)) if number else f'<tspan class="typed">{escape(line)}</tspan>'
    return f'<text y="{ROW * number + 15}">{spans}</text>'


def _spans(line: str) -> Iterator[str]:
    parts = SGR.split(line)
    yield escape(parts[0])
    for code, text in zip(parts[1::2], parts[2::2], strict=True):
        name = CLASSES.get(code)
        yield f'<tspan class="{name}">{escape(text)}</tspan>' if name and text else escape(text)


def record() -> str:
    """Run the demo on a terminal of its own, and return what it printed.

    Raises:
        SystemExit: the demo failed, which is no picture to show.
    """
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(COLUMNS), "TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)
    with subprocess.Popen([sys.executable, "-m", "lab.demo"], stdout=theirs, env=environment) as demo:
        os.close(theirs)
        text = "".join(_printed(ours))
    if demo.returncode:
        raise SystemExit(f"The demo ended with {demo.returncode}:\n{text}")
    return text


def _printed(terminal: int) -> Iterator[str]:
    """All that comes from a terminal; Linux answers EIO where nobody is at its other end any more."""
    with os.fdopen(terminal, encoding="utf-8", newline="") as stream:
        try:
            yield from stream
        except OSError:
            return


if __name__ == "__main__":
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(picture(lines_of(record())))
    print(f"{PICTURE} is written: look at it.")
