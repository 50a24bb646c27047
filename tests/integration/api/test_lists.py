"""Lists: every row once, in order, whatever the page's size, the filter, or what is added meanwhile."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.accounts import AccountRow
from schemas.database import facts

NOW = datetime(2026, 4, 15, tzinfo=UTC)


@pytest.fixture
def many(alpha: Any, seeder: Any) -> list[str]:
    """25 alerts, five at the same moment each, in turn firing, resolved, and of no account."""
    made = []
    with seeder.engine.begin() as connection:
        rows = [
            AccountRow(account=f"a{i:02}", traits={"name": f"Name {i % 3}", "arr": i % 7 * 1000}) for i in range(25)
        ]
        facts.put_accounts(connection, alpha.number, [*rows, AccountRow(account="bare")], NOW)
    for i in range(25):
        state = ("firing", "resolved")[i % 2]
        made.append(seeder.alert(alpha.number, "alpha", f"a{i:02}", NOW - timedelta(hours=i // 5), state))
    return made


def test_alerts_page_by_page_are_all_of_them_once(many: list[str], alpha: Any, walk: Any) -> None:
    for limit in (1, 7, 500):
        found = walk("/v1/alerts", limit)
        assert sorted(one["id"] for one in found) == sorted([*many, alpha.alert])
        key = [(one["fired_at"], one["id"]) for one in found]
        assert key == sorted(key, reverse=True)


def test_alert_filters(many: list[str], alpha: Any, walk: Any, call: Any) -> None:
    assert len(walk("/v1/alerts", 3, state="resolved")) == 12
    assert len(walk("/v1/alerts", 3, state="open")) == 14
    assert [one["account"]["id"] for one in walk("/v1/alerts", 3, account="a03")] == ["a03"]
    assert len(walk("/v1/alerts", 9, kind="behavior.dropped")) == 26
    assert walk("/v1/alerts", 9, kind="account.silent") == []
    assert walk("/v1/alerts", 9, origin="history") == []
    assert len(walk("/v1/alerts", 9, segment="arr:10k-50k")) == 26
    assert len(walk("/v1/alerts", 9, **{"from": "2026-04-14T21:00:00Z", "to": "2026-04-15T00:00:00Z"})) == 15
    assert len(walk("/v1/alerts", 9, q="alpha STI")) == 26
    assert walk("/v1/alerts", 9, q="nothing & | ! like this") == []
    assert call(alpha, "GET", "/v1/alerts", params={"account": "none"}).status_code == 404
    assert call(alpha, "GET", "/v1/alerts", params={"status": "open"}).status_code == 422


@pytest.mark.parametrize("sort", ["account", "name", "arr"])
def test_accounts_page_by_page(many: list[str], alpha: Any, walk: Any, sort: str) -> None:
    whole = [one["account"] for one in walk("/v1/accounts", 500, sort=sort)]
    assert len(set(whole)) == 27
    assert [one["account"] for one in walk("/v1/accounts", 4, sort=sort)] == whole


def test_account_filters(many: list[str], walk: Any) -> None:
    assert [one["account"] for one in walk("/v1/accounts", 5, plan="alpha-pro")] == ["alpha/acme"]
    assert [one["account"] for one in walk("/v1/accounts", 5, q="acm")] == ["alpha/acme"]
    assert len(walk("/v1/accounts", 5, q="name 1")) == 8
    opened = {one["account"]: one["open_alerts"] for one in walk("/v1/accounts", 5)}
    assert (opened["a00"], opened["a01"], opened["alpha/acme"]) == (1, 0, 1)


def test_a_wrong_cursor_is_said_to_be_wrong(alpha: Any, call: Any) -> None:
    for cursor in ("x", "W10", "WyIyMDI2Il0", "bnVsbA", "W251bGwsIDFd", "é"):
        assert call(alpha, "GET", "/v1/alerts", params={"cursor": cursor}).status_code == 422


def test_a_page_has_at_most_500_rows(alpha: Any, call: Any) -> None:
    for path in ("/v1/alerts", "/v1/accounts", "/v1/releases", "/v1/rejected"):
        assert call(alpha, "GET", path, params={"limit": 501}).status_code == 422
        assert call(alpha, "GET", path, params={"limit": 500}).status_code == 200
