"""`ebbtide backtest` on a file, without a server."""

import json
from datetime import date, timedelta

from typer.testing import CliRunner

from deploy.local.cli import app

FIRST, DAYS, GONE = date(2026, 1, 5), 140, 100


def write(folder):
    """Four people of acme come on weekdays and stop on day GONE; those of five peers go on."""
    lines, accounts = ["time,account,user,behavior"], ["account,plan"]
    for i in range(6):
        accounts.append(f"acct-{i},pro")
        for day in range(DAYS):
            if day % 7 < 5 and (i or day < GONE):
                stamp = f"{FIRST + timedelta(days=day)}T10:00:00Z"
                lines += [f"{stamp},acct-{i},user-{i}-{j},report" for j in range(4)]
    lines.append("yesterday,acct-1,user-1-1,report")
    (folder / "events.csv").write_text("\n".join(lines))
    (folder / "accounts.csv").write_text("\n".join(accounts))
    decided = FIRST + timedelta(days=GONE + 60)
    (folder / "outcomes.csv").write_text(f"account,outcome,date\nacct-0,churned,{decided}\nacct-3,renewed,{decided}\n")


def test_it_tells_what_would_have_been_told(tmp_path):
    write(tmp_path)
    options = [part for name in ("events", "accounts", "outcomes") for part in (f"--{name}", f"{tmp_path}/{name}.csv")]
    result = CliRunner().invoke(app, ["backtest", *options, "--out", f"{tmp_path}/alerts.ndjson"])
    assert result.exit_code == 0, result.output
    alerts = [json.loads(line) for line in (tmp_path / "alerts.ndjson").read_text().splitlines()]
    mine = [alert for alert in alerts if alert.get("account")]
    assert {alert["account"] for alert in mine} == {"acct-0"}
    fired = date.fromisoformat(mine[0]["fired_at"][:10])
    assert GONE < (fired - FIRST).days <= GONE + 21
    assert mine[0]["evidence"]["window_to"] == str(fired)
    assert "Of 1 that were lost, 1 were flagged" in result.output
    assert "1 rows can't be read" in result.output


def test_a_file_without_events_says_so(tmp_path):
    (tmp_path / "events.csv").write_text("time,account,user,behavior\n")
    result = CliRunner().invoke(app, ["backtest", "--events", f"{tmp_path}/events.csv", "--out", f"{tmp_path}/out"])
    assert result.exit_code == 2
    assert not (tmp_path / "out").exists()
