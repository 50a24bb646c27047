"""No route shows or changes what belongs to another workspace; a new route that is not tried here fails the suite."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from sqlalchemy import select

from schemas.database import tables
from schemas.database.keys import create_key
from schemas.keys import Scope

AT = "2026-03-01T00:00:00Z"

# What beta sends to each route with alpha's ids in the path, and the statuses that are right for it.
TRIED: dict[tuple[str, str], tuple[dict[str, Any] | list[Any] | None, set[int]]] = {
    ("GET", "/v1/alerts"): (None, {200}),
    ("GET", "/v1/alerts/{alert}"): (None, {404}),
    **{("POST", f"/v1/alerts/{{alert}}/{act}"): ({}, {404}) for act in ("acknowledge", "snooze", "resolve", "reopen")},
    ("POST", "/v1/alerts/{alert}/assign"): ({"assignee": "ada"}, {404}),
    ("POST", "/v1/alerts/{alert}/verdict"): ({"verdict": "true"}, {404}),
    ("POST", "/v1/alerts:bulk"): ({"action": "acknowledge", "alerts": ["{alert}"]}, {200}),
    ("GET", "/v1/silences"): (None, {200}),
    ("POST", "/v1/silences"): (
        {"matchers": [{"name": "csm", "value": "x"}], "ends_at": "2100-01-01T00:00:00Z", "comment": "c"},
        {201},
    ),
    ("GET", "/v1/silences/{silence}"): (None, {404}),
    ("DELETE", "/v1/silences/{silence}"): (None, {404}),
    ("GET", "/v1/csms"): (None, {200}),
    ("PUT", "/v1/csms/{csm}"): ({"weekly_budget": 3}, {200}),  # makes beta's own of the same name
    ("GET", "/v1/digests"): (None, {200}),
    ("GET", "/v1/digests/{csm}"): (None, {404}),
    ("GET", "/v1/rules"): (None, {200}),
    ("POST", "/v1/rules/{kind}/tuning"): ({"factor": 0.5}, {200}),
    ("DELETE", "/v1/rules/{kind}/tuning"): (None, {200}),
    ("GET", "/v1/changes"): (None, {200}),
    ("GET", "/v1/tasks"): (None, {200}),
    ("POST", "/v1/tasks"): ({"title": "t", "alert": "{alert}"}, {404}),
    ("GET", "/v1/tasks/{task}"): (None, {404}),
    ("PATCH", "/v1/tasks/{task}"): ({"assignee": "ada"}, {404}),
    ("POST", "/v1/tasks/{task}/close"): ({}, {404}),
    ("GET", "/v1/saves"): (None, {200}),
    ("GET", "/v1/accounts"): (None, {200}),
    ("GET", "/v1/accounts/{account}"): (None, {404}),
    ("PUT", "/v1/accounts/{account}"): ({"traits": {"name": "taken"}}, {200}),  # makes beta's own of the same id
    ("POST", "/v1/accounts:import"): ([{"account": "{account}", "name": "taken"}], {200}),
    ("GET", "/v1/accounts/{account}/windows"): (None, {404}),
    ("POST", "/v1/accounts/{account}/subscriptions"): ({"subscription": "s", "term_start": AT}, {404}),
    ("POST", "/v1/accounts/{account}/outcomes"): ({"outcome": "renewed", "decided_at": AT}, {404}),
    ("POST", "/v1/accounts/{account}/goals"): (
        {"goal": "g", "unit": "h", "direction": "up", "baseline": 1, "target": 2, "starts_at": AT, "ends_at": AT},
        {404},
    ),
    ("POST", "/v1/accounts/{account}/goals/{goal}/points"): ({"level": 1}, {404}),
    ("POST", "/v1/accounts/{account}/signals"): ({"id": "1", "signal": "call", "direction": "inbound"}, {404}),
    ("PUT", "/v1/users/{user}"): ({"side": "vendor"}, {200}),  # makes beta's own of the same id
    ("GET", "/v1/users/{user}/identities"): (None, {404}),
    ("POST", "/v1/users/{user}/identities"): ({"previous": "anyone"}, {404}),
    ("DELETE", "/v1/users/{user}/identities/{previous}"): (None, {404}),
    ("POST", "/v1/users/{user}/erase"): (None, {200}),  # erases beta's own of the same id
    ("GET", "/v1/erasures"): (None, {200}),
    ("GET", "/v1/segments"): (None, {200}),
    ("GET", "/v1/calibration"): (None, {200}),
    ("GET", "/v1/behaviors"): (None, {200}),
    ("PUT", "/v1/behaviors/{behavior}"): ({"events": ["x"]}, {200}),  # makes beta's own of the same name
    ("DELETE", "/v1/behaviors/{behavior}"): (None, {404}),
    ("GET", "/v1/releases"): (None, {200}),
    ("POST", "/v1/releases"): ({"release": "v1"}, {201}),
    ("GET", "/v1/status"): (None, {200}),
    ("GET", "/v1/webhooks"): (None, {200}),
    ("GET", "/v1/webhooks/event-types"): (None, {200}),
    ("POST", "/v1/webhooks"): ({"url": "https://example.com/"}, {201}),
    ("PATCH", "/v1/webhooks/{endpoint}"): ({"state": "disabled"}, {404}),
    ("DELETE", "/v1/webhooks/{endpoint}"): (None, {404}),
    ("GET", "/v1/webhooks/{endpoint}"): (None, {404}),
    ("POST", "/v1/webhooks/{endpoint}/rotate"): (None, {404}),
    ("POST", "/v1/webhooks/{endpoint}/test"): (None, {404}),
    ("POST", "/v1/webhooks/{endpoint}/replay"): ({"failed": False}, {404}),
    ("GET", "/v1/webhooks/{endpoint}/attempts"): (None, {404}),
    ("GET", "/v1/keys"): (None, {200}),
    ("POST", "/v1/keys"): ({"name": "k", "scopes": ["read"]}, {201}),
    ("POST", "/v1/keys/{key}/rotate"): ({}, {404}),
    ("DELETE", "/v1/keys/{key}"): (None, {404}),
    ("GET", "/v1/rejected"): (None, {200}),
    ("POST", "/v1/rejected/{number}/replay"): (None, {404}),
}
PAGES: dict[str, int] = {
    "/alerts": 200,
    "/alerts/{alert}": 404,
    "/silences": 200,
    "/digests": 200,
    "/rules": 200,
    "/digests/{csm}": 404,
    "/accounts": 200,
    "/accounts/{account}": 404,
    "/calibration": 200,
    "/webhooks": 200,
    "/webhooks/{endpoint}": 404,
}
CHANGES = {
    "/alerts/{alert}/{action}", "/silences/{silence}/end", "/rules/{kind}/tune", "/rules/{kind}/untune",
    "/tasks", "/tasks/{task}/close", "/webhooks/{endpoint}/{what}",
}  # fmt: skip
OPEN = {"/", "/login", "/logout", "/docs", "/livez", "/readyz", "/metrics", "/openapi.json", "/static"}


def _of(seeded: Any) -> dict[str, str]:
    return {
        "{alert}": seeded.alert, "{account}": seeded.account, "{user}": seeded.user, "{previous}": seeded.user,
        "{goal}": "g", "{behavior}": seeded.behavior, "{endpoint}": seeded.endpoint, "{key}": str(seeded.key_id),
        "{number}": str(seeded.rejected), "{silence}": seeded.silence, "{kind}": "account.silent",
        "{csm}": f"{seeded.name}-csm", "{task}": f"tsk_{seeded.name}",
    }  # fmt: skip


def _filled(path: str, seeded: Any) -> str:
    path = path.replace("/v1/changes", "/v1/changes?seconds=0.1")  # it would go on
    for name, value in _of(seeded).items():
        path = path.replace(name, quote(value, safe=""))
    return path


def test_every_route_is_tried(app: FastAPI) -> None:
    known = {(method.upper(), path) for path, methods in app.openapi()["paths"].items() for method in methods}
    assert known == TRIED.keys()


def test_every_other_path_is_a_page_or_open_to_all(app: FastAPI) -> None:
    shown = set(app.openapi()["paths"])
    for context in iter_route_contexts(app.routes):
        path = context.path.replace(":path", "")
        assert path in shown | PAGES.keys() | CHANGES | OPEN, f"{path} is tried by no isolation test"


@pytest.mark.parametrize(("method", "path"), TRIED, ids=map(" ".join, TRIED))
def test_beta_neither_sees_nor_changes_alpha(
    method: str, path: str, alpha: Any, beta: Any, call: Callable[..., Any], seeder: Any
) -> None:
    body, right = TRIED[method, path]
    before = _rows(seeder, alpha.number)
    if isinstance(body, list):
        body = [{**row, "account": alpha.account} for row in body]
    answer = call(beta, method, _filled(path, alpha), json=body)
    assert answer.status_code in right, answer.text
    shown = answer.text
    for sent in (alpha.account, alpha.user, alpha.endpoint, alpha.behavior, alpha.silence, "alpha-csm", "tsk_alpha"):
        shown = shown.replace(sent, "")
    assert "alpha" not in shown
    assert _rows(seeder, alpha.number) == before


def _rows(seeder: Any, workspace: int) -> dict[str, list[Any]]:
    found = {}
    with seeder.engine.connect() as connection:
        for name, table in tables.metadata.tables.items():
            if "workspace" in table.c:
                rows = connection.execute(select(table).where(table.c.workspace == workspace)).all()
                found[name] = sorted(str(row) for row in rows)
    return found


def test_pages_show_only_the_visitors_workspace(alpha: Any, beta: Any, client: httpx.Client, sign_in: Any) -> None:
    assert sign_in(beta.key).status_code == 303
    for path, status in PAGES.items():
        answer = client.get(_filled(path, alpha))
        assert answer.status_code == status
        asked = (alpha.account, "alpha-csm", alpha.endpoint)
        assert not any("alpha" in part for part in re.split("|".join(map(re.escape, asked)), answer.text))


def test_without_a_valid_key_there_is_nothing(alpha: Any, client: httpx.Client) -> None:
    for (method, path), (body, _) in TRIED.items():
        for headers in ({}, {"Authorization": "Bearer ebb_wrong"}, {"Authorization": "Basic YTpi"}):
            answer = client.request(method, _filled(path, alpha), headers=headers, json=body)
            assert answer.status_code == 401
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["www-authenticate"] == "Bearer"


def test_a_key_without_the_scope_may_not(alpha: Any, seeder: Any, client: httpx.Client) -> None:
    secret = create_key(seeder.engine, alpha.number, [Scope.INGEST])
    for (method, path), (body, _) in TRIED.items():
        headers = {"Authorization": f"Bearer {secret}"}
        answer = client.request(method, _filled(path, alpha), headers=headers, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_forms_change_only_the_visitors_workspace(
    alpha: Any, beta: Any, seeder: Any, sign_in: Any, send_form: Any
) -> None:
    sign_in(beta.key)
    before = _rows(seeder, alpha.number)
    for path in (
        "/alerts/{alert}/resolve",
        "/silences/{silence}/end",
        "/tasks/{task}/close",
        "/webhooks/{endpoint}/test",
    ):
        assert send_form(_filled(path, alpha)).status_code == 404
    assert _rows(seeder, alpha.number) == before
