"""Puts the demo on: the stack, the made-up company's past, then its days, and what the alerts make of them."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from deploy.local.api import Api
from deploy.local.demo.activity import World, start_of
from deploy.local.demo.company import PRESENT, ordinary_customers
from deploy.local.demo.facts import facts_of, rows_of
from deploy.local.demo.player import Player, history
from deploy.local.demo.receiver import Receiver
from deploy.local.demo.state import Scene
from deploy.local.demo.stories import BEHAVIORS_YAML, cast, dip_segment
from deploy.local.demo.theater import Company, Theater
from deploy.local.demo.view import View
from deploy.local.importing.collector import Collector
from deploy.local.importing.journal import Journal
from deploy.local.importing.payloads import to_payloads, to_requests
from deploy.local.importing.run import send_all
from deploy.local.importing.settling import unevaluated_from
from deploy.local.stack import Options, Stack
from schemas.clock import DAY_MS, HOUR_MS, Clock, ClockFile, wall_ms, write_clock

CUSTOMERS = 110
DAY_SECONDS = 4.0
_DAWN = start_of(PRESENT) + 4 * HOUR_MS  # the present begins before anybody works
_IMPORT_ID = "demo-history"
_LOOK = 0.5
_PLAY = 0.1
_HISTORY_PATIENCE = 45.0

Over = Callable[[], bool]


class Abandoned(Exception):  # noqa: N818 - no error: the person has seen enough
    """The demo ends while its past is still being imported."""


def invent(seed: int) -> Company:
    """The company of a seed."""
    actors, stories = cast(seed)
    others = ordinary_customers(seed, CUSTOMERS)
    dip_segment(others)
    world = World(seed, [*actors, *others])
    return Company(world, stories, list(to_requests(to_payloads(history(world)))))


def play(seed: int, seconds: float | None, view: View) -> Scene | None:
    """Plays until `seconds` are over (None: for ever) and returns the last moment; an exception tidies up as well."""
    ends = None if seconds is None else time.monotonic() + seconds

    def over() -> bool:
        return ends is not None and time.monotonic() > ends

    with ExitStack() as stage:
        home = stage.enter_context(_folder())
        clock = home / "clock.json"
        write_clock(clock, ClockFile(wall_ms(), _DAWN, 1.0))
        company = stage.enter_context(ThreadPoolExecutor(1, "inventor")).submit(invent, seed)
        receiver = stage.enter_context(Receiver())
        declared = home / "behaviors.yaml"
        declared.write_text(BEHAVIORS_YAML)
        settings = {"EBBTIDE_CLOCK_FILE": str(clock), "EBBTIDE_BEHAVIORS": str(declared)}
        stack = stage.enter_context(Stack(home, Options(durable=False), settings, view.say))
        api = stage.enter_context(Api(stack.url("api"), stack.api_key))
        theater = Theater(company.result(), api, receiver, Clock(clock), view, _addresses(stack))
        receiver.secret = api.post("/v1/webhooks", {"url": receiver.url})["secret"]
        api.put_accounts(row for customer in theater.company.world.customers for row in rows_of(customer))
        _play_history(theater, stack, home, over)
        _play_live(theater, stack, clock, over)
        return theater.scene


def _addresses(stack: Stack) -> dict[str, str]:
    known = stack.addresses
    return {"page": f"{known['webpage']}login#key={stack.api_key}", "docs": known["docs"], "key": stack.api_key}


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="ebbtide-demo-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _play_history(theater: Theater, stack: Stack, home: Path, over: Over) -> None:
    """Imports the past, then waits until it is evaluated (not for ever: the days go on meanwhile)."""
    with ThreadPoolExecutor(2, "past") as past:
        told = [past.submit(_import, theater, stack, home), past.submit(_tell, theater, stack)]
        try:
            while not all(one.done() for one in told):
                theater.look("importing fourteen months")
                time.sleep(_LOOK)
        except BaseException:
            theater.abandoned.set()
            raise
        for one in told:
            one.result()
    _await_evaluation(theater, over)


def _tell(theater: Theater, stack: Stack) -> None:
    """What the company's own systems know: contracts, decisions, complaints."""
    with Api(stack.url("api"), stack.api_key) as api:
        for fact in (fact for customer in theater.company.world.customers for fact in facts_of(customer)):
            if not theater.abandoned.is_set():
                api.post(f"/v1/accounts/{fact.account}/{fact.collection}", fact.body)


def _await_evaluation(theater: Theater, over: Over) -> None:
    patience = time.monotonic() + _HISTORY_PATIENCE
    evaluating = False
    while not over() and time.monotonic() < patience:
        status = theater.look("evaluating history")
        waiting = unevaluated_from(status) is not None
        if evaluating and not waiting:
            return
        evaluating = evaluating or waiting
        time.sleep(_LOOK)


def _import(theater: Theater, stack: Stack, home: Path) -> None:
    def seen(rows: int) -> None:
        theater.imported += rows
        if theater.abandoned.is_set():
            raise Abandoned

    with Collector(stack.url("collector"), stack.write_key, _IMPORT_ID, patience=30) as collector:
        send_all(theater.company.past, collector, Journal(home / "imports" / "demo.json"), seen)
        collector.close_import()


def _play_live(theater: Theater, stack: Stack, clock: Path, over: Over) -> None:
    """Lets days pass in seconds."""
    now = Clock(clock).now()
    write_clock(clock, ClockFile(wall_ms(), now, DAY_MS / 1000 / DAY_SECONDS))
    watch, next_look = Clock(clock), 0.0
    with closing(Player(theater.company.world, stack.url("collector"), stack.write_key, now)) as player:
        while not over():
            player.play(watch.now())
            theater.sent = player.sent
            if time.monotonic() >= next_look:
                theater.look("live")
                next_look = time.monotonic() + _LOOK
            time.sleep(_PLAY)
