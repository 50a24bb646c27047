"""What a world is made of. Ranges are what product teams plausibly see; none is fitted to any file."""

from dataclasses import dataclass
from datetime import date

Range = tuple[float, float]

TYPES = ("abrupt30", "abrupt50", "gradual", "userloss", "silence", "champion")
COUNTRIES = ("US", "DE", "JP", "FR", "BR", "GB")


@dataclass(frozen=True)
class World:
    """The parameters of one world; rates are per year unless said otherwise, lengths are days."""

    start_date: date = date(2023, 9, 4)
    days: int = 540
    eval_from: int = 120
    warmup: int = 28

    accounts: int = 1370
    sizes: tuple[tuple[int, int, float], ...] = (  # seats from, to, share of the accounts
        (1, 1, 0.29),
        (2, 3, 0.29),
        (4, 10, 0.24),
        (11, 50, 0.145),
        (51, 200, 0.035),
    )
    segments: int = 12
    home: float = 0.85  # share of a segment's accounts in its own country
    new_accounts: float = 0.27  # share that starts after the first day
    onboarding: Range = (0.7, 1.9)  # activity on the first day, as a share of the settled one
    settling: float = 30.0

    user_days: float = 2.4  # median days a week on which a user is there
    users_differ: float = 0.8  # standard deviation of its logarithm
    champions: float = 0.3  # share of accounts that one person carries
    burstiness: float = 0.5  # 0: every week alike; 1: nothing between bursts
    burst_cycle: float = 16.0
    wobble: float = 0.18  # slow common swings of an account, as a standard deviation of the logarithm
    wobble_days: float = 25.0
    day_noise: float = 0.15  # an account's own good and bad days
    events_per_day: float = 1.0  # events of a user on a day on which it is there

    turnover: float = 0.25  # users that leave
    replaced: float = 0.85  # share of leavers with a successor (always, in accounts of up to three)
    handover: float = 12.0  # mean days until the successor starts
    ambiguous_share: float = 0.2  # from this share of an account's activity on, a gap is nobody's mistake to alert on
    ambiguous_days: int = 60
    growth: float = 0.12  # share of the seats that are filled during the period

    weekend: Range = (0.02, 0.35)  # a Saturday's or Sunday's activity, of a weekday's; one draw a segment
    vacations: float = 1.0  # scales summer, Christmas and single weeks
    holidays: bool = True
    season: float = 0.06  # amplitude of the yearly wave
    month_end: float = 0.04  # share of accounts that live for the last days of the month
    drift: float = 0.22  # an account's trend over a year, as a standard deviation of the logarithm

    pauses: float = 0.02  # whole accounts that stop and return: hard negatives
    pause_days: Range = (9, 26)
    outages: float = 2.5
    outage_left: float = 0.08  # what still arrives during one
    falls: float = 0.6  # segment-wide falls, for each segment
    fall_days: Range = (9, 32)
    fall_left: Range = (0.4, 0.65)

    drops: float = 0.6  # share of accounts that drop
    drop_shares: tuple[float, ...] = (0.2, 0.2, 0.17, 0.12, 0.18, 0.13)  # in the order of TYPES
