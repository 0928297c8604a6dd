"""Two pictures of a run, as SVG: latency by class, and latency against the size of the corpus. No plotting library.

Both have a logarithmic time axis; what is compared differs by factors, not by differences.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

COLOURS = ("#1b5e8c", "#d9822b", "#6aa84f", "#a64d79", "#777777", "#b8a100")
"""Of the engines in their order; searchkit's is the first."""
_LEFT, _TOP, _BOTTOM = 64, 40, 84
_HEIGHT = 320
_FONT = 'font-family="sans-serif" font-size="11"'


class _Scale:
    """A logarithmic axis of microseconds."""

    def __init__(self, values: Sequence[float], height: float) -> None:
        self.low = math.floor(math.log10(max(min(values), 0.1)))
        self.high = max(self.low + 1, math.ceil(math.log10(max(values))))
        self.height = height

    def y(self, value: float) -> float:
        share = (math.log10(max(value, 10**self.low)) - self.low) / (self.high - self.low)
        return _TOP + self.height * (1 - min(1.0, share))

    def grid(self, width: float) -> list[str]:
        lines = []
        for power in range(self.low, self.high + 1):
            y = self.y(10.0**power)
            lines.append(f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{width:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
            lines.append(
                f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end" {_FONT}>{_microseconds(power)}</text>'
            )
        return lines


def bars(title: str, groups: dict[str, dict[str, float]]) -> str:
    """A bar for each engine in each group.

    Parameters
    ----------
    groups : dict
        By class, microseconds by engine.
    """
    names = list(dict.fromkeys(name for values in groups.values() for name in values))
    step = 10 * len(names) + 14
    width = _LEFT + step * len(groups) + 20
    scale = _Scale([value for values in groups.values() for value in values.values()] or [1.0], _HEIGHT)
    parts = scale.grid(width)
    for place, (label, values) in enumerate(groups.items()):
        left = _LEFT + 8 + place * step
        for name, value in values.items():
            x, y = left + 10 * names.index(name), scale.y(value)
            colour = COLOURS[names.index(name) % len(COLOURS)]
            hint = escape(f"{name}, {label}: {value:.1f} µs")
            parts.append(
                f'<rect x="{x}" y="{y:.1f}" width="9" height="{_TOP + _HEIGHT - y:.1f}" fill="{colour}">'
                f"<title>{hint}</title></rect>"
            )
        x, y = left + 5 * len(names), _TOP + _HEIGHT + 14
        parts.append(
            f'<text x="{x}" y="{y}" text-anchor="end" transform="rotate(-35 {x} {y})" {_FONT}>{escape(label)}</text>'
        )
    return _document(title, width, parts, names)


def curves(title: str, series: dict[str, dict[int, float]]) -> str:
    """A line for each class over the number of documents, and a dashed one as steep as linear growth would be.

    Parameters
    ----------
    series : dict
        By class, microseconds by number of documents.
    """
    sizes = sorted({size for points in series.values() for size in points})
    width = _LEFT + 520.0
    values = [value for points in series.values() for value in points.values()] or [1.0]
    linear = {sizes[0]: min(values), sizes[-1]: min(values) * sizes[-1] / sizes[0]} if sizes else {}
    scale = _Scale([*values, *linear.values()], _HEIGHT)
    parts = scale.grid(width)

    def x_of(size: int) -> float:
        low, high = math.log(sizes[0]), math.log(sizes[-1])
        return _LEFT + 40 + 420 * ((math.log(size) - low) / (high - low) if high > low else 0.5)

    if linear:
        ends = " ".join(f"{x_of(size):.1f},{scale.y(value):.1f}" for size, value in linear.items())
        parts.append(f'<polyline points="{ends}" fill="none" stroke="#999" stroke-dasharray="4 4"/>')
    for number, (label, points) in enumerate(series.items()):
        colour = COLOURS[number % len(COLOURS)]
        places = [(x_of(size), scale.y(value)) for size, value in sorted(points.items())]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for (x, y), (size, value) in zip(places, sorted(points.items()), strict=True):
            hint = escape(f"{label}, {size:,} documents: {value:.1f} µs")
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"><title>{hint}</title></circle>')
    for size in sizes:
        y = _TOP + _HEIGHT + 18
        parts.append(f'<text x="{x_of(size):.1f}" y="{y}" text-anchor="middle" {_FONT}>{size:,}</text>')
    return _document(title, width, parts, list(series))


def _document(title: str, width: float, parts: list[str], names: list[str]) -> str:
    width = max(width, _LEFT + 110 * len(names), _LEFT + 7 * len(title))
    height = _TOP + _HEIGHT + _BOTTOM + 24
    legend = []
    for number, name in enumerate(names):
        x, y = _LEFT + 110 * number, height - 14
        legend.append(f'<rect x="{x}" y="{y - 9}" width="10" height="10" fill="{COLOURS[number % len(COLOURS)]}"/>')
        legend.append(f'<text x="{x + 14}" y="{y}" {_FONT}>{escape(name)}</text>')
    body = "\n".join([*parts, *legend])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" '
        f'viewBox="0 0 {width:.0f} {height}">\n<rect width="100%" height="100%" fill="white"/>\n'
        f'<text x="{_LEFT}" y="22" font-family="sans-serif" font-size="14">{escape(title)}</text>\n{body}\n</svg>\n'
    )


def _microseconds(power: int) -> str:
    value = 10.0**power
    return f"{value:g} µs" if value < 1e3 else f"{value / 1e3:g} ms" if value < 1e6 else f"{value / 1e6:g} s"
