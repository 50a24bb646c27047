"""When a customer-success manager may be notified, and how often: working hours in their time zone, a weekly budget.

>>> kim = Manager(csm="kim", time_zone="Europe/Berlin", quiet_from="18:00", quiet_to="08:00")
>>> friday_evening = datetime(2026, 3, 6, 19, 0, tzinfo=UTC)
>>> kim.next_open(friday_evening).isoformat()
'2026-03-09T07:00:00+00:00'
"""

from datetime import UTC, datetime, time, timedelta

import msgspec

from schemas.days import zone

WEEKDAYS = (0, 1, 2, 3, 4)
_DIGEST_AT = time(7)  # on Mondays


class Manager(msgspec.Struct, frozen=True, kw_only=True):
    """What a CSM wants; without quiet hours they are notified at any time of a working day.

    `working_days` count from Monday, 0. `weekly_budget`: how many alerts a
    week (from Monday on) are notified one by one; the rest wait for the digest. None: all.
    """

    csm: str
    time_zone: str = "UTC"
    working_days: tuple[int, ...] = WEEKDAYS
    quiet_from: str | None = None
    quiet_to: str | None = None
    weekly_budget: int | None = None

    def next_open(self, now: datetime) -> datetime:
        """The first moment from `now` on at which they may be notified, in UTC."""
        local = now.astimezone(zone(self.time_zone))
        begin, end = _clock(self.quiet_from), _clock(self.quiet_to)
        edges = [at for at in (time(0), end) if at is not None]
        moments = [local] + [
            datetime.combine(local.date() + timedelta(days=ahead), at, local.tzinfo)
            for ahead in range(9)
            for at in edges
        ]
        fine = (one for one in sorted(moments) if one >= local and self._works(one, begin, end))
        return next(fine, local).astimezone(UTC)

    def _works(self, local: datetime, begin: time | None, end: time | None) -> bool:
        if local.weekday() not in self.working_days:
            return False
        if begin is None or end is None or begin == end:
            return True
        at = local.time()
        quiet = begin <= at < end if begin < end else at >= begin or at < end
        return not quiet

    def week_of(self, now: datetime) -> datetime:
        """The beginning of the local week that goes on at `now`: Monday's midnight, in UTC."""
        local = now.astimezone(zone(self.time_zone))
        monday = local.date() - timedelta(days=local.weekday())
        return datetime.combine(monday, time(0), zone(self.time_zone)).astimezone(UTC)

    def digest_due(self, now: datetime) -> datetime:
        """The Monday morning (7 o'clock, local) of the newest digest that is due at `now`, in UTC."""
        local = now.astimezone(zone(self.time_zone))
        monday = datetime.combine(local.date() - timedelta(days=local.weekday()), _DIGEST_AT, local.tzinfo)
        return (monday if monday <= local else monday - timedelta(days=7)).astimezone(UTC)


def _clock(said: str | None) -> time | None:
    return None if said is None else time.fromisoformat(said)
