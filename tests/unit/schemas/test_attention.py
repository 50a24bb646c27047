"""When CSMs may be notified, what an alert's priority is made of, and what a digest says."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from schemas.attention import Manager
from schemas.digests import Line, as_html, as_text, digest
from schemas.priorities import Record, Stakes, priority

MONDAY = datetime(2026, 3, 9, 7, 0, tzinfo=UTC)
moments = st.integers(0, 366 * 24 * 60).map(lambda minutes: MONDAY + timedelta(minutes=minutes))
clocks = st.times().map(lambda at: at.strftime("%H:%M"))
zones = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"])


def local(manager, moment):
    return moment.astimezone(ZoneInfo(manager.time_zone))


@given(moments, zones, clocks, clocks, st.sets(st.integers(0, 6), min_size=1))
def test_nobody_is_notified_at_night_or_on_a_day_off_and_everybody_within_a_week(now, zone, begin, end, days):
    kim = Manager(csm="kim", time_zone=zone, quiet_from=begin, quiet_to=end, working_days=tuple(days))
    then = kim.next_open(now)
    assert now <= then <= now + timedelta(days=8)
    at = local(kim, then)
    assert at.weekday() in days
    if begin < end:
        assert not begin <= at.strftime("%H:%M") < end
    assert kim.next_open(then) == then


def test_at_work_there_is_nothing_to_wait_for():
    kim = Manager(csm="kim", quiet_from="18:00", quiet_to="07:00")
    assert kim.next_open(MONDAY) == MONDAY
    assert kim.next_open(MONDAY - timedelta(minutes=1)) == MONDAY
    assert kim.next_open(datetime(2026, 3, 6, 18, 0, tzinfo=UTC)) == MONDAY


def test_a_digest_is_due_on_monday_morning_where_the_csm_is():
    berlin = Manager(csm="kim", time_zone="Europe/Berlin")
    assert berlin.digest_due(MONDAY) == datetime(2026, 3, 9, 6, 0, tzinfo=UTC)
    assert berlin.digest_due(MONDAY - timedelta(hours=2)) == datetime(2026, 3, 2, 6, 0, tzinfo=UTC)


def test_what_is_not_known_is_assumed_and_says_so():
    nothing = priority(Stakes(), {}, Record())
    assert [part.assumed for part in nothing.parts] == [True, True, True]
    typical = priority(Stakes(typical_arr=5_000), {"ratio": 0.5}, Record())
    assert typical.parts[0].source == "unknown: the median of the accounts whose ARR is known"


@given(st.floats(0, 1e9), st.floats(0, 2), st.integers(-100, 900), st.integers(0, 50), st.integers(0, 50))
def test_more_at_stake_more_gone_and_less_time_are_never_less_urgent(arr, ratio, days, right, wrong):
    one = priority(Stakes(arr=arr, deadline_days=days), {"ratio": ratio}, Record(right, wrong))
    assert priority(Stakes(arr=2 * arr, deadline_days=days), {"ratio": ratio}, Record(right, wrong)).value >= one.value
    assert priority(Stakes(arr=arr, deadline_days=days), {"ratio": ratio / 2}, Record(right, wrong)).value >= one.value
    assert priority(Stakes(arr=arr, deadline_days=days), {"ratio": ratio}, Record(right + 1, wrong)).value >= one.value
    if days > 0:
        sooner = Stakes(arr=arr, deadline_days=days // 2)
        assert priority(sooner, {"ratio": ratio}, Record(right, wrong)).value >= one.value


def line(number, **more):
    known = {"id": str(number), "kind": "account.silent", "state": "firing", "account": f"a{number}", "name": "Acme",
             "arr": 5.0, "currency": "EUR", "sentence": "Acme: <b>quiet</b>", "next_step": "Call Bob.",
             "priority": float(number), "fired_at": MONDAY - timedelta(days=3), "resolved_at": None,
             "worsened": False, "deferred": False}  # fmt: skip
    return Line(**known | more)


def test_a_digest_ranks_by_priority_and_says_how_much_it_leaves_out():
    week = MONDAY - timedelta(days=7), MONDAY
    over = line(999, state="resolved", resolved_at=MONDAY - timedelta(days=1))
    found = digest("kim", week, [over, *map(line, range(70))], 90, 0.875)
    assert [one.id for one in found.call_first] == ["69", "68", "67", "66", "65"]
    assert (len(found.new), found.counts["new"], found.counts["open"]) == (50, 71, 70)
    text, page = as_text(found), as_html(found)
    assert "kim: the week to 9 March 2026" in text
    assert "70 open, 71 new, 0 worse, 1 resolved, among 90 accounts" in text
    assert "and 21 more" in text
    assert "88%" in text
    assert "<b>quiet</b>" not in page
    assert "&lt;b&gt;quiet" in page


def test_a_quiet_week_is_said_too():
    found = digest("kim", (MONDAY - timedelta(days=7), MONDAY), [], 12, None)
    assert "A quiet week for 12 accounts. Share of their ARR that is judged: unknown." in as_text(found)
