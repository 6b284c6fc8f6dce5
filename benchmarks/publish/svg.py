"""Charts as SVG, of lines or of bars: no more than the published pictures need."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

PANEL_WIDTH, PANEL_HEIGHT = 420, 250
LEFT, RIGHT, TOP, BOTTOM = 52, 16, 44, 44
"""Around the axes of a panel."""
HEAD, FOOT = 64, 30
"""Above and below all panels."""
GRID_LINES = 4
ROUND_NUMBERS = (1.2, 2, 4, 8, 12)
"""The ends of axes, times a power of ten: a fourth of each is a number that is read at a glance."""
DODGE = 6
"""How far lines are drawn aside of each other, so that none hides another."""
BAR_WIDTH, BAR_LEFT, BAR_HEIGHT, BAR_STEP = 800, 290, 16, 20
STYLE = """\
text { font: 12px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328 }
.title { font-size: 16px; font-weight: 600 } .panel { font-weight: 600 } .key { font-size: 11px }
.small { font-size: 11px; fill: #59636e } .inside { fill: #ffffff }
.grid { stroke: #d8dee4 } .axis { stroke: #8c959f } path { fill: none; stroke-width: 2 } .spread { opacity: .45 }"""


@dataclass(frozen=True)
class Look:
    """How a line is drawn, with dashes as the attribute stroke-dasharray takes them."""

    colour: str
    dashes: str = "none"


@dataclass(frozen=True)
class Line:
    """One line of a chart.

    Attributes:
        points: a position on the x axis and a value.
        spread: for each point, how far up a thin line goes on from it; or nothing.
    """

    look: Look
    points: Sequence[tuple[int, float]]
    spread: Sequence[float] = ()


@dataclass(frozen=True)
class Panel:
    """One chart, on whose x axis each number is as far from the next as all others are, however large it is."""

    title: str
    x_title: str
    lines: Sequence[Line]

    @property
    def positions(self) -> list[int]:
        """The numbers on the x axis."""
        return sorted({x for line in self.lines for x, _ in line.points})

    @property
    def top(self) -> float:
        """The value at the upper end of the y axis: a round number that nothing exceeds."""
        values = [value for line in self.lines for value in (*(y for _, y in line.points), *line.spread)]
        return round_up(max(values))


@dataclass(frozen=True)
class LineChart:
    """Panels, two in a row, under a title and a legend."""

    title: str
    legend: Sequence[tuple[str, Look]]
    panels: Sequence[Panel]
    note: str

    def svg(self) -> str:
        """The chart as an SVG document."""
        width, rows = 2 * PANEL_WIDTH, -(-len(self.panels) // 2)
        height = HEAD + rows * PANEL_HEIGHT + FOOT
        panels = (self._placed(number, panel) for number, panel in enumerate(self.panels))
        note = _text(16, height - 12, self.note, "small")
        return _document(self.title, width, height, [*self._legend(), *panels, note])

    def _legend(self) -> list[str]:
        step = (2 * PANEL_WIDTH - 32) / len(self.legend)
        return [
            f'<path d="M{16 + step * number:.0f} 48h18" {_stroke(look)}/>' + _text(40 + step * number, 52, label, "key")
            for number, (label, look) in enumerate(self.legend)
        ]

    def _placed(self, number: int, panel: Panel) -> str:
        x, y = number % 2 * PANEL_WIDTH, HEAD + number // 2 * PANEL_HEIGHT
        return f'<g transform="translate({x} {y})">\n' + "\n".join(_drawn(panel)) + "\n</g>"


@dataclass(frozen=True)
class Bar:
    """One bar of a chart of bars."""

    label: str
    value: float
    colour: str


@dataclass(frozen=True)
class BarChart:
    """Bars, one below the other, and a vertical line at the value that they are compared with.

    Attributes:
        longest: the value at which bars end, whatever theirs is.
        mark: the value of the line, and what stands below it.
    """

    title: str
    bars: Sequence[Bar]
    longest: float
    mark: tuple[float, str]

    def svg(self) -> str:
        """The chart as an SVG document."""
        end = TOP + BAR_STEP * len(self.bars)
        value, label = self.mark
        x = BAR_LEFT + self._length(value)
        line = f'<path class="axis" d="M{x:.1f} {TOP - 6}V{end + 6}"/>'
        bars = (part for number, bar in enumerate(self.bars) for part in self._bar(number, bar))
        body = [*bars, line, _text(x, end + 20, label, "small", "middle")]
        return _document(self.title, BAR_WIDTH, end + FOOT, body)

    def _bar(self, number: int, bar: Bar) -> list[str]:
        y, size = TOP + BAR_STEP * number, f'width="{self._length(bar.value):.1f}" height="{BAR_HEIGHT}"'
        return [
            _text(BAR_LEFT - 8, y + 12, bar.label, anchor="end"),
            f'<rect x="{BAR_LEFT}" y="{y}" {size} fill="{bar.colour}"/>',
            _text(BAR_LEFT + 6, y + 12, f"{bar.value:.2f}", "inside"),
        ]

    def _length(self, value: float) -> float:
        return min(value, self.longest) / self.longest * (BAR_WIDTH - BAR_LEFT - RIGHT)


def round_up(value: float) -> float:
    """The smallest of 1.2, 2, 4, 8, 12 times a power of ten that is not below the value."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(power * step for step in ROUND_NUMBERS if power * step >= value)


def _document(title: str, width: int, height: int, body: Sequence[str]) -> str:
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" role="img">',
        f"<title>{escape(title)}</title><style>{STYLE}</style>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        _text(16, 26, title, "title"),
    ]
    return "\n".join([*head, *body, "</svg>"]) + "\n"


def _drawn(panel: Panel) -> list[str]:
    right, bottom = PANEL_WIDTH - RIGHT, PANEL_HEIGHT - BOTTOM
    return [
        _text(LEFT, TOP - 16, panel.title, "panel"),
        *(part for number in range(GRID_LINES + 1) for part in _grid_line(panel, number)),
        f'<path class="axis" d="M{LEFT} {bottom}H{right}"/>',
        *(_text(_x(panel, x), bottom + 16, f"{x:,}", "small", "middle") for x in panel.positions),
        _text((LEFT + right) / 2, bottom + 34, panel.x_title, "small", "middle"),
        *(part for number, line in enumerate(panel.lines) for part in _line(panel, line, number)),
    ]


def _grid_line(panel: Panel, number: int) -> tuple[str, str]:
    value = panel.top * number / GRID_LINES
    y = _y(panel, value)
    return (
        f'<path class="grid" style="stroke-width:1" d="M{LEFT} {y:.1f}H{PANEL_WIDTH - RIGHT}"/>',
        _text(LEFT - 6, y + 4, f"{value:,.4g}", "small", "end"),
    )


def _line(panel: Panel, line: Line, number: int) -> list[str]:
    aside = DODGE * (number - (len(panel.lines) - 1) / 2)
    places = [(_x(panel, x) + aside, _y(panel, value)) for x, value in line.points]
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    return [
        f'<path d="M{path}" {_stroke(line.look)}/>',
        *(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{line.look.colour}"/>' for x, y in places),
        *(
            f'<path class="spread" d="M{x:.1f} {y:.1f}V{_y(panel, up):.1f}m-3 0h6" stroke="{line.look.colour}"/>'
            for (x, y), up in zip(places, line.spread, strict=False)
        ),
    ]


def _x(panel: Panel, x: int) -> float:
    slots = len(panel.positions)
    return LEFT + (PANEL_WIDTH - LEFT - RIGHT) * (panel.positions.index(x) + 0.5) / slots


def _y(panel: Panel, value: float) -> float:
    bottom = PANEL_HEIGHT - BOTTOM
    return bottom - (bottom - TOP) * value / panel.top


def _stroke(look: Look) -> str:
    return f'stroke="{look.colour}" stroke-dasharray="{look.dashes}"'


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(text)}</text>'
