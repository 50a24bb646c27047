"""`python -m benchmarks.detection simulate|compare|real|speed`: each says with --help what it takes."""

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.detection import ours
from benchmarks.detection.compare import compare, folder_of
from benchmarks.detection.plot import svg
from benchmarks.detection.real import real, told
from benchmarks.detection.simulator import WORLDS, simulate
from benchmarks.detection.simulator.writing import write
from benchmarks.detection.speed import HEADER, line, speeds
from benchmarks.detection.table import NOTE, table


def main() -> int:
    """Runs one of the commands."""
    wanted = _parser().parse_args()
    wanted.run(wanted)
    return 0


def _simulate(wanted: argparse.Namespace) -> None:
    write(simulate(WORLDS[wanted.world], wanted.seed), wanted.out)


def _compare(wanted: argparse.Namespace) -> None:
    lines = []
    command = None if wanted.peers_only else wanted.ebbtide
    with tempfile.TemporaryDirectory(prefix="ebbtide-worlds-") as folder:
        for world in wanted.world:
            found = list(compare([folder_of(world, wanted.seed, Path(folder))], wanted.budget, command))
            print(table(found), flush=True)
            lines += found
        print(NOTE)
        wanted.plot.write_text(svg(lines))
        print(f"\nThe picture is in {wanted.plot}.")


def _real(wanted: argparse.Namespace) -> None:
    command = None if wanted.peers_only else wanted.ebbtide
    print(told(real(wanted.file, wanted.each, wanted.budget, wanted.seed, command), wanted.each))


def _speed(wanted: argparse.Namespace) -> None:
    print(HEADER)
    found = []
    for one in speeds(wanted.keys, wanted.warm_up, wanted.days):
        print(line(one), flush=True)
        found.append(one)
    first, last = found[0], found[-1]
    times, more = last.day / first.day, last.keys / first.keys
    print(f"\n{more:.1f} times the keys took {times:.1f} times as long.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detection", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    simulating = commands.add_parser("simulate", help="writes a world's events, accounts and truth")
    simulating.add_argument("--world", choices=WORLDS, default="baseline")
    simulating.add_argument("--seed", type=int, default=1)
    simulating.add_argument("--out", type=Path, required=True)
    simulating.set_defaults(run=_simulate)

    comparing = commands.add_parser("compare", help="ours beside the usual rules; prints a table, writes a picture")
    named = f"folders with events, accounts and truth, or names of simulated worlds: {', '.join(WORLDS)}"
    comparing.add_argument("--world", nargs="+", default=["baseline"], help=named)
    comparing.add_argument("--seed", type=int, default=1)
    comparing.add_argument("--budget", type=float, nargs="+", default=[0.5, 0.1])
    comparing.add_argument("--plot", type=Path, default=Path("detection.svg"))
    comparing.add_argument("--ebbtide", type=Path, default=ours.EBBTIDE, help="the command to judge")
    comparing.add_argument("--peers-only", action="store_true")
    comparing.set_defaults(run=_compare)
    injecting = commands.add_parser("real", help="drops injected into an activity file, found or not")
    injecting.add_argument("file", type=Path, help="time, account, user, behavior, ...: .csv or .csv.zst")
    injecting.add_argument("--each", type=int, default=260, help="injections of each kind")
    injecting.add_argument("--budget", type=float, default=0.5)
    injecting.add_argument("--seed", type=int, default=1)
    injecting.add_argument("--ebbtide", type=Path, default=ours.EBBTIDE, help="the command to judge")
    injecting.add_argument("--peers-only", action="store_true")
    injecting.set_defaults(run=_real)
    speeding = commands.add_parser("speed", help="what a day's evaluation of all kinds costs, by accounts' behaviors")
    speeding.add_argument("--keys", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    speeding.add_argument("--warm-up", type=int, default=42, help="days that are folded before those timed")
    speeding.add_argument("--days", type=int, default=7)
    speeding.set_defaults(run=_speed)
    return parser


if __name__ == "__main__":
    sys.exit(main())
