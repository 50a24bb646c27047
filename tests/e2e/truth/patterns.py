"""What the sentences of each kind of alert look like: one pattern a kind, with every number and name as a part."""

import re

_DATE = r"\d{1,2} [A-Z][a-z]+ \d{4}"
_CHANGE = r"[\N{MINUS SIGN}+±]\d+ %"
_PEOPLE = r"(?:person|people)"
_COUNTED = (
    rf"in the (?P<span>\d+) days to (?P<to>{_DATE}) we saw (?P<seen>[\d,]+) user-days where (?P<due>[\d,]+) "
    rf"\((?P<low>[\d,]+) to (?P<high>[\d,]+)\) were expected(?: \((?P<change>{_CHANGE})\))?"
)
_SEEN = rf"{_COUNTED}, since (?P<since>{_DATE})"
_BESIDE = (
    rf"(?:changed by (?P<beside>{_CHANGE})"
    r"|did (?P<beside_seen>\d+) user-days in these days where (?P<beside_usual>\d+) were usual)"
)
_LIKE = (
    rf"(?:[Aa]ccounts like it \((?P<segment>[^()]+), (?P<peers>\d+) accounts?\) {_BESIDE}\."
    r"|[Tt](?P<alone>here is no account like it known for long enough to compare with)\.)"
)
_STILL = rf"(?P<still>\d+) of (?P<before>\d+)(?: {_PEOPLE})? still uses? (?P<what>\S+(?: product)?)"
_OTHERS = r"(?:, and (?P<others>\d+) others? came)?"

_PATTERNS = {
    "behavior.dropped": (rf"(?P<name>.+?): {_STILL}{_OTHERS}; {_SEEN}\. (?:(?P<gone>[^;]+) stopped; )?{_LIKE}"),
    "users.inactive": (
        rf"(?P<name>.+?): since (?P<since>{_DATE}) (?P<gone>[^;]+) stopped, who did (?P<share>\d+) % of its use; "
        rf"{_STILL}{_OTHERS}; {_COUNTED}\. {_LIKE}"
    ),
    "champion.silent": (
        rf"(?P<name>.+?): (?P<user>\S+), who came (?P<habit>[\d.]+) days a week and did (?P<share>\d+) % of its use, "
        rf"was last seen on (?P<last>{_DATE}); (?P<left>\d+) other {_PEOPLE} still uses? the product{_OTHERS}; "
        rf"{_COUNTED}\."
    ),
    "account.silent": (
        rf"(?P<name>.+?): no sign of life since (?P<last>{_DATE}), for (?P<silent>\d+) days, where one used to come "
        rf"about every (?P<gap>[\d.]+) days; such a silence is seen (?P<rare>(?:less than )?once in [\d.,]+) "
        rf"account-years\. {_LIKE}"
    ),
    "segment.dropped": (
        rf"(?:Segment (?P<segment>.+?)|(?P<everyone>All customers)): (?:(?P<below>\d+) of (?P<members>\d+) "
        rf"accounts do less than usual; )?{_SEEN}\.(?: The other segments {_BESIDE}\.)?"
    ),
    "release.disrupted": (
        rf"After release (?P<release>.+?) \((?P<on>{_DATE})\), (?P<below>\d+) of (?P<members>\d+) accounts? of "
        rf"(?:segment (?P<segment>.+?)|(?P<everyone>customers)) do less: (?P<a_week>\d+) user-days a week before, "
        rf"(?P<now_a_week>\d+) after; {_SEEN}\. (?:(?P<gone>[^;]+) stopped; )?"
        rf"(?:(?P<without>\d+) accounts? without it changed by (?P<beside>{_CHANGE})"
        r"|[Nn](?P<alone>o account is without it to compare with))\."
    ),
    "ingest.quiet": (
        rf"(?P<how>Next to no|Far fewer) (?:(?P<what>\S+) )?events come since (?P<since>{_DATE}): in the "
        rf"(?:day|(?P<span>\d+) days) to (?P<to>{_DATE}) we saw (?P<events>\d+) of about (?P<events_due>\d+) events, "
        r"from (?P<accounts>\d+) of about (?P<accounts_due>\d+) accounts a day\. "
        r"Data is missing, not customers: their alerts wait\."
    ),
    "behavior.not_adopted": (
        rf"(?P<name>.+?): (?P<people>\d+) {_PEOPLE} used the product in the (?P<span>\d+) days to (?P<to>{_DATE}), but "
        rf"(?P<what>\S+) was not taken up: declared are (?P<days>\d+) days? in (?P<week>\d+), by (?P<breadth>\d+) "
        rf"{_PEOPLE}, from (?P<from>{_DATE}) on \(day (?P<due_day>\d+) of the account's life\); we saw (?P<best>\d+) "
        rf"days? in the best (?P<best_of>\d+) of these days, and (?P<doing>\d+) {_PEOPLE}\."
    ),
}


def parse(kind: str, sentence: str) -> re.Match[str] | None:
    """The parts of a sentence of a kind; None where it is not what that kind says."""
    return re.fullmatch(_PATTERNS[kind], sentence)
