"""The pages: whatever customers are called, nothing of it runs; a session ends with its key."""

from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from sqlalchemy import update

from schemas.accounts import AccountRow
from schemas.database import facts, tables
from schemas.database.keys import create_key
from schemas.keys import Scope

NOW = datetime(2026, 4, 15, 12, 30, tzinfo=UTC)
HOSTILE = """<script>alert(1)</script>"'><img src=x onerror=alert(1)>{{ 7 * 7 }}\u202e\U0001f4a3"""


class Tags(HTMLParser):
    """Notes what a browser would see as elements."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.fixture
def visitor(alpha: Any, client: httpx.Client, sign_in: Any) -> httpx.Client:
    answer = sign_in(alpha.key)
    assert (answer.status_code, answer.headers["location"]) == (303, "/alerts")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert alpha.key.lower() not in cookie
    return client


@pytest.fixture
def hostile(alpha: Any, seeder: Any) -> str:
    with seeder.engine.begin() as connection:
        traits = {"name": HOSTILE, "stage": HOSTILE, "plan": HOSTILE, "csm": HOSTILE, "currency": HOSTILE, "arr": 5}
        traits |= {"region": {"a": [HOSTILE]}, HOSTILE: HOSTILE}
        facts.put_accounts(connection, alpha.number, [AccountRow(account=HOSTILE, traits=traits)], NOW)
    alert = str(seeder.alert(alpha.number, "alpha", HOSTILE, NOW - timedelta(days=1)))
    with seeder.engine.begin() as connection:
        gone = {"user": HOSTILE, "last_seen": HOSTILE, "days_a_week": 1, "probability_gone": 0.5}
        evidence = {"detector": HOSTILE, "users_gone": [gone], "users_still_active": [HOSTILE], "since": HOSTILE}
        changed = {"sentence": HOSTILE, "behavior": HOSTILE, "segment": HOSTILE, "evidence": evidence}
        connection.execute(update(tables.alerts).where(tables.alerts.c.episode == alert).values(changed))
        connection.execute(
            update(tables.transitions).where(tables.transitions.c.episode == alert).values(reason=HOSTILE)
        )
    return alert


def test_hostile_words_are_only_words(visitor: httpx.Client, hostile: str) -> None:
    for path in ("/alerts", f"/alerts/{hostile}", "/accounts", f"/accounts/{quote(HOSTILE, safe='')}"):
        answer = visitor.get(path, params={"q": ""} if path in ("/alerts", "/accounts") else None)
        assert answer.status_code == 200, answer.text
        assert "&lt;script&gt;alert(1)" in answer.text
        for tag, attributes in Tags(answer.text).found:
            assert tag not in ("img", "iframe", "object")
            assert tag != "script" or str(attributes.get("src")).startswith("/static/")
            assert not [name for name in attributes if name.startswith("on") or name == "style"]
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy


def test_hostile_questions_are_only_words(visitor: httpx.Client) -> None:
    page = visitor.get("/alerts", params={"q": HOSTILE, "state": "open"})
    assert page.status_code == 200
    assert "<img" not in page.text
    missing = visitor.get("/alerts/<script>", headers={"accept": "text/html"})
    assert missing.status_code == 404
    assert "<script>" not in missing.text.replace('<script src="/static', "")


def test_one_alert_shows_what_it_rests_on(visitor: httpx.Client, alpha: Any, seeder: Any) -> None:
    for day in range(40):
        people = [1, 2, 3, 4, 5, 6] if day > 10 else [1]
        seeder.window(alpha, NOW.replace(minute=0) - timedelta(days=day), 6, people, behavior=1)
    page = visitor.get(f"/alerts/{alpha.alert}").text
    for shown in ("Who stopped", "alpha-bob", "Still active: alpha-ada", "6 → 1", "21 to 38", 'class="band"', "since"):
        assert shown in page
    assert page.count('<rect class="day') == 40
    assert page.count('<rect class="day after"') == 12


def test_one_account_shows_its_people(visitor: httpx.Client, alpha: Any, seeder: Any) -> None:
    seeder.window(alpha, NOW.replace(minute=0), 3, [1, 2])
    page = visitor.get("/accounts/alpha/acme").text
    assert "Wed 15 April 2026: 2 people" in page
    assert "alpha Acme" in page


def test_lists_go_on_to_older_ones(visitor: httpx.Client, alpha: Any, seeder: Any) -> None:
    for i in range(60):
        seeder.alert(alpha.number, "alpha", "alpha/acme", NOW - timedelta(days=10, minutes=i))
    first = visitor.get("/alerts")
    assert first.text.count("<tr class=") == 50
    older = first.text.partition('<p class="more"><a href="')[2].partition('"')[0]
    assert visitor.get(f"/alerts{older}").text.count("<tr class=") == 11


def test_who_is_not_signed_in_is_asked_for_a_key(client: httpx.Client, alpha: Any, sign_in: Any) -> None:
    answer = client.get("/accounts?q=x")
    assert answer.headers["location"] == "/login?then=%2Faccounts%3Fq%3Dx"
    assert client.get(answer.headers["location"]).status_code == 200
    assert sign_in("ebb_wrong").status_code == 401
    for then in ("//evil.example", "https://evil.example", "/\\evil.example"):
        answer = sign_in(alpha.key, then)
        assert answer.headers["location"] == "/alerts"


def test_no_link_signs_anybody_in(client: httpx.Client, alpha: Any) -> None:
    for path in ("/", "/login", "/alerts"):
        answer = client.get(path, params={"key": alpha.key}, follow_redirects=True)
        assert answer.url.path == "/login"
        assert alpha.key not in answer.text.partition('name="then"')[0]
    assert "ebbtide_session" not in client.cookies


def test_a_form_that_another_site_sends_does_nothing(
    client: httpx.Client, alpha: Any, sign_in: Any, token: Any
) -> None:
    for sent in (
        {},
        {"token": ""},
        {"token": "é"},
        {"token": "0" * 64},
        {"token": token("/login")},
    ):
        client.cookies.clear()  # as SameSite=Strict has it; with the last of them, whoever got a token elsewhere
        answer = client.post("/login", data={"key": alpha.key, "then": "/alerts", **sent})
        assert (answer.status_code, "ebbtide_session" in client.cookies) == (403, False)
    assert sign_in(alpha.key).status_code == 303
    assert client.post("/logout").status_code == 403  # though a browser sent its cookie
    assert client.get("/alerts").status_code == 200


def test_every_form_of_a_page_carries_its_token(visitor: httpx.Client, alpha: Any) -> None:
    for path in ("/login", "/alerts", f"/alerts/{alpha.alert}", "/accounts", "/accounts/alpha/acme", "/calibration",
                 "/webhooks", f"/webhooks/{alpha.endpoint}"):  # fmt: skip
        forms = [
            form for form in visitor.get(path).text.split("<form")[1:] if 'method="post"' in form.partition(">")[0]
        ]
        assert forms
        assert all('name="token"' in form.partition("</form>")[0] for form in forms), path


def test_a_revoked_key_signs_out(client: httpx.Client, alpha: Any, call: Any, sign_in: Any) -> None:
    assert sign_in(alpha.key).headers["location"] == "/alerts"
    assert client.get("/alerts").status_code == 200
    call(alpha, "DELETE", f"/v1/keys/{alpha.key_id}")
    assert client.get("/alerts").status_code == 303


def test_a_forged_session_is_none(client: httpx.Client, alpha: Any) -> None:
    for word in ("", "1", f"{alpha.key_id}.99999999999999.00", "é.é.é", "1.x.y"):
        client.cookies.set("ebbtide_session", word) if word.isascii() else None
        assert client.get("/alerts").status_code == 303


def test_signing_out_ends_the_session(visitor: httpx.Client, token: Any) -> None:
    assert visitor.get("/alerts").status_code == 200
    visitor.post("/logout", data={"token": token("/alerts")})
    assert visitor.get("/alerts").status_code == 303


def test_every_asset_comes_from_here(client: httpx.Client) -> None:
    for path in ("/docs", "/login"):
        page = client.get(path)
        for tag, attributes in Tags(page.text).found:
            asset = attributes.get("src") or (attributes.get("href") if tag == "link" else None)
            if asset:
                assert client.get(asset).status_code == 200
                assert asset.startswith("/static/")


def test_an_alert_is_acted_on_from_its_page(visitor: httpx.Client, alpha: Any, send_form: Any) -> None:
    page = f"/alerts/{alpha.alert}"
    for action, said in {
        "acknowledge": {"note": HOSTILE},
        "snooze": {"until": "2026-05-04"},
        "assign": {"assignee": HOSTILE},
        "verdict": {"verdict": "known", "note": "they said so"},
    }.items():
        answer = send_form(f"{page}/{action}", **said)
        assert (answer.status_code, answer.headers["location"]) == (303, page)
    shown = visitor.get(page).text
    for words in ("Snoozed until 4 May 2026", "In the hands of &lt;script&gt;", "judged known: they said so", "Reopen"):
        assert words in shown
    assert send_form(f"{page}/explode").status_code == 404
    assert send_form(f"{page}/snooze", until="soon").status_code == 422


def test_silences_are_made_and_ended_on_their_page(visitor: httpx.Client, alpha: Any, send_form: Any) -> None:
    made = {"matchers": 'csm="alpha-csm"', "days": "7", "comment": HOSTILE}
    assert send_form("/silences", **made).status_code == 303
    assert "nobody is notified" in visitor.get(f"/alerts/{alpha.alert}").text
    page = visitor.get("/silences").text
    assert "csm=&#34;alpha-csm&#34;" in page
    silence = page.partition('action="/silences/sil_')[2].partition("/end")[0]
    assert send_form(f"/silences/sil_{silence}/end").status_code == 303
    assert "nobody is notified" not in visitor.get(f"/alerts/{alpha.alert}").text
    for wrong in ({"matchers": "csm"}, {"days": "0"}, {"comment": ""}):
        assert send_form("/silences", **made | wrong).status_code == 422


def test_a_webhook_is_tested_and_disabled_on_its_page(visitor: httpx.Client, alpha: Any, send_form: Any) -> None:
    page = f"/webhooks/{alpha.endpoint}"
    assert page in visitor.get("/webhooks").text
    assert "Send a test" in visitor.get(page).text
    answer = send_form(f"{page}/test")
    assert (answer.status_code, answer.headers["location"]) == (303, page)
    assert "1 waiting" in visitor.get(page).text
    assert send_form(f"{page}/disable").status_code == 303
    shown = visitor.get(page).text
    assert "Enable" in shown
    assert "Send a test" not in shown
    assert send_form(f"{page}/test").status_code == 409
    assert send_form(f"{page}/enable").status_code == 303
    assert send_form(f"{page}/replay").status_code == 303
    assert send_form(f"{page}/explode").status_code == 404


def test_who_may_only_read_sees_no_buttons(
    client: httpx.Client, alpha: Any, seeder: Any, sign_in: Any, send_form: Any
) -> None:
    secret = create_key(seeder.engine, alpha.number, [Scope.READ])
    sign_in(secret)
    assert "Acknowledge" not in client.get(f"/alerts/{alpha.alert}").text
    assert send_form(f"/alerts/{alpha.alert}/acknowledge").status_code == 403
