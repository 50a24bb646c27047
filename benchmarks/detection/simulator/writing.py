"""A simulated world as files: events.csv.zst, accounts.csv, and truth.json for the scorer."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import zstandard

from benchmarks.detection.simulator.accounts import NONE
from benchmarks.detection.simulator.parameters import COUNTRIES, TYPES
from benchmarks.detection.simulator.simulation import Simulated

BEHAVIOR = "core.action"
ROWS = 200_000


def write(made: Simulated, folder: Path) -> None:
    """Writes the three files into the folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_events(made, folder / "events.csv.zst")
    _write_accounts(made, folder / "accounts.csv")
    (folder / "truth.json").write_text(json.dumps(truth(made)))


def name(account: int) -> str:
    """An account's id."""
    return f"acct-{account:05d}"


def size(low: int, high: int) -> str:
    """A size's name: its seats."""
    return str(low) if low == high else f"{low}-{high}"


def _write_events(made: Simulated, path: Path) -> None:
    owner = made.people.account[made.person]
    midnight = np.datetime64(made.world.start_date, "s")
    with path.open("wb") as file, zstandard.ZstdCompressor(level=6).stream_writer(file) as out:
        out.write(b"time,account,user,behavior\n")
        for first in range(0, len(owner), ROWS):
            part = slice(first, first + ROWS)
            times = np.datetime_as_string(midnight + made.second[part]).tolist()
            rows = zip(times, owner[part].tolist(), made.person[part].tolist(), strict=True)
            out.write("".join(f"{t}Z,acct-{a:05d},user-{u:06d},{BEHAVIOR}\n" for t, a, u in rows).encode())


def _write_accounts(made: Simulated, path: Path) -> None:
    accounts = made.accounts
    columns = zip(accounts.segment.tolist(), accounts.country.tolist(), accounts.start.tolist(), strict=True)
    rows = [
        f"{name(number)},seg-{segment:02d},{COUNTRIES[country]},{made.world.start_date + timedelta(start)}\n"
        for number, (segment, country, start) in enumerate(columns)
    ]
    path.write_text("account,segment,country,created\n" + "".join(rows))


def truth(made: Simulated) -> dict[str, Any]:
    """What a scorer has to know."""
    world, accounts = made.world, made.accounts
    sizes = [size(low, high) for low, high, _ in world.sizes]
    unclear: dict[int, list[tuple[int, int]]] = {}
    for account, begin, end in sorted(made.unclear):
        unclear.setdefault(account, []).append((begin, min(end, world.days)))
    return {
        "start_date": str(world.start_date),
        "days": world.days,
        "eval_from": world.eval_from,
        "warmup": world.warmup,
        "types": list(TYPES),
        "sizes": sizes,
        "shocks": [
            {"segment": f"seg-{s.segment:02d}", "start": s.start, "end": s.end, "factor": s.factor, "kind": s.kind}
            for s in made.shocks
        ],
        "accounts": {
            name(a): {
                "start": int(accounts.start[a]),
                "size": sizes[accounts.size[a]],
                "segment": f"seg-{accounts.segment[a]:02d}",
                "drop": None if accounts.drop[a] == NONE else TYPES[accounts.drop[a]],
                "onset": None if accounts.drop[a] == NONE else int(accounts.onset[a]),
                "ambiguous": [list(stretch) for stretch in unclear.get(a, [])],
            }
            for a in range(len(accounts))
        },
    }
