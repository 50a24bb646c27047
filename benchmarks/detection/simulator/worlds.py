"""Clearly different worlds: thresholds that only hold in one of them are found out."""

from dataclasses import replace
from datetime import date

from benchmarks.detection.simulator.parameters import World

_BASE = World()
_LARGE = ((4, 10, 0.35), (11, 50, 0.4), (51, 200, 0.2), (201, 600, 0.05))
_SMALL = ((1, 1, 0.4), (2, 3, 0.35), (4, 10, 0.2), (11, 50, 0.05))

WORLDS: dict[str, World] = {
    "baseline": _BASE,
    "bursty": replace(
        _BASE, burstiness=0.85, burst_cycle=24.0, wobble=0.35, day_noise=0.35, start_date=date(2022, 2, 7)
    ),
    "thin": replace(_BASE, accounts=2000, sizes=_SMALL, user_days=1.0, users_differ=1.0),
    "large": replace(_BASE, accounts=250, sizes=_LARGE, segments=8, wobble=0.12),
    "seasonal": replace(
        _BASE, vacations=1.7, season=0.2, month_end=0.2, weekend=(0.0, 0.08), fall_left=(0.3, 0.8), falls=1.0
    ),
    "lumped": replace(_BASE, segments=3, home=0.4, start_date=date(2023, 3, 6), outages=5.0),
    "short": replace(_BASE, days=300, new_accounts=0.5, onboarding=(0.5, 2.5), growth=0.3),
    "restless": replace(_BASE, turnover=0.7, replaced=0.92, pauses=0.08, drift=0.4, champions=0.5),
    "chatty": replace(_BASE, accounts=900, events_per_day=4.0, user_days=3.2, burstiness=0.3, wobble=0.1),
    "calm": replace(_BASE, drops=0.15, falls=0.2, outages=1.0, pauses=0.0, burstiness=0.3),
}
