"""What every source must do. A test class derives from this and says how to make one."""

from __future__ import annotations

import math
import os
import re

import pytest

from segue.catalog.incoming import (
    ME,
    FeatureRecord,
    ListenRecord,
    PlayCountRecord,
    PlaylistRecord,
    RatingRecord,
    Record,
    Skip,
)
from segue.catalog.records import TrackRecord
from segue.sources.guard import clean
from segue.sources.source import Source

_KEY = re.compile(r"(spotify|deezer|netease|subsonic|musicbrainz|path):.+")
_LISTENER = re.compile(rf"{ME}|listenbrainz:\d+")
_UNIT = "valence energy arousal danceability acousticness instrumentalness liveness speechiness"
_RANGES = {
    **dict.fromkeys(_UNIT.split(), (0, 1)),
    "loudness": (-100, 20),
    "tempo": (1, 1_000),
    "key": (0, 11),
    "mode": (0, 1),
    "popularity": (0, 100),
}


class SourceContract:
    """The tests; `kind` is that of the source under test."""

    kind: str

    @pytest.fixture
    def source(self) -> Source:
        raise AssertionError("the class that derives from this makes one")

    def test_says_what_and_where_it_is(self, source: Source) -> None:
        assert isinstance(source, Source)
        assert source.kind == self.kind
        assert os.path.isabs(source.location) or "://" in source.location

    def test_parts_are_always_the_same_and_have_names_of_their_own(self, source: Source) -> None:
        told = [[(p.name, p.stamp, p.size) for p in source.parts()] for _ in range(2)]
        assert told[0] == told[1]
        names = [name for name, *_ in told[0]]
        assert names
        assert len(set(names)) == len(names)
        assert all(size >= 0 for *_, size in told[0])
        for name in names:
            assert name == clean(name)

    def test_reading_twice_gives_the_same(self, source: Source) -> None:
        first, second = (
            [[flat(record) for record in part.read()] for part in source.parts()] for _ in range(2)
        )
        assert first == second
        assert any(first)

    def test_a_part_can_be_read_again_and_left_half_way(self, source: Source) -> None:
        for part in source.parts():
            whole = [flat(record) for record in part.read()]
            started = part.read()
            next(started, None)
            started.close()  # type: ignore[attr-defined]  # they are generators
            assert [flat(record) for record in part.read()] == whole

    def test_records_are_as_they_should_be(self, source: Source) -> None:
        records = [record for part in source.parts() for record in part.read()]
        assert any(not isinstance(record, Skip) for record in records)
        for record in records:
            check(record)


def flat(record: Record) -> object:
    """Return a record as values that can be compared: a playlist describes its tracks anew."""
    if isinstance(record, PlaylistRecord):
        return {**vars(record), "tracks": list(record.tracks), "keys": list(record.tracks.keys)}
    return record


def check(record: Record) -> None:
    """Fail where a record is not as `segue.catalog.incoming` says."""
    if isinstance(record, TrackRecord):
        check_track(record)
        return
    if isinstance(record, Skip):
        check_texts(record.reason, record.where)
        assert record.reason
        assert len(record.where) <= 120
        return
    if isinstance(record, PlaylistRecord):
        check_playlist(record)
        return
    check_track(record.track)
    assert record.track.key or record.track.title
    if not isinstance(record, FeatureRecord):
        assert _LISTENER.fullmatch(record.listener)
    if isinstance(record, ListenRecord):
        assert type(record.at) is int
        assert 0 < record.at < 1 << 32
        assert record.seconds is None or 0 < record.seconds <= 86_400
        assert record.skipped in (None, True, False)
        assert record.precision in (1, 60)
    elif isinstance(record, RatingRecord):
        assert -1 <= record.value <= 1
        check_count(record.at)
    elif isinstance(record, PlayCountRecord):
        check_count(record.plays, record.skips, record.last_at)
    else:
        check_features(record)


def check_playlist(record: PlaylistRecord) -> None:
    assert re.fullmatch(r"[a-z_]+:.+", record.key, re.DOTALL)
    check_texts(record.name, record.description, record.owner, *record.tags)
    check_count(record.followers, record.plays, record.comments, record.modified_at)
    assert list(record.tracks.keys) == [track.key for track in record.tracks]
    for track in record.tracks:
        check_track(track)
        assert track.key or track.title
    if record.added_at is not None:
        assert len(record.added_at) == len(record.tracks)
        check_count(*record.added_at)


def check_track(track: TrackRecord) -> None:
    texts = (track.title, track.artist, track.album, track.album_artist)
    check_texts(*texts, *track.genres, *track.artists)
    assert not track.key or _KEY.fullmatch(track.key), track.key
    for count in (track.track_number, track.disc_number, track.year):
        assert count is None or (type(count) is int and 0 < count < 10_000)
    assert track.duration is None or (math.isfinite(track.duration) and 0 < track.duration <= 1e6)
    assert len(track.artist_keys) in (0, len(track.artists))
    for key in (*track.artist_keys, track.album_key):
        assert not key or re.fullmatch(r"[a-z]+:\S+", key)
    for kind, value in track.outside_ids:
        assert kind in {
            "isrc",
            "musicbrainz_recording",
            "musicbrainz_album",
            "musicbrainz_artist",
            "path",
        }
        assert value == value.strip() != ""


def check_features(record: FeatureRecord) -> None:
    check_texts(*record.genres)
    for name, (low, high) in _RANGES.items():
        value = getattr(record, name)
        assert value is None or low <= value <= high, (name, value)
    for name in ("key", "mode"):
        assert isinstance(getattr(record, name), int | None)


def check_texts(*texts: str) -> None:
    for text in texts:
        assert isinstance(text, str)
        assert text == clean(text), text


def check_count(*counts: int | None) -> None:
    for count in counts:
        assert count is None or (type(count) is int and 0 <= count < 2**63), count
