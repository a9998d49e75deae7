from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reading import read, storable
from segue.catalog.incoming import PlaylistRecord, Skip
from segue.catalog.records import TrackRecord
from segue.sources import m3u
from segue.sources.m3u import M3uFile

DATA = Path(__file__).parent / "data"


def playlist(path: Path, content: str | bytes) -> PlaylistRecord:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    records, error = read(M3uFile(path))
    assert error == ""
    (found,) = (record for record in records if isinstance(record, PlaylistRecord))
    storable(records)
    return found


def track(path: Path, content: str) -> TrackRecord:
    (found,) = playlist(path, content).tracks
    return found


def test_the_sample() -> None:
    path = DATA / "a.m3u8"
    (skip, found), error = read(M3uFile(path))
    assert error == ""
    assert skip == Skip("a web address", "http://127.0.0.1/stream", bad=False)
    assert isinstance(found, PlaylistRecord)
    assert (found.key, found.name) == (f"path:{path}", "Late night")
    first, second = found.tracks
    assert first == TrackRecord(
        "Teardrop",
        artist="Massive Attack",
        album="Mezzanine",
        track_number=3,
        duration=213.0,
        key=f"path:{DATA.parent}/Music/Massive Attack/Mezzanine/03 Teardrop.flac",
    )
    assert (second.title, second.key) == ("Jóga", "path:C:/Music/Björk/Jóga.mp3")
    # One folder may be an artist's or a heap: nothing is guessed.
    assert (second.artist, second.duration) == ("", None)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_line_ends_and_encodings(tmp_path: Path, end: str, encoding: str) -> None:
    lines = ["#EXTM3U", "#EXTINF:1,Sigur Rós - Ágætis byrjun", "a.mp3", "Jóga.mp3"]
    found = playlist(tmp_path / "list.m3u", end.join(lines).encode(encoding))
    assert found.name == "list"
    assert [(each.artist, each.title) for each in found.tracks] == [
        ("Sigur Rós", "Ágætis byrjun"),
        ("", "Jóga"),
    ]
    assert found.tracks.keys == [f"path:{tmp_path}/a.mp3", f"path:{tmp_path}/Jóga.mp3"]


@pytest.mark.parametrize(
    ("line", "artist", "title", "duration"),
    [
        ("#EXTINF:213,Massive Attack - Teardrop", "Massive Attack", "Teardrop", 213.0),
        ("#EXTINF:-1,Teardrop", "", "Teardrop", None),
        ("#EXTINF:0, Massive Attack – Teardrop ", "Massive Attack", "Teardrop", None),
        ("#extinf:12.5,A-ha - Take on Me", "A-ha", "Take on Me", 12.5),
        ('#EXTINF:7 tvg-id="x, y" logo=z group-title="",A - B', "A", "B", 7.0),
        ("#EXTINF:7,a=b, c", "", "a=b, c", 7.0),
        ("#EXTINF:7", "", "x", 7.0),
        ("#EXTINF:,", "", "x", None),
        ("#EXTINF:1.2.3,A - B", "A", "B", None),
        ("#EXTINF:9999999999,A - B - C", "A", "B - C", None),
    ],
)
def test_extinf(tmp_path: Path, line: str, artist: str, title: str, duration: float | None) -> None:
    found = track(tmp_path / "a.m3u", f"#EXTM3U\n{line}\nx.mp3")
    assert (found.artist, found.title, found.duration) == (artist, title, duration)


@pytest.mark.parametrize(
    ("label", "path", "artist", "title"),
    [
        ("A - B - C", "/m/A - B/x.mp3", "A - B", "C"),
        ("A - B - C", "/m/A/x.mp3", "A", "B - C"),
        ("A - B - C", "/m/01 C.mp3", "A - B", "C"),
        ("A - B - C", "/m/01 B - C.mp3", "A", "B - C"),
        ("A - B - C", "/m/x.mp3", "A", "B - C"),
    ],
)
def test_the_dash_that_is_meant(
    tmp_path: Path, label: str, path: str, artist: str, title: str
) -> None:
    found = track(tmp_path / "a.m3u", f"#EXTINF:1,{label}\n{path}\n")
    assert (found.artist, found.title) == (artist, title)


def test_tags_of_one_entry_and_of_all(tmp_path: Path) -> None:
    one = "#EXTINF:1,A - B\n#EXTALB:Album\n#EXTART:A\n#EXTGENRE:Rock\nb.mp3\nc.mp3\n"
    first, second = playlist(tmp_path / "a.m3u", one).tracks
    assert (first.album, first.artist, first.genres) == ("Album", "A", ("Rock",))
    assert (second.album, second.artist, second.genres) == ("", "", ())
    every = "#EXTM3U\n#EXTALB:Album\n#EXTART:A - B\nx.mp3\n#EXTINF:1,A - B - C\ny.mp3\n"
    first, second = playlist(tmp_path / "a.m3u", every).tracks
    assert (first.album, first.artist, first.title) == ("Album", "A - B", "x")
    assert (second.album, second.artist, second.title) == ("Album", "A - B", "C")


def test_web_addresses_are_left_out_but_not_links_to_tracks(tmp_path: Path) -> None:
    link = "https://open.spotify.com/track/67Hna13dNDkZvBpTXRIaOJ?si=1"
    path = tmp_path / "a.m3u"
    path.write_text(f"#EXTINF:1,Radio\nhttp://localhost/a.mp3\n{link}\n#EXTINF:1,A - B\n{link}\n")
    (skip, found), _ = read(M3uFile(path))
    assert isinstance(skip, Skip)
    assert not skip.bad
    assert isinstance(found, PlaylistRecord)
    assert [(each.key, each.artist, each.title) for each in found.tracks] == [
        ("spotify:67Hna13dNDkZvBpTXRIaOJ", "", ""),
        ("spotify:67Hna13dNDkZvBpTXRIaOJ", "A", "B"),
    ]


def test_a_song_may_stand_in_it_twice(tmp_path: Path) -> None:
    assert len(playlist(tmp_path / "a.m3u", "a.mp3\na.mp3\n").tracks) == 2


def test_nothing_in_it(tmp_path: Path) -> None:
    path = tmp_path / "a.m3u"
    path.write_text("#EXTM3U\n")
    assert read(M3uFile(path)) == ([Skip("an empty playlist", "a", bad=False)], "")


def test_segments_of_a_stream_are_no_playlist(tmp_path: Path) -> None:
    path = tmp_path / "a.m3u8"
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:9.9,\n0.ts\n")
    assert "pieces of one stream" in read(M3uFile(path))[1]


def test_too_large_or_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.m3u"
    assert "cannot be read" in read(M3uFile(path))[1]
    path.write_bytes(b"x" * 3000)
    monkeypatch.setattr(m3u, "LARGEST", 2000)
    assert "at most 2,000" in read(M3uFile(path))[1]


def test_one_long_line_and_nuls(tmp_path: Path) -> None:
    found = playlist(tmp_path / "a.m3u", b"#EXTINF:1,A\0 - B\n" + b"x" * 100_000 + b"\nc\0.mp3")
    assert [len(key) < 10_000 for key in found.tracks.keys] == [True, True]
    assert (found.tracks[0].artist, found.tracks[1].title) == ("A", "c")


def test_many_dashes_and_attributes_take_no_time(tmp_path: Path) -> None:
    label = " - ".join("a" * 20_000)
    attributes = "a=b" * 20_000
    spaces = " " * 200_000
    found = playlist(
        tmp_path / "a.m3u",
        f"#EXTINF:1,{label}\nx.mp3\n#EXTINF:1 {attributes}\ny.mp3\n#EXTINF:{spaces}\nz.mp3\n",
    )
    assert len(found.tracks) == 3


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode("utf-16")))
def test_any_bytes(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.m3u"
    for data in (content, b"#EXTM3U\n#EXTINF:" + content, b"#PLAYLIST:" + content + b"\nb - c.mp3"):
        path.write_bytes(data)
        records, error = read(M3uFile(path))
        storable(records)
        assert records or error
