"""Paths: which of one user's events complete an ordered path. Pure.

A completion is a *minimal occurrence* of the path (Mannila, Toivonen and Verkamo 1997, "Discovery of frequent episodes
in event sequences"): a stretch from a first step to a last one that holds all steps in order and no shorter stretch
that does, and takes `within` at most. So a report that is begun twice and shared twice is delivered once, from its
last beginning to the first sharing after it, and two reports under way side by side are two. Each event begins at most
one completion, ends at most one, and serves no step in two. (One that matches several steps may end a completion and
begin the next: of a path from login to login each return counts.)

Whether a stretch is a completion depends on the events inside it alone. That is why this rule, and not "start afresh
after each completion": there an event that comes late could move completions without end, here it can touch only those
that it lies in, whatever order the events came in.

Events of the same moment are taken in the path's order, by the first step each matches, and by id where that is equal.

>>> path = [Step(0, 0b01), Step(10_000, 0b01), Step(70_000, 0b10), Step(99_000, 0b10)]
>>> completions(path, 2, 60_000)
[Completion(start=10000, end=70000)]
>>> by_hour(completions(path, 2, 60_000))
{0: Share(completions=1, seconds=60.0)}
"""

from collections.abc import Iterable
from typing import NamedTuple

from schemas.clock import HOUR_MS


class Step(NamedTuple):
    """An event that can be a step of a path: its time (ms), bit k of `steps` for each step k it matches, its id."""

    time: int
    steps: int
    id: bytes = b""


class Completion(NamedTuple):
    """A path gone to its end: the times (ms) of its first and its last event."""

    start: int
    end: int


class Share(NamedTuple):
    """What a user adds to an hour: completions that end in it, and how long they took together."""

    completions: int
    seconds: float


def completions(steps: Iterable[Step], length: int, within: int) -> list[Completion]:
    """The completions of a path of `length` steps that take `within` ms at most, by their end."""
    ordered = sorted(steps, key=_place)
    latest = [-1] * length  # where the latest chain of steps 0 … k that is met so far begins
    ended = -1  # where the chain that ended last began: one that begins no later holds it
    found = []
    for i, step in enumerate(ordered):
        for k in reversed(range(length)):  # backwards, so that an event is one step of a chain
            if step.steps >> k & 1:
                latest[k] = i if k == 0 else latest[k - 1]
        if latest[-1] > ended:
            ended = latest[-1]
            if step.time - ordered[ended].time <= within:
                found.append(Completion(ordered[ended].time, step.time))
    return found


def by_hour(found: Iterable[Completion]) -> dict[int, Share]:
    """Each hour (its start in ms) in which completions end, and what they come to."""
    took: dict[int, list[int]] = {}
    for start, end in found:
        took.setdefault(end // HOUR_MS * HOUR_MS, []).append(end - start)
    return {hour: Share(len(all_of_it), sum(all_of_it) / 1000) for hour, all_of_it in took.items()}


def _place(step: Step) -> tuple[int, int, bytes]:
    first = step.steps & -step.steps
    return step.time, first, step.id
