"""What came of a comparison, as text."""

from collections.abc import Sequence

from benchmarks.detection.compare import Line

HEAD = f"  {'':26}{'FAR':>7}{'R14':>7}{'R42':>7}{'delay':>8}{'storm':>8}{'precision':>11}   FAR by size"
NOTE = """
FAR: false alerts a clean account-year. R14, R42: share of drops alerted within 14 and 42 days, mean over type x size.
delay: median days to the alert (inf: most are missed). storm: false alerts within 8 days of a segment's shock, per
1,000 accounts. Peers are tuned with the labels, to the FAR that Ebbtide realized without them; the shipped rule is
as it is."""


def table(lines: Sequence[Line]) -> str:
    """A block for each world and budget."""
    blocks = dict.fromkeys((line.world, line.budget) for line in lines)
    return "\n".join(_block(*block, [x for x in lines if (x.world, x.budget) == block]) for block in blocks)


def _block(world: str, budget: float, lines: Sequence[Line]) -> str:
    return "\n".join([f"\n{world}, budget {budget:g}", HEAD, *map(_row, lines)])


def _row(line: Line) -> str:
    s = line.score
    sizes = "  ".join(f"{size} {rate:.2f}" for size, rate in sorted(s.far_by_size.items(), key=_seats))
    took = f"   ({line.seconds:.0f} s)" if line.seconds is not None else ""
    return (
        f"  {line.name:26}{s.far:>7.3f}{s.r14:>7.3f}{s.r42:>7.3f}{s.delay:>8.0f}{s.storm:>8.1f}{s.precision:>11.2f}"
        f"   {sizes}{took}"
    )


def _seats(item: tuple[str, float]) -> int:
    return int(item[0].split("-")[0])
