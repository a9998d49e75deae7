from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from segue.errors import UsageError
from segue.sources.spotify_tokens import App, Token, TokenFile, find_app, token_path

MINE = App("mine", "s3cret")
TOKEN = Token("acc3ss", 5_000.0, "r3fresh", "playlist-read-private")


@pytest.fixture
def file(tmp_path: Path) -> TokenFile:
    return TokenFile(tmp_path / "segue" / "spotify.json")


def test_only_the_owner_can_read_it(file: TokenFile) -> None:
    umask = os.umask(0)
    try:
        file.save(MINE, TOKEN)
        file.save(MINE, TOKEN)
    finally:
        os.umask(umask)
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700
    assert [path.name for path in file.path.parent.iterdir()] == ["spotify.json"]


def test_a_file_that_others_could_read_is_closed_to_them(file: TokenFile) -> None:
    file.path.parent.mkdir()
    file.path.write_text('{"client_id": "mine"}')
    file.path.chmod(0o644)
    file.save(MINE, TOKEN)
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


def test_what_is_saved_is_found_again(file: TokenFile) -> None:
    assert (file.app(), file.token(MINE)) == (None, None)
    file.save(MINE, TOKEN)
    assert file.token(MINE) == TOKEN
    assert file.token(App("other")) is None


def test_a_secret_of_the_environment_is_not_written(file: TokenFile) -> None:
    file.save(MINE, TOKEN)
    assert "s3cret" not in file.path.read_text()
    assert file.app() == App("mine")


def test_a_secret_of_the_file_is_kept(file: TokenFile) -> None:
    file.path.parent.mkdir()
    file.path.write_text('{"client_id": "mine", "client_secret": "of the file"}')
    file.save(App("mine", "of the file"), TOKEN)
    assert file.app() == App("mine", "of the file")
    file.save(App("another"), TOKEN)
    assert file.app() == App("another")


def test_a_write_that_fails_leaves_the_old_one(
    file: TokenFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.save(MINE, TOKEN)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(UsageError, match="No space left"):
        file.save(MINE, Token("new", 1.0))
    assert file.token(MINE) == TOKEN
    assert len(list(file.path.parent.iterdir())) == 1


def test_logging_out_deletes_everything(file: TokenFile) -> None:
    file.save(MINE, TOKEN)
    assert file.delete()
    assert not file.path.exists()
    assert not file.delete()


@pytest.mark.parametrize("content", ["", "{", "\ud800", "[" * 100_000])
def test_a_file_that_is_not_json_is_told(file: TokenFile, content: str) -> None:
    file.path.parent.mkdir()
    file.path.write_bytes(content.encode(errors="surrogatepass"))
    with pytest.raises(UsageError, match="not JSON"):
        file.app()


@pytest.mark.parametrize(
    "content",
    [
        [],
        {"client_id": 7},
        {"client_id": "mine", "access_token": None, "expires_at": 1},
        {"client_id": "mine", "access_token": "x", "expires_at": "soon"},
        {"client_id": "mine", "access_token": "x", "expires_at": True},
    ],
)
def test_a_file_with_other_things_has_no_token(file: TokenFile, content: Any) -> None:
    file.path.parent.mkdir()
    file.path.write_text(json.dumps(content))
    assert file.token(MINE) is None


def test_secrets_are_in_no_repr() -> None:
    shown = f"{MINE!r} {TOKEN!r}"
    assert not any(secret in shown for secret in ("s3cret", "acc3ss", "r3fresh"))


def test_the_environment_comes_before_the_file(file: TokenFile) -> None:
    file.path.parent.mkdir()
    file.path.write_text('{"client_id": "mine", "client_secret": "of the file"}')
    assert find_app(file, {}) == App("mine", "of the file")
    assert find_app(file, {"SEGUE_SPOTIFY_CLIENT_ID": "theirs"}) == App("theirs")
    assert find_app(file, {"SEGUE_SPOTIFY_CLIENT_SECRET": " x\n"}) == App("mine", "x")


def test_without_an_app_it_is_told_how_to_get_one(file: TokenFile) -> None:
    with pytest.raises(UsageError, match=r"SEGUE_SPOTIFY_CLIENT_ID.*dashboard"):
        find_app(file, {})


def test_where_it_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert token_path().name == "spotify.json"


def test_another_process_waits(file: TokenFile) -> None:
    with file.locked():
        assert not file.path.exists()
    with file.locked():  # let go of again
        file.save(MINE, TOKEN)
    assert file.token(MINE) == TOKEN
