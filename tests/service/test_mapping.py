from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mapped
from incoming import importer, playlist, song
from records import analysis
from segue.catalog.catalog import Catalog
from segue.errors import NotFoundError, UsageError
from segue.plots import tsne
from segue.service.map_report import MapReport
from segue.service.mapping import SongMapper

pytest.importorskip("matplotlib")
pytest.importorskip("openTSNE")


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    mapped.fill(tmp_path)
    catalog = Catalog(tmp_path)
    yield catalog
    catalog.close()


@pytest.fixture
def no_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the machine have no font but matplotlib's own."""
    monkeypatch.setattr("matplotlib.font_manager.findSystemFonts", lambda *_, **__: [])


@pytest.fixture
def no_layout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing be laid out anew."""
    monkeypatch.setattr(tsne, "project", lambda *_, **__: pytest.fail("it was laid out again"))


def plot(catalog: Catalog, folder: Path, **options: Any) -> MapReport:
    out = options.pop("out", None)
    return SongMapper(catalog, folder / "models", folder / "cache").plot(out, **options)


def named(report: MapReport) -> list[str]:
    return [track.name for track in report.tracks]


def test_artists_lie_apart_and_what_is_played_most_comes_first(
    catalog: Catalog, tmp_path: Path
) -> None:
    report = plot(catalog, tmp_path)
    assert len(report.tracks) == 24
    assert [track.title for track in report.tracks[:4]] == ["Amber", "Amber", "Amber", "Birch"]
    artists = np.array([track.artist for track in report.tracks])
    apart = np.linalg.norm(report.points[:, None] - report.points[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    assert (artists[np.argmin(apart, axis=1)] == artists).all()
    assert named(plot(catalog, tmp_path, n=12)) == named(report)[:12]


def test_json_has_a_point_and_a_group_for_each(catalog: Catalog, tmp_path: Path) -> None:
    found = plot(catalog, tmp_path, color="artist").to_json()
    assert (found["schema"], found["model"], found["color"]) == (1, "word2vec", "artist")
    assert set(found["songs"][0]) == {"id", "title", "artist", "x", "y"}
    assert {song["artist"] for song in found["songs"]} == set(mapped.ARTISTS)
    found = plot(catalog, tmp_path, color="genre").to_json()
    assert set(found["songs"][0]) == {"id", "title", "artist", "x", "y", "genre"}
    assert "listener" not in found


def test_genres_come_from_features_and_from_the_artist(catalog: Catalog, tmp_path: Path) -> None:
    report = plot(catalog, tmp_path)
    groups = dict(zip(named(report), report.groups, strict=True))
    assert groups["Abba - Amber"] == groups["Abba - Birch"] == "pop"
    assert groups["Abba - Heath"] == "pop"  # two of the artist's songs are
    assert groups["Can - Amber"] == "kraut"
    assert groups["Can - Birch"] is None  # one song is no rule
    assert groups["Burial - Amber"] is None


def test_moods_come_from_features(catalog: Catalog, tmp_path: Path) -> None:
    report = plot(catalog, tmp_path, color="mood", out=tmp_path / "map.png")
    groups = dict(zip(named(report), report.groups, strict=True))
    assert groups["Abba - Amber"] == {"valence": 0.9, "energy": 0.8}
    assert groups["Can - Amber"] == {"valence": 0.1, "energy": 0.2}
    assert groups["Abba - Birch"] is None
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")


def test_one_song_has_one_point(catalog: Catalog, tmp_path: Path) -> None:
    again = song("Amber", "Abba", album="Gold", key="test:another")
    importer(catalog.database).write([playlist("test:gold", again)])
    mapped.fit(catalog, tmp_path)
    report = plot(catalog, tmp_path)
    assert named(report).count("Abba - Amber") == 1
    assert len(report.tracks) == 24


def test_a_listener_is_the_mean_of_songs(catalog: Catalog, tmp_path: Path) -> None:
    report = plot(catalog, tmp_path, like=["abba amber", "abba birch"])
    listener = report.listener
    assert listener is not None
    assert [track.name for track in listener.likes] == ["Abba - Amber", "Abba - Birch"]
    near = [report.tracks[neighbor.place] for neighbor in listener.neighbors]
    assert len(near) == 10
    assert [track.artist for track in near[:6]] == ["Abba"] * 6
    assert not {track.id for track in near} & {track.id for track in listener.likes}
    scores = [neighbor.score for neighbor in listener.neighbors]
    assert scores == sorted(scores, reverse=True)
    of_abba = report.points[[track.artist == "Abba" for track in report.tracks]]
    assert (listener.point >= of_abba.min(axis=0)).all()
    assert (listener.point <= of_abba.max(axis=0)).all()
    told = report.to_json()["listener"]
    assert [like["title"] for like in told["likes"]] == ["Amber", "Birch"]
    assert told["neighbors"][0] == {"id": near[0].id, "score": round(scores[0], 4)}


def test_a_song_that_is_too_rare_for_the_map_is_placed_among_its_like(
    catalog: Catalog, tmp_path: Path
) -> None:
    report = plot(catalog, tmp_path, n=12, like=["burial heath"])
    assert "Burial - Heath" not in named(report)
    assert report.listener is not None
    apart = np.linalg.norm(report.points - report.listener.like_points[0], axis=1)
    assert report.tracks[int(np.argmin(apart))].artist == "Burial"


def test_a_song_that_the_model_does_not_know_is_refused(catalog: Catalog, tmp_path: Path) -> None:
    importer(catalog.database).write(
        [playlist("test:new", song("Novelty", "Nobody", key="test:n"))]
    )
    catalog.refresh()
    with pytest.raises(NotFoundError, match="does not know 'Nobody - Novelty'"):
        plot(catalog, tmp_path, like=["novelty"])


@pytest.mark.usefixtures("no_fonts")
def test_what_no_font_has_is_told(catalog: Catalog, tmp_path: Path) -> None:
    with catalog.database.transaction() as connection:
        connection.execute("UPDATE track SET artist = '宇多田ヒカル' WHERE artist = 'Can'")
    report = plot(catalog, tmp_path, out=tmp_path / "map.svg")
    assert report.unreadable == ("宇多田ヒカル",)
    first = next(track for track in report.tracks if track.artist == "宇多田ヒカル")
    assert f"#{first.id}</text>" in (tmp_path / "map.svg").read_text("utf-8")


def test_a_second_map_takes_its_coordinates_from_the_cache(
    catalog: Catalog, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    first = plot(catalog, tmp_path)
    plot(catalog, tmp_path, n=12)
    request.getfixturevalue("no_layout")
    again = plot(catalog, tmp_path, color="artist", like=["abba amber"])
    np.testing.assert_array_equal(again.points, first.points)
    plot(catalog, tmp_path, n=12)


def test_another_fit_is_laid_out_again_and_takes_the_place(
    catalog: Catalog, tmp_path: Path
) -> None:
    first = plot(catalog, tmp_path)
    (kept,) = (tmp_path / "cache" / "map").iterdir()
    mapped.fit(catalog, tmp_path, seed=1)
    assert not np.array_equal(plot(catalog, tmp_path).points, first.points)
    (other,) = (tmp_path / "cache" / "map").iterdir()
    assert other != kept


@pytest.mark.parametrize("damage", [b"", b"\x93NUMPY junk", None])
def test_a_damaged_cache_is_made_again(
    catalog: Catalog, tmp_path: Path, damage: bytes | None
) -> None:
    first = plot(catalog, tmp_path)
    (kept,) = (tmp_path / "cache" / "map").iterdir()
    if damage is None:
        np.save(kept, np.full((24, 2), np.nan, dtype=np.float32))
    else:
        kept.write_bytes(damage)
    np.testing.assert_array_equal(plot(catalog, tmp_path).points, first.points)


def test_a_cache_that_cannot_be_written_costs_no_map(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    assert len(plot(catalog, tmp_path).tracks) == 24


def test_songs_are_laid_out_by_sound(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path)
    catalog.write([analysis(f"/{i}".encode(), f"Song {i}", seed=9 * i) for i in range(20)])
    report = plot(catalog, tmp_path, model="sound", out=tmp_path / "map.svg")
    assert len(report.tracks) == 20
    assert set(report.groups) == {"rock"}
    assert "Songs by how they sound" in (tmp_path / "map.svg").read_text("utf-8")
    catalog.close()


@pytest.mark.usefixtures("no_layout")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "titles"}, "no map of 'titles'; expected word2vec, als, sound"),
        ({"color": "year"}, "'year' is no colouring; expected genre, artist, mood"),
        ({"n": 9}, "map of 9 songs"),
        ({"gif": Path("a.gif")}, "name some with --like"),
        ({"out": Path("a.pdf")}, r"a\.pdf does not end in \.png or \.svg"),
    ],
)
def test_what_makes_no_sense_is_refused_at_once(
    catalog: Catalog, tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        plot(catalog, tmp_path, **options)


def test_a_model_that_is_not_fitted_is_named(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path)
    with pytest.raises(NotFoundError, match="segue fit word2vec"):
        plot(catalog, tmp_path)
    with pytest.raises(NotFoundError, match="library is empty"):
        plot(catalog, tmp_path, model="sound")
    catalog.close()
