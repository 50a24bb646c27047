"""Every error is a problem with a stable code, and says nothing of our inside."""

from typing import Any

import httpx
from fastapi import FastAPI

from schemas.clock import Clock
from schemas.database import engine as engines

WRONG: list[tuple[str, str, bytes, int, str]] = [
    ("GET", "/v1/nothing", b"", 404, "not_found"),
    ("DELETE", "/v1/alerts", b"", 405, "method_not_allowed"),
    ("GET", "/v1/alerts?limit=none", b"", 422, "invalid"),
    ("GET", "/v1/alerts/%00", b"", 400, "bad_request"),
    ("GET", "/v1/alerts?q=%00", b"", 400, "bad_request"),
    ("PUT", "/v1/accounts/a", b"{", 422, "invalid"),
    ("PUT", "/v1/accounts/a", b"[" * 10_000, 400, "bad_request"),
    ("PUT", "/v1/accounts/a", b'{"traits":{"x":NaN}}', 422, "invalid"),
    ("PUT", "/v1/accounts/a", b'{"traits":{"x":1e400}}', 422, "invalid"),
    ("PUT", "/v1/accounts/a", b'{"traits":{"x":"\\u0000"}}', 422, "invalid"),
    ("PUT", "/v1/accounts/a", b'{"traits":{"x":"\\ud800"}}', 422, "invalid"),
    ("PUT", "/v1/accounts/a", b'{"traits":{"x":' + b"9" * 4000 + b"}}", 422, "invalid"),
    ("PUT", "/v1/accounts/a", b'{"traits":{"x":"' + b"y" * 40_000 + b'"}}', 422, "invalid"),
    ("PUT", "/v1/accounts/a", b'{"traits":{},"other":1}', 422, "invalid"),
    ("PUT", "/v1/accounts/a", b"\xff\xfe", 422, "invalid"),
    ("PUT", "/v1/accounts/" + "a" * 300, b'{"traits":{}}', 422, "invalid"),
    ("POST", "/v1/accounts:import", b"{}", 422, "invalid"),
    ("POST", "/v1/accounts:import", b'[{"account":"a"},{"account":""}]', 422, "invalid"),
    ("POST", "/v1/accounts:import", b"[" * 100_000, 422, "invalid"),
    ("POST", "/v1/webhooks", b'{"url":"ftp://x/"}', 422, "invalid"),
    ("POST", "/v1/webhooks", b'{"url":"http://a:b@x/"}', 422, "invalid"),
    ("DELETE", "/v1/keys/99999999999999", b"", 422, "invalid"),
    ("POST", "/v1/rejected/1e5/replay", b"", 422, "invalid"),
]


def test_what_is_wrong_is_a_problem(alpha: Any, client: httpx.Client) -> None:
    for method, path, body, status, code in WRONG:
        headers = alpha.headers | {"content-type": "application/json"}
        answer = client.request(method, path, content=body, headers=headers)
        assert answer.headers["content-type"] == "application/problem+json"
        shown = answer.json()
        assert (answer.status_code, shown["status"], shown["code"]) == (status, status, code), (path, body[:60], shown)
        assert shown["title"]
        assert shown["detail"]
        assert shown["type"] == f"urn:ebbtide:problem:{code}"


def test_a_body_too_large_is_refused_with_and_without_its_length(alpha: Any, client: httpx.Client) -> None:
    large = b"x" * (33 * 1024 * 1024)
    for content in (large, (large[i : i + 1_000_000] for i in range(0, len(large), 1_000_000))):
        try:
            answer = client.post("/v1/accounts:import", content=content, headers=alpha.headers)
        except (httpx.WriteError, httpx.ReadError):
            continue  # the server may close before it has read what it refused
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_database_that_is_gone_is_503(alpha: Any, app: FastAPI, client: httpx.Client) -> None:
    assert client.get("/v1/status", headers=alpha.headers).status_code == 200
    services = app.state.services
    services.database.engine.dispose()
    services.database.engine = engines.create("postgresql://ebbtide@127.0.0.1:1/ebbtide", pool=1)
    answer = client.get("/v1/status", headers=alpha.headers)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["retry-after"]
    assert client.get("/readyz").status_code == 503
    assert client.get("/livez").status_code == 200


def test_what_nobody_foresaw_says_nothing_of_our_inside(alpha: Any, app: FastAPI, client: httpx.Client) -> None:
    class Broken(Clock):
        def now(self) -> int:
            raise RuntimeError("secret")

    app.state.services.clock = Broken()
    answer = client.get("/v1/calibration", headers=alpha.headers)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "secret" not in answer.text
