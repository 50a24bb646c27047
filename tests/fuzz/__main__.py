"""`make fuzz`: the collector and the API of a product that runs for it, until so many cases were sent to both."""

import argparse
import sys
import tempfile
from pathlib import Path

from deploy.local.stack import Options, Stack
from tests.fuzz.driver import fuzz


def main() -> int:
    """Prints how they were answered; 1 where one was our fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    faults = 0
    with (
        tempfile.TemporaryDirectory(prefix="ebbtide-fuzz-") as home,
        Stack(Path(home), Options(durable=False)) as stack,
    ):
        for name, key in (("collector", stack.write_key), ("api", stack.api_key)):
            headers = {"Authorization": f"Bearer {key}"}
            report = fuzz(stack.url(name), headers, arguments.cases // 2, arguments.seed)
            print(f"{name}: {report.sent:,} cases, seed {arguments.seed}")
            print(f"answered {dict(sorted(report.statuses.items()))}")
            print("\n".join(report.faults[:20]) or "no answer was our fault")
            faults += len(report.faults)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
