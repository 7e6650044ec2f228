"""Figures of boxes, bars and arrows as SVG, in colours that follow the reader's scheme."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

_STYLE = """
:root { --ink: #1f2937; --soft: #6b7280; --line: #94a3b8; --plain: #f1f5f9;
  --blue: #dbeafe; --green: #dcfce7; --orange: #ffedd5; --red: #fee2e2; --strong: #2563eb;
  --bad: #dc2626 }
@media (prefers-color-scheme: dark) { :root { --ink: #e5e7eb; --soft: #9ca3af; --line: #64748b;
  --plain: #1e293b; --blue: #1e3a5f; --green: #14432a; --orange: #5b3413; --red: #5b1d1d;
  --strong: #7aa7ff; --bad: #f87171 } }
text { font: 13px system-ui, sans-serif; fill: var(--ink) }
.soft { fill: var(--soft); font-size: 12px } .bold { font-weight: 600 }
.strong { fill: var(--strong) } .bad { fill: var(--bad) }
rect { stroke: var(--line) } .plain { fill: var(--plain) } .blue { fill: var(--blue) }
.green { fill: var(--green) } .orange { fill: var(--orange) } .red { fill: var(--red) }
.none { fill: none } .dashed { stroke-dasharray: 5 4 }
path { fill: none; stroke: var(--line); stroke-width: 1.5 }
path.strong { stroke: var(--strong); fill: none }
path.bad { stroke: var(--bad); fill: none } marker path { fill: var(--line); stroke: none }
""".strip()
_HEAD = (
    '<marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
    'orient="auto-start-reverse"><path d="M0 0L10 5L0 10z"/></marker>'
)
_LINE_HEIGHT = 17

Point = tuple[float, float]


class Drawing:
    """A figure in the making; lengths are pixels, y grows downwards.

    Args:
        width: of the whole figure.
        height: of the whole figure.
        title: what it shows, for readers who can't see it.
    """

    def __init__(self, width: int, height: int, title: str) -> None:
        size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        self._parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
            f"<title>{escape(title)}</title>",
            f"<style>{_STYLE}</style>",
            f"<defs>{_HEAD}</defs>",
        ]

    def box(
        self,
        at: Point,
        size: Point,
        lines: Sequence[str] = (),
        kind: str = "plain",
        corner: int = 6,
    ) -> None:
        """A rectangle with lines of text in its middle, the first one bold."""
        (x, y), (w, h) = at, size
        self._parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{w:g}" height="{h:g}" rx="{corner}" class="{kind}"/>'
        )
        first = y + h / 2 + 4.5 - _LINE_HEIGHT * (len(lines) - 1) / 2
        for number, line in enumerate(lines):
            style = "bold" if number == 0 and len(lines) > 1 else "soft" if number else ""
            self.text((x + w / 2, first + number * _LINE_HEIGHT), line, style, "middle")

    def text(self, at: Point, words: str, kind: str = "", anchor: str = "start") -> None:
        """One line of text, from, around or up to a point."""
        self._parts.append(
            f'<text x="{at[0]:g}" y="{at[1]:g}" class="{kind}" text-anchor="{anchor}">'
            f"{escape(words)}</text>"
        )

    def line(self, points: Sequence[Point], kind: str = "", tip: bool = False) -> None:
        """A line through points, with the tip of an arrow at its end if asked for."""
        way = "L".join(f"{x:g} {y:g}" for x, y in points)
        end = ' marker-end="url(#tip)"' if tip else ""
        self._parts.append(f'<path d="M{way}" class="{kind}"{end}/>')

    def arrow(self, *points: Point, kind: str = "") -> None:
        """A line with a tip at its end."""
        self.line(points, kind, tip=True)

    def span(self, start: Point, end: float, words: str, kind: str = "") -> None:
        """A length on a level, from a point to another x, with its name above."""
        x, y = start
        self.line([(x, y - 4), (x, y + 4)])
        self.line([(end, y - 4), (end, y + 4)])
        self.line([start, (end, y)], kind)
        self.text(((x + end) / 2, y - 7), words, "soft", "middle")

    def svg(self) -> str:
        """The whole figure."""
        return "\n".join([*self._parts, "</svg>"]) + "\n"
