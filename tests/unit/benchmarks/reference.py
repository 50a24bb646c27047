"""The measures said once more, day by day and slowly, as the published scorer says them: the fast one must agree."""

import math
import statistics
from collections import defaultdict


def reference(truth, alerts):
    """FAR, R14, R42, storm and precision of (account's id, day) pairs."""
    accounts, fired = truth["accounts"], defaultdict(list)
    for account, day in alerts:
        fired[account].append(day)
    clean, false, true, delays, false_days = 0, 0, 0, {}, defaultdict(list)
    for name, a in accounts.items():
        begin, onset = _judged(truth, a)
        clean += sum(not _vague(a, t) for t in range(begin, onset))
        last, delay = -math.inf, math.inf
        for t in sorted(fired[name]):
            if t < begin or t - last < 14:
                continue
            last = t
            if t >= onset:
                delay = min(delay, t - onset)
            elif not _vague(a, t):
                false += 1
                false_days[a["segment"]].append(t)
        if a["drop"] and not _vague(a, onset):
            delays[name] = delay
            true += delay <= 56
    groups = defaultdict(list)
    for name, delay in delays.items():
        groups[accounts[name]["drop"], accounts[name]["size"]].append(delay)
    cells = [cell for cell in groups.values() if len(cell) >= 10] or [list(delays.values())]
    r14, r42 = (statistics.mean(sum(d <= h for d in cell) / len(cell) for cell in cells) for h in (14, 42))
    return false / (clean / 365), r14, r42, _storm(truth, false_days), true / max(true + false, 1)


def _judged(truth, account):
    onset = truth["days"] if account["onset"] is None else account["onset"]
    return max(truth["eval_from"], account["start"] + truth["warmup"]), onset


def _vague(account, day):
    return any(start <= day < end for start, end in account["ambiguous"])


def _storm(truth, false_days):
    stormy = exposed = 0
    for shock in truth["shocks"]:
        start = shock["start"]
        if start >= truth["eval_from"]:
            spans = [_judged(truth, a) for a in truth["accounts"].values() if a["segment"] == shock["segment"]]
            exposed += sum(begin <= start < onset for begin, onset in spans)
            stormy += sum(start <= t < start + 8 for t in false_days[shock["segment"]])
    return 1000 * stormy / max(exposed, 1)
