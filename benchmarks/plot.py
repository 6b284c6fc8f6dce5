"""The plots of docs/benchmarks.md as SVG, by a few lines of our own: to draw some bars, a library is one lock more."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

WIDTH, LEFT, RIGHT, BAR, TOP = 800, 290, 20, 16, 44
ROWS = ("cold start, CPU (ms)", "first rotation (ms)", "warm rotation (ms)", "gap of a client (ms)")
COLOURS = dict(zip(ROWS, ("#4c78a8", "#72b7b2", "#f58518", "#e45756"), strict=True))
LONGEST_RATIO = 1.5
PANEL_HEIGHT, PANEL_MARGIN = 150, 50


def ratios(functions: Mapping[str, Any]) -> str:
    """Bars: the suite as a ratio to the floor, for each function; a line where the two are equal."""
    bars = [(name, row, rows[row]["ratio"]) for name, rows in functions.items() for row in ROWS if row in rows]
    height = TOP + (BAR + 4) * len(bars) + 30
    parts = [_text(LEFT, 18, "suite / floor (1 = as fast as the calls and logins themselves allow)")]
    for position, (name, row, ratio) in enumerate(bars):
        y = TOP + position * (BAR + 4)
        parts.append(_text(LEFT - 8, y + 12, f"{name.replace('_', ' ')}: {row.partition(' (')[0]}", "end"))
        parts.append(_rectangle(LEFT, y, _ratio_x(ratio) - LEFT, COLOURS[row]))
        parts.append(_text(LEFT + 6, y + 12, f"{ratio:.2f}", colour="#ffffff"))
    parts += [_line(_ratio_x(1), TOP - 6, _ratio_x(1), height - 24), _text(_ratio_x(1), height - 8, "floor", "middle")]
    return _svg(height, parts)


def memory_curve(points: Sequence[Mapping[str, float]]) -> str:
    """Two panels over the memory sizes: how long a cold start with a rotation takes, and what it costs."""
    seconds = [p["cold_start_seconds"] + p["first_rotation_ms"] / 1000 for p in points]
    dollars = [p["dollars_per_rotation"] * 1_000_000 for p in points]
    labels = [f"{p['memory_mb']:g}" for p in points]
    upper = _panel(TOP, "cold start and first rotation, seconds (emulated CPU share)", seconds, labels)
    lower_top = TOP + PANEL_HEIGHT + PANEL_MARGIN
    lower = _panel(lower_top, "US dollars for a million rotations, each from a cold start", dollars, labels)
    return _svg(lower_top + PANEL_HEIGHT + PANEL_MARGIN, [*upper, *lower])


def _panel(top: int, title: str, values: Sequence[float], labels: Sequence[str]) -> Iterable[str]:
    left, bottom, highest = 60, top + PANEL_HEIGHT, max(values)
    step = (WIDTH - left - 2 * RIGHT) / (len(values) - 1)
    spots = [(left + i * step, bottom - value / highest * (PANEL_HEIGHT - 20)) for i, value in enumerate(values)]
    yield _text(left, top - 12, title)
    yield _line(left, bottom, WIDTH - RIGHT, bottom)
    yield f'<polyline fill="none" stroke="#4c78a8" stroke-width="2" points="{_points(spots)}"/>'
    for (x, y), value, label in zip(spots, values, labels, strict=True):
        yield f'<circle cx="{x:.0f}" cy="{y:.0f}" r="3" fill="#4c78a8"/>'
        yield _text(x, y - 8, f"{value:.2f}", "middle")
        yield _text(x, bottom + 16, f"{label} MB", "middle")


def _points(spots: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:.0f},{y:.0f}" for x, y in spots)


def _ratio_x(ratio: float) -> float:
    return LEFT + min(ratio, LONGEST_RATIO) / LONGEST_RATIO * (WIDTH - LEFT - RIGHT - 40)


def _svg(height: int, parts: Iterable[str]) -> str:
    frame = f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>'
    size = f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
    style = 'font-family="system-ui, DejaVu Sans, sans-serif" font-size="12" fill="#222222"'
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>', frame, *parts, "</svg>", ""])


def _text(x: float, y: float, text: str, anchor: str = "start", colour: str = "#222222") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'


def _rectangle(x: float, y: float, width: float, colour: str) -> str:
    return f'<rect x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{BAR}" fill="{colour}"/>'


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.0f}" y1="{y1:.0f}" x2="{x2:.0f}" y2="{y2:.0f}" stroke="#222222"/>'
