"""The comparison as a picture: within each bar, the dark part was found within 14 days, the whole within 42."""

from collections.abc import Sequence
from html import escape

from benchmarks.detection.compare import AS_SHIPPED, Line

BAR, GAP, HIGH, LEFT, TOP = 15, 26, 170, 46, 66
COLORS = ("#0f766e", "#94a3b8", "#64748b", "#d97706", "#7c3aed", "#be123c")


def svg(lines: Sequence[Line]) -> str:
    """A row for each budget, a group of bars for each world. The shipped rule is left out: its FAR is another one."""
    shown = [line for line in lines if line.name != AS_SHIPPED]
    names = list(dict.fromkeys(line.name for line in shown))
    worlds = list(dict.fromkeys(line.world for line in shown))
    budgets = list(dict.fromkeys(line.budget for line in shown))
    wide = LEFT + len(worlds) * (len(names) * BAR + GAP) + 20
    parts = [_legend(names)]
    for row, budget in enumerate(budgets):
        base = TOP + HIGH + row * (HIGH + 70)
        parts.append(_axis(base, wide, f"budget {budget:g} false alerts an account-year"))
        for place, world in enumerate(worlds):
            at = LEFT + GAP // 2 + place * (len(names) * BAR + GAP)
            parts.append(_text(at + len(names) * BAR / 2, base + 16, world, "middle"))
            group = {line.name: line for line in shown if (line.world, line.budget) == (world, budget)}
            parts += [_bar(at + i * BAR, base, COLORS[i], group[n]) for i, n in enumerate(names) if n in group]
    wide, high = max(wide, LEFT + 150 * len(names)), TOP + len(budgets) * (HIGH + 70)
    style = (
        '<style>text{font:12px system-ui,sans-serif;fill:#334155}</style><rect width="100%" height="100%" fill="#fff"/>'
    )
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}">{style}{"".join(parts)}</svg>\n'


def _bar(x: float, base: float, color: str, line: Line) -> str:
    told = f"{line.name}, {line.world}: R14 {line.score.r14:.2f}, R42 {line.score.r42:.2f}, FAR {line.score.far:.2f}"
    late, soon = line.score.r42 * HIGH, line.score.r14 * HIGH
    return (
        f"<g><title>{escape(told)}</title>{_rectangle(x, base - late, late, color, 0.4)}"
        f"{_rectangle(x, base - soon, soon, color, 1)}</g>"
    )


def _rectangle(x: float, y: float, high: float, color: str, opacity: float) -> str:
    return f'<rect x="{x}" y="{y:.1f}" width="{BAR - 2}" height="{high:.1f}" fill="{color}" fill-opacity="{opacity}"/>'


def _axis(base: float, wide: float, title: str) -> str:
    lines = [_text(LEFT, base - HIGH - 10, f"Share of drops found; {title}", "start")]
    for tenth in range(0, 11, 2):
        y = base - tenth / 10 * HIGH
        lines.append(f'<path d="M{LEFT} {y:.1f}H{wide - 10}" stroke="#e2e8f0"/>')
        lines.append(_text(LEFT - 6, y + 4, f"{tenth / 10:g}", "end"))
    return "".join(lines)


def _legend(names: Sequence[str]) -> str:
    return "".join(
        f'<rect x="{LEFT + i * 150}" y="12" width="12" height="12" fill="{COLORS[i]}"/>'
        + _text(LEFT + 18 + i * 150, 22, name, "start")
        for i, name in enumerate(names)
    )


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
