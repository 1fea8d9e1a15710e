"""The picture of the family: three members of three blocks, and which filters cross between strands."""

from __future__ import annotations

WIDTH, HEIGHT = 900, 330
FILTERS = 4
LANES = {"given strand": 95, "other strand": 205}
PANELS = [
    ("conjoined", "mixing 0", (0, 0)),
    ("between", "mixing 0.5", (2, 2)),
    ("RCPS", "mixing 1", (4, 4)),
]
OWN, CROSSING, INK = "#4477aa", "#cc6677", "#222222"


def text(x: float, y: float, words: str, size: int = 14, weight: str = "normal") -> str:
    """A centred line of text."""
    style = f'font-size="{size}" font-weight="{weight}" text-anchor="middle" fill="{INK}"'
    return f'<text x="{x:g}" y="{y:g}" {style}>{words}</text>'


def line(x1: float, y1: float, x2: float, y2: float, colour: str, width: float = 1.5) -> str:
    """A line."""
    ends = f'x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}"'
    return f'<line {ends} stroke="{colour}" stroke-width="{width:g}"/>'


def block(x: float, y: float) -> list[str]:
    """One block in one frame: a column of filters."""
    frame = f'<rect x="{x - 13:g}" y="{y - 32:g}" width="26" height="64" rx="5" fill="none" stroke="{INK}"/>'
    dots = [f'<circle cx="{x:g}" cy="{filter_at(y, n):g}" r="4.5" fill="{OWN}"/>' for n in range(FILTERS)]
    return [frame, *dots]


def filter_at(y: float, n: int) -> float:
    """The height of filter n in a block centred at y."""
    return y - 22.5 + 15 * n


def panel(left: float, name: str, mixing: str, crossing: tuple[int, ...]) -> list[str]:
    """One member: two lanes of three blocks, with ``crossing`` filters received before blocks 2 and 3."""
    columns = [left + 50 + 80 * n for n in range(3)]
    parts = [text(left + 130, 30, name, 18, "bold"), text(left + 130, 265, mixing, 15)]
    for own, other in (LANES.values(), list(LANES.values())[::-1]):
        for x, received, after in zip(columns, crossing, columns[1:], strict=False):
            parts.append(line(x + 13, own, after - 13, own, OWN, 4))
            for n in range(received):
                parts.append(line(x + 5, filter_at(own, n), after - 13, other, CROSSING, 1.2))
        for x in columns:
            parts += block(x, own)
        parts.append(line(columns[-1] + 13, own, columns[-1] + 45, 150, OWN, 2))
    return [*parts, f'<circle cx="{columns[-1] + 48:g}" cy="150" r="9" fill="white" stroke="{INK}"/>']


def draw() -> str:
    """The whole picture, as SVG."""
    parts = [f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>']
    for name, y in LANES.items():
        first, second = name.split()
        parts += [text(38, y - 3, first, 12), text(38, y + 12, second, 12)]
    for n, (name, mixing, crossing) in enumerate(PANELS):
        parts += panel(60 + 280 * n, name, mixing, crossing)
    parts.append(line(110, 283, 850, 283, INK))
    parts.append(f'<path d="M850 278 L862 283 L850 288 Z" fill="{INK}"/>')
    parts.append(text(480, 305, "share of the other strand's filters that each block receives (red)", 13))
    parts.append(text(480, 323, "circle: the merge of both strands (sum, mean, max, probability)", 13))
    size = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    body = "\n".join(parts)
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif">\n{body}\n</svg>\n'
