from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.sources.locations import file_key, folder_of, key_of, named_by_path, service_key

UUID = "9f24c0f7-a644-4074-8fbd-a1dba03de129"


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("a.mp3", "path:/home/lists/a.mp3"),
        ("./b/../a.mp3", "path:/home/lists/a.mp3"),
        ("../a.mp3", "path:/home/a.mp3"),
        ("../../../../a.mp3", "path:/a.mp3"),
        ("/music/Ágætis/a b.mp3", "path:/music/Ágætis/a b.mp3"),
        ("/music/100%25.mp3", "path:/music/100%25.mp3"),
        ("/music/o\u0308.mp3", "path:/music/o\u0308.mp3"),  # as the disk has it
        (r"C:\Music\Björk\Jóga.mp3", "path:C:/Music/Björk/Jóga.mp3"),
        ("d:/Music//a.mp3", "path:D:/Music/a.mp3"),
        (r"\\nas\music\a.mp3", "path://nas/music/a.mp3"),
        (r"\Music\a.mp3", "path:/Music/a.mp3"),
        (r"..\Music\a.mp3", "path:/home/Music/a.mp3"),
        ("Music/AC\\DC.mp3", "path:/home/lists/Music/AC\\DC.mp3"),
        ("file:///music/a%20b%23.mp3", "path:/music/a b#.mp3"),
        ("file://localhost/music/%C3%B3.mp3", "path:/music/ó.mp3"),
        ("file://localhost//music/a.mp3", "path:/music/a.mp3"),
        ("file:/music/a.mp3", "path:/music/a.mp3"),
        ("FILE:///C:/Music/a.mp3", "path:C:/Music/a.mp3"),
        ("file://localhost/C:/Music/a.mp3", "path:C:/Music/a.mp3"),
        ("file://C:/Music/a.mp3", "path:C:/Music/a.mp3"),
        ("file:///C|/Music/a.mp3", "path:C:/Music/a.mp3"),
        ("file://nas/music/a.mp3", "path://nas/music/a.mp3"),
        ("file:///music/../../etc/%2e%2e/a", "path:/a"),
        ("file:///a%00%FFb", "path:/a\ufffdb"),
        ("/music/a\0\ud800.mp3", "path:/music/a.mp3"),
        ("http://localhost/stream", ""),
        ("rtsp://[::1/x", ""),
        ("spotify:episode:67Hna13dNDkZvBpTXRIaOJ", ""),
        ("spotify:track:67Hna13dNDkZvBpTXRIaOJ", "spotify:67Hna13dNDkZvBpTXRIaOJ"),
        ("https://open.spotify.com/track/67Hna13dNDkZvBpTXRIaOJ", "spotify:67Hna13dNDkZvBpTXRIaOJ"),
        ("https://www.deezer.com/en/track/3135556?x", "deezer:3135556"),
        ("https://music.163.com/#/song?id=28391863", "netease:28391863"),
        (f"https://beta.musicbrainz.org/recording/{UUID}", f"musicbrainz:{UUID}"),
        ("  ", ""),
    ],
)
def test_keys(location: str, expected: str) -> None:
    assert key_of(location, "/home/lists") == expected


@given(st.text(st.characters(codec=None), max_size=60))
def test_any_text(location: str) -> None:
    for prefix in ("", "file:", "file://", "C:", "\\\\"):
        key = key_of(prefix + location, "/home")
        key.encode()
        assert "\0" not in key
        assert key == "" or ":" in key
        assert named_by_path(key).key == key


def test_only_links_to_recordings_are_services() -> None:
    assert service_key(f"https://musicbrainz.org/release/{UUID}") == ""
    assert service_key("/music/a.mp3") == ""


def test_keys_of_playlists() -> None:
    assert file_key(Path("/lists/a.m3u")) == "path:/lists/a.m3u"
    assert folder_of(Path("/lists/a.m3u")) == "/lists"
