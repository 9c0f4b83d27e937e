"""A picture of how questions grow with the store: milliseconds of CPU over calls, both scales logarithmic."""

from __future__ import annotations

from math import log10
from typing import Any

WIDTH, HEIGHT, LEFT, TOP, PLOT = 860, 360, 60, 40, 250
COLOURS = {"submeter": "#2563eb", "DuckDB": "#d97706", "SQLite": "#6b7280"}
GAP = 30


def drawn(results: list[dict[str, Any]], names: tuple[str, ...]) -> str:
    """The picture as SVG: one small plot for each question."""
    each = (WIDTH - LEFT - GAP * (len(names) - 1)) / len(names)
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH + GAP} {HEIGHT}" font-family="sans-serif" '
            'font-size="11">'
        ),
        f'<rect width="{WIDTH + GAP}" height="{HEIGHT}" fill="white"/>',
    ]
    for position, name in enumerate(names):
        parts += _plot(results, name, LEFT + position * (each + GAP), each, has_scale=position == 0)
    parts += [
        f'<rect x="{LEFT + n * 110}" y="{HEIGHT - 22}" width="12" height="12" fill="{colour}"/>'
        f'<text x="{LEFT + n * 110 + 18}" y="{HEIGHT - 12}">{engine}</text>'
        for n, (engine, colour) in enumerate(COLOURS.items())
    ]
    return "\n".join([*parts, "</svg>\n"])


def _plot(results: list[dict[str, Any]], name: str, left: float, width: float, *, has_scale: bool) -> list[str]:
    low, high = log10(min(r["calls"] for r in results)), log10(max(r["calls"] for r in results))

    def across(calls: int) -> float:
        return left + (log10(calls) - low) / max(high - low, 1) * width

    def down(ms: float) -> float:
        return TOP + PLOT * (1 - (min(max(log10(max(ms, 0.1)), -1), 4) + 1) / 5)

    parts = [f'<text x="{left}" y="{TOP - 14}" font-weight="bold">{name}</text>']
    for power in range(-1, 5):
        y = down(10**power)
        parts.append(f'<line x1="{left}" x2="{left + width}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e5e7eb"/>')
        if has_scale:
            parts.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{10**power:g} ms</text>')
    for result in results:
        said = f"{result['calls'] / 1e6:g} M"
        parts.append(
            f'<text x="{across(result["calls"]):.1f}" y="{TOP + PLOT + 18}" text-anchor="middle">{said}</text>'
        )
    for engine, colour in COLOURS.items():
        points = [
            (across(result["calls"]), down(result["engines"][engine][name]["cpu"]))
            for result in results
            if name in result["engines"].get(engine, {})
        ]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
    return parts
