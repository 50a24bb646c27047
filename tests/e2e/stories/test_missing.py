"""What is missing is said once: of a segment, of a source; and it is taken back when it comes late after all."""

from collections.abc import Callable

import pytest

from tests.e2e.stories.cast import LIVE, PEOPLE, World, day_of, story, weekdays
from tests.e2e.stories.stage import Told

pytestmark = pytest.mark.timeout(900)  # whichever comes first waits for the play

Telling = Callable[[World], Told]
FALL = range(LIVE + 14, LIVE + 28)
OUTAGE = range(LIVE + 21, LIVE + 25)  # a Monday to its Thursday
UNSENT, SENT = range(LIVE + 7, LIVE + 35), LIVE + 35


@story("town")
def segment_falls(town: World) -> None:
    """For two weeks the starters' people hardly come; those of other plans do as ever."""
    for peer in town.peers(10, plan="starter", days=()):
        peer.comes(PEOPLE[:6], weekdays(but=FALL), chance=0.8)
        peer.comes(PEOPLE[:2], weekdays(FALL.start, FALL.stop), chance=0.4)


def test_a_segments_fall_is_one_alert(told: Telling) -> None:
    was = told(segment_falls)
    [alert] = [alert for alert in was.alerts if alert["account"] is None]
    assert (alert["kind"], alert["segment"], alert["state"]) == ("segment.dropped", "plan:starter", "resolved")
    assert FALL.start < day_of(alert["fired_at"]) < FALL.stop
    assert alert["sentence"].startswith("Segment plan starter: 10 of 10 accounts")
    assert [alert for i in range(10) for alert in was.of(f"starter-{i}")] == []


@story()
def source_stops(it: World) -> None:
    """From a Monday to a Thursday nothing comes of anyone; then events come again."""
    it.peers(9, days=weekdays(but=OUTAGE))


def test_a_source_that_stops_is_one_alert_and_no_customers(told: Telling) -> None:
    [alert] = told(source_stops).alerts
    assert (alert["kind"], alert["account"], alert["state"]) == ("ingest.quiet", None, "resolved")
    assert day_of(alert["fired_at"]) == OUTAGE.start
    assert OUTAGE.stop - 1 <= day_of(alert["resolved_at"]) <= OUTAGE.stop + 4  # after a weekend, which says little
    assert alert["sentence"].startswith("Next to no events come since 13 October 2025")
    assert alert["sentence"].endswith("Data is missing, not customers: their alerts wait.")


@story("town")
def late_data(town: World) -> None:
    """One customer's own collector is cut off for four weeks, then delivers all it has kept."""
    cut_off = town.account("cut-off")
    cut_off.comes(PEOPLE[:6], weekdays(but=UNSENT), chance=0.9)
    cut_off.comes(PEOPLE[:6], weekdays(UNSENT.start, UNSENT.stop), chance=0.9, sent=SENT)


def test_late_data_takes_an_alert_back(told: Telling) -> None:
    was = told(late_data)
    [alert] = was.of("cut-off")
    assert alert["id"] in {one["id"] for one in was.open_on[SENT - 2]}
    assert alert["id"] not in {one["id"] for one in was.open_on[max(was.open_on)]}
    first, *_, last = alert["transitions"]
    assert (first["transition"], last["transition"]) == ("fired", "retracted")
    assert last["reason"] == "late data undid what it claimed"
    assert {"alert.firing", "alert.retracted"} <= {message["event_type"] for message in alert["deliveries"]}


def test_of_everyone_else_in_town_nothing_is_told(told: Telling) -> None:
    subjects = {alert["account"]["id"] if alert["account"] else alert["segment"] for alert in told(late_data).alerts}
    assert subjects == {"plan:starter", "led", "fading", "quitters", "cut-off"}
