"""What has to hold of every alert's life and of what its receivers heard, whatever died meanwhile. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tests.faults.people import DEED, Deed
from tests.faults.receiver import Message


class Step(NamedTuple):
    """A step as the database has it."""

    episode: str
    sequence: int
    told: bool
    reason: str


def broken(steps: Sequence[Step], got: Sequence[Message], deeds: Iterable[Deed]) -> list[str]:
    """Every breach in words.

    >>> told, deed = Step("a", 1, True, "deed-0"), Deed("deed-0", "a", 200, 1)
    >>> message = Message("m", "a", 1, "{}")
    >>> broken([told], [message, message], [deed])
    []
    >>> broken([told], [], [deed])
    ['a/1 was never heard of']
    """
    return [*_gaps(steps), *_unheard(steps, got), *_out_of_order(got), *_changed(got), *_deeds(steps, deeds)]


def _gaps(steps: Sequence[Step]) -> Iterable[str]:
    sequences = defaultdict[str, list[int]](list)
    for step in steps:
        sequences[step.episode].append(step.sequence)
    for episode, found in sequences.items():
        if sorted(found) != list(range(1, len(found) + 1)):
            yield f"{episode} has the steps {sorted(found)}"


def _unheard(steps: Sequence[Step], got: Sequence[Message]) -> Iterable[str]:
    told = {(one.episode, one.sequence) for one in steps if one.told}
    heard = {(one.episode, one.sequence) for one in got}
    yield from (f"{episode}/{sequence} was never heard of" for episode, sequence in sorted(told - heard))
    yield from (f"{episode}/{sequence} was heard of and never told" for episode, sequence in sorted(heard - told))


def _out_of_order(got: Sequence[Message]) -> Iterable[str]:
    """First arrivals by sequence; what comes again may come late."""
    newest, known = dict[str, int](), set[str]()
    for one in got:
        if one.webhook_id not in known and one.sequence < newest.get(one.episode, 0):
            yield f"{one.episode}/{one.sequence} came after {newest[one.episode]}"
        known.add(one.webhook_id)
        newest[one.episode] = max(one.sequence, newest.get(one.episode, 0))


def _changed(got: Sequence[Message]) -> Iterable[str]:
    """A step has one webhook-id, and a message that comes again is the same."""
    forms = defaultdict[tuple[str, int], set[tuple[str, str]]](set)
    for one in got:
        forms[one.episode, one.sequence].add((one.webhook_id, one.body))
    yield from (f"{episode}/{n} came in {len(found)} forms" for (episode, n), found in forms.items() if len(found) > 1)


def _deeds(steps: Sequence[Step], deeds: Iterable[Deed]) -> Iterable[str]:
    """What was answered 200 happened once, what was refused did not happen."""
    happened = Counter(name for step in steps for name in DEED.findall(step.reason))
    for deed in deeds:
        wanted = int(deed.status == 200)
        if happened[deed.name] != wanted:
            yield f"{deed.name} was answered {deed.status} and happened {happened[deed.name]} times"
