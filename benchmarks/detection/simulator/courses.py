"""An account's own course: onboarding, trend, swings, pauses, and the drop."""

import numpy as np

from benchmarks.detection.simulator.accounts import Accounts
from benchmarks.detection.simulator.parameters import TYPES, World
from benchmarks.detection.simulator.people import Floats

FADING = 28  # days in which the others follow their champion
GRADUAL = 42


def onboarding(world: World, accounts: Accounts, rng: np.random.Generator) -> Floats:
    """Activity by account and day: new accounts begin above or below what they settle at."""
    first = rng.uniform(*world.onboarding, len(accounts))
    age = np.arange(world.days) - accounts.start[:, None]
    curve = 1 + (first[:, None] - 1) * np.exp(-np.maximum(age, 0) / world.settling)
    return np.where(age < 0, 0.0, np.where(accounts.start[:, None] > 0, curve, 1.0))


def swings(world: World, accounts: Accounts, rng: np.random.Generator) -> Floats:
    """Trend, slow swings (autoregressive in the logarithm) and good and bad days, all around one."""
    n, keep = len(accounts), np.exp(-1 / world.wobble_days)
    steps = rng.normal(0.0, world.wobble * np.sqrt(1 - keep**2), (world.days, n))
    level = rng.normal(0.0, world.wobble, n)
    wobble = np.empty((n, world.days))
    for day, step in enumerate(steps):
        level = keep * level + step
        wobble[:, day] = level
    trend = rng.normal(0.0, world.drift, n)[:, None] * np.arange(-world.days // 2, world.days - world.days // 2) / 365
    noise = rng.normal(0.0, world.day_noise, (n, world.days))
    return np.exp(wobble + trend + noise - (world.wobble**2 + world.day_noise**2) / 2)


def pauses(world: World, accounts: Accounts, rng: np.random.Generator) -> Floats:
    """Zero while a whole account is away, one otherwise; it comes back as it was, before anything drops."""
    factor = np.ones((len(accounts), world.days))
    pausing = np.flatnonzero(rng.random(len(accounts)) < world.pauses * world.days / 365)
    for account in pausing:
        length = int(rng.integers(*world.pause_days))
        earliest, latest = accounts.start[account] + 60, accounts.onset[account] - length - 30
        if latest > earliest:
            begin = int(rng.integers(earliest, latest))
            factor[account, begin : begin + length] = 0.0
    return factor


def drops(world: World, accounts: Accounts, rng: np.random.Generator) -> Floats:
    """What the drop leaves by account and day; where people leave, their own stay ends, and the rest may fade."""
    since = np.arange(world.days) - accounts.onset[:, None]
    left = np.ones_like(since, dtype=np.float64)
    fading = np.clip(since / FADING, 0.0, 1.0)
    gone = rng.uniform(0.3, 0.7, len(accounts))[:, None]
    courses = {
        "abrupt30": np.where(since >= 0, 0.3, 1.0),
        "abrupt50": np.where(since >= 0, 0.5, 1.0),
        "gradual": 1 - 0.75 * np.clip(since / GRADUAL, 0.0, 1.0),
        "silence": np.where(since >= 0, 0.0, 1.0),
        "champion": 1 - gone * fading,
    }
    for name, course in courses.items():
        chosen = accounts.drop == TYPES.index(name)
        left[chosen] = course[chosen]
    return left
