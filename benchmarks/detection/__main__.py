"""`python -m benchmarks.detection simulate|compare|real`: each says with --help what it takes."""

import argparse
import sys
from pathlib import Path

from benchmarks.detection.simulator import WORLDS, simulate
from benchmarks.detection.simulator.writing import write


def main() -> int:
    """Runs one of the commands."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detection", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    simulating = commands.add_parser("simulate", help="writes a world's events, accounts and truth")
    simulating.add_argument("--world", choices=WORLDS, default="baseline")
    simulating.add_argument("--seed", type=int, default=1)
    simulating.add_argument("--out", type=Path, required=True)
    wanted = parser.parse_args()
    write(simulate(WORLDS[wanted.world], wanted.seed), wanted.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
