"""Services through `Library.add`: a real Supysonic, and stand-ins on loopback."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import segue
from dumps import content, everything
from segue.config import FILE_NAME
from segue.errors import SegueError, ServiceError, UsageError
from segue.http import retry
from segue.service import connect, readahead
from segue.service.importing import SourceReport
from servers import listenbrainz, supysonic
from servers.listenbrainz import ListenBrainz, feedback, listen
from servers.opensubsonic import OpenSubsonic, playlist, song

DAY = 86_400
START = 1_700_000_000


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "library"


def add(home: Path, *what: str | Path) -> list[SourceReport]:
    with segue.open(home) as library:
        return library.add(*what).sources


def listens(home: Path) -> list[int]:
    with closing(sqlite3.connect(home / FILE_NAME)) as connection:
        return [at for (at,) in connection.execute("SELECT at FROM listen ORDER BY at DESC")]


# OpenSubsonic


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[supysonic.Supysonic]:
    with supysonic.running(tmp_path_factory.mktemp("supysonic")) as server:
        yield server


def test_a_real_server_and_again(
    real: supysonic.Supysonic, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(connect.SUBSONIC_USER, supysonic.USER)
    monkeypatch.setenv(connect.SUBSONIC_PASSWORD, supysonic.PASSWORD)
    (report,) = add(home, real.address)
    assert (report.kind, report.tracks, report.failed) == ("subsonic", supysonic.SONGS, 0)
    before = content(home)
    (again,) = add(home, real.address)
    assert content(home) == before
    assert (again.tracks, again.playlists, again.ratings, again.failed) == (0, 0, 0, 0)
    dump = "".join(everything(home))
    assert supysonic.PASSWORD not in dump


@pytest.fixture
def server() -> OpenSubsonic:
    songs = [song(i) for i in range(30)]
    songs[3]["starred"] = "2024-01-02T03:04:05Z"
    songs[4] |= {"userRating": 1, "playCount": 7}
    return OpenSubsonic(songs, [playlist("one", songs[:5]), playlist("two", songs[:2])])


def with_login(address: str) -> str:
    return address.replace("://", "://ann:s%C3%A9cret%20%26%20more@")


def test_what_a_server_brings_and_what_changes_later(server: OpenSubsonic, home: Path) -> None:
    with server.running() as address:
        (report,) = add(home, with_login(address))
        assert (report.tracks, report.playlists, report.entries) == (30, 2, 7)
        assert (report.ratings, report.play_counts, report.parts) == (2, 1, 5)
        before = everything(home)
        (again,) = add(home, with_login(address))
        assert everything(home) == before
        assert (again.known_parts, again.parts) == (3, 2)  # tracks and playlists; stars, plays
        server.playlists[0]["entry"].append(server.songs[9])
        server.playlists[0] |= {"changed": "2026-11-22T00:00:00Z", "songCount": 6}
        (changed,) = add(home, with_login(address))
        assert (changed.changed_playlists, changed.playlists, changed.known_parts) == (1, 0, 2)
    assert "cret" not in "".join(before)
    assert "cret" not in repr(report.to_json())


def test_a_server_that_refuses_a_playlist_gives_the_others(
    server: OpenSubsonic, home: Path
) -> None:
    server.playlists.insert(0, {**playlist("gone", []), "id": "gone"})

    def meddle(method: str, response: dict[str, Any]) -> None:
        if method == "getPlaylist" and response["playlist"]["id"] == "gone":
            response.clear()
            response |= {"status": "failed", "error": {"code": 70, "message": "gone"}}

    server.meddle = meddle
    with server.running() as address:
        (report,) = add(home, with_login(address))
    assert (report.failed, report.playlists) == (1, 2)
    assert "gone" in report.problems[0][1]


def test_a_wrong_password_stops_only_its_own_source(
    server: OpenSubsonic, home: Path, tmp_path: Path
) -> None:
    (tmp_path / "a.m3u").write_text("x.mp3\n")
    with server.running() as address:
        wrong = address.replace("://", "://ann:geheim@")
        with pytest.raises(SegueError) as caught:
            add(home, wrong)
        first, second = add(home, wrong, tmp_path / "a.m3u")
    assert "geheim" not in str(caught.value)
    assert (first.failed, second.playlists) == (1, 1)
    assert "geheim" not in repr(first.to_json())
    assert "geheim" not in "".join(everything(home))


def test_no_login_and_no_answer_are_told(
    server: OpenSubsonic, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with server.running() as address, pytest.raises(UsageError, match="password"):
        add(home, address)
    monkeypatch.setattr("segue.sources.subsonic_server._TRIES", 1)
    with pytest.raises(ServiceError, match="refused"):
        add(home, with_login("http://127.0.0.1:9"))


# ListenBrainz


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[ListenBrainz]:
    rows = [listen(START - i * 60, i % 40) for i in range(2_500)]
    found = ListenBrainz(rows, [feedback(1, 1), feedback(2, -1)])
    with found.running() as address:
        monkeypatch.setenv(connect.LISTENBRAINZ_ADDRESS, address)
        monkeypatch.setenv(connect.LISTENBRAINZ_TOKEN, listenbrainz.TOKEN)
        yield found


USER = f"listenbrainz:{listenbrainz.USER}"


def sync(home: Path) -> SourceReport:
    (report,) = add(home, USER)
    return report


def broken(report: SourceReport) -> str:
    assert report.failed == 1
    return report.problems[0][1]


def test_a_user_and_again_and_only_the_new(
    service: ListenBrainz, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segue.service.connect.time.time", lambda: START + 10.0)
    report = sync(home)
    assert (report.listens, report.ratings, report.failed) == (2_500, 2, 0)
    assert listens(home) == [row["listened_at"] for row in service.listens]
    assert listenbrainz.TOKEN not in "".join(everything(home))
    before = content(home)
    monkeypatch.setattr("segue.service.connect.time.time", lambda: START + 20.0)
    assert (sync(home).listens, content(home)["listen"]) == (0, before["listen"])

    service.listens += [listen(START + DAY, 1), listen(START - 3 * DAY - 7, 2)]  # one sent late
    monkeypatch.setattr("segue.service.connect.time.time", lambda: START + DAY + 10.0)
    service.asked.clear()
    assert sync(home).listens == 2
    assert len(listens(home)) == 2_502


def test_a_first_sync_that_breaks_off_goes_on_and_brings_the_newest_too(
    service: ListenBrainz, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segue.service.connect.time.time", lambda: START + 10.0)

    def fail_after_one(body: dict[str, Any]) -> dict[str, Any]:
        rows = body.get("payload", {}).get("listens", [])
        return {} if rows and rows[0]["listened_at"] < START - 1_500 * 60 else body

    service.meddle = fail_after_one
    monkeypatch.setattr("segue.sources.listenbrainz_api.Backoff", lambda: retry.Backoff(tries=1))
    assert broken(sync(home))
    kept = len(listens(home))
    assert 1_000 <= kept < 2_500

    service.meddle = lambda body: body
    service.listens.append(listen(START + 2 * DAY, 3))
    monkeypatch.setattr("segue.service.connect.time.time", lambda: START + 2 * DAY + 10.0)
    report = sync(home)
    assert report.listens == 2_501 - kept
    assert len(listens(home)) == 2_501
    again = sync(home)
    assert (again.listens, again.failed) == (0, 0)


def test_ctrl_c_in_a_first_sync_loses_nothing(
    service: ListenBrainz, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert service
    monkeypatch.setattr(readahead, "BATCH", 400)

    def stop(state: Any) -> None:
        if state.records > 700:
            raise KeyboardInterrupt

    with segue.open(home) as library, pytest.raises(KeyboardInterrupt):
        library.add(USER, on_progress=stop)
    kept = len(listens(home))
    assert 400 <= kept < 2_500
    sync(home)
    assert len(listens(home)) == 2_500


def test_a_user_that_is_not_there_and_a_wrong_token(
    service: ListenBrainz, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (report,) = add(home, "listenbrainz:nobody")
    assert "nobody" in broken(report)
    monkeypatch.setenv(connect.LISTENBRAINZ_TOKEN, "geheim-0123456789")
    said = broken(sync(home))
    assert "geheim" not in said
    assert connect.LISTENBRAINZ_TOKEN in said
    assert service.asked
