from pathlib import Path

import pytest

from api.settings import Settings
from schemas.errors import SettingsError

SECRET = "s3cret-s3cret-s3cret"


def test_a_secret_may_stand_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n")
    monkeypatch.setenv("EBBTIDE_API_SESSION_SECRET_FILE", str(file))
    assert Settings.load().api_session_secret == SECRET
    monkeypatch.setenv("EBBTIDE_API_SESSION_SECRET", "the environment has the last word")
    assert Settings.load().api_session_secret == "the environment has the last word"


def test_a_file_that_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EBBTIDE_DATABASE_URL_FILE", str(tmp_path / "none"))
    with pytest.raises(SettingsError, match=r"EBBTIDE_DATABASE_URL_FILE names .*none, which can't be read"):
        Settings.load()


def test_a_wrong_secret_is_not_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EBBTIDE_API_SESSION_SECRET", "too-short")
    with pytest.raises(SettingsError, match="EBBTIDE_API_SESSION_SECRET is …") as error:
        Settings.load()
    assert "too-short" not in str(error.value)
