from __future__ import annotations

import csv
import gzip
import io
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.catalog.incoming import FeatureRecord, Record, Skip
from segue.errors import SourceError
from segue.sources.feature_columns import FeatureColumns, column_name, credited, listed, spotify_key
from segue.sources.feature_table import FeatureTable
from segue.sources.source import Source

ONE, TWO = "6f807x0ima9a1j3VPbc7VN", "0r7CVbZTWZgbTCYdfa2P31"
TIDY = (
    "track_id,track_name,track_artist,track_popularity,track_album_id,track_album_name,"
    "track_album_release_date,playlist_name,playlist_id,playlist_genre,playlist_subgenre,"
    "danceability,energy,key,loudness,mode,speechiness,acousticness,instrumentalness,liveness,"
    "valence,tempo,duration_ms\n"
)


def records(tmp_path: Path, data: str | bytes) -> list[Record]:
    path = tmp_path / "songs.csv"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    (part,) = FeatureTable(path).parts()
    return list(part.read())


def one(tmp_path: Path, data: str) -> FeatureRecord:
    (record,) = records(tmp_path, data)
    assert isinstance(record, FeatureRecord)
    return record


def test_it_is_a_source(tmp_path: Path) -> None:
    kind: Any = FeatureTable
    assert kind.kind == "feature_table"
    assert isinstance(FeatureTable(tmp_path / "a.csv"), Source)


def test_tidytuesday_with_a_song_in_two_playlists(tmp_path: Path) -> None:
    row = (
        "66,2oCs0DGTsRO98Gh5ZSl2Cx,Al,2019-06-14,Pop,37i9dQZF1DXcZDD7cfEKhW,{},{},"
        "0.748,0.916,6,-2.634,1,0.0583,0.102,0,0.0653,0.518,122.036,194754\n"
    )
    found = records(
        tmp_path,
        TIDY
        + f"{ONE},One,Anna,{row.format('pop', 'dance pop')}"
        + f"{TWO},Two,Ben,{row.format('rock', 'r&b')}"
        + f"{ONE},One,Anna,{row.format('edm', 'dance pop')}",
    )
    first, second, third = found
    assert isinstance(first, FeatureRecord)
    assert isinstance(second, FeatureRecord)
    assert third == Skip("another row of the same song", "line 4", bad=False)
    assert first.genres == ("pop", "dance pop", "edm")
    assert second.genres == ("rock", "r&b")
    assert first.track.key == f"spotify:{ONE}"
    assert (first.track.title, first.track.artist, first.track.album) == ("One", "Anna", "Al")
    assert (first.track.year, first.track.duration) == (2019, 194.754)
    assert first.track.album_key == "spotify:2oCs0DGTsRO98Gh5ZSl2Cx"
    assert (first.valence, first.energy, first.danceability) == (0.518, 0.916, 0.748)
    assert (first.loudness, first.tempo, first.key, first.mode) == (-2.634, 122.036, 6, 1)
    assert (first.popularity, first.instrumentalness, first.arousal) == (66, 0, None)


def test_a_dump_with_artists_as_a_python_list(tmp_path: Path) -> None:
    record = one(
        tmp_path,
        "id,name,artists,id_artists,duration_ms,release_date,year,valence,tempo\n"
        f'{ONE},Bang,"[\'A, B\', ""O\'C""]","[\'{TWO}\', \'{ONE}\']",1000,1999-01-01,1998,0.5,0\n',
    )
    assert record.track.artist == "A, B, O'C"
    assert record.track.artists == ("A, B", "O'C")
    assert record.track.artist_keys == (f"spotify:{TWO}", f"spotify:{ONE}")
    assert (record.track.year, record.tempo) == (1999, None)


def test_a_dump_with_an_index_column_and_artists_parted_by_semicolons(tmp_path: Path) -> None:
    record = one(
        tmp_path,
        ",track_id,artists,album_name,track_name,popularity,duration_ms,energy,track_genre\n"
        f"0,{ONE},Gen Hoshino;X,Comedy,Comedy,73,230666,0.461,acoustic\n",
    )
    assert (record.track.artist, record.track.artists) == ("Gen Hoshino, X", ("Gen Hoshino", "X"))
    assert (record.genres, record.energy) == (("acoustic",), 0.461)


def test_names_alone_uris_and_other_words(tmp_path: Path) -> None:
    record = one(tmp_path, 'Artist;Song;BPM;Length\n"Earth, Wind & Fire";September;125,9;3:35\n')
    assert (record.track.artist, record.track.artists) == ("Earth, Wind & Fire", ())
    assert (record.track.key, record.track.duration, record.tempo) == ("", 215, 125.9)
    record = one(tmp_path, f"track,artist,uri,energy\nA,B,spotify:track:{ONE},0.25\n")
    assert (record.track.key, record.energy) == (f"spotify:{ONE}", 0.25)


def test_deezer_standard_scores_become_shares(tmp_path: Path) -> None:
    found = records(
        tmp_path,
        "dzr_sng_id,MSD_sng_id,MSD_track_id,valence,arousal,artist_name,track_name\n"
        "213754,S,T,0,-1.2815515655446004,Dark Tranquillity,Insanity\n"
        "213755,S,T,40,-1e9,A,B\n",
    )
    first, second = found
    assert isinstance(first, FeatureRecord)
    assert isinstance(second, FeatureRecord)
    assert first.track.key == "deezer:213754"
    assert first.valence == 0.5
    assert first.arousal == pytest.approx(0.1)
    assert (second.valence, second.arousal) == (1, 0)


def test_a_table_of_percentages(tmp_path: Path) -> None:
    head = "track_name,artist(s)_name,valence_%,energy,liveness,key,mode\n"
    found = records(tmp_path, head + "A,B,1,80,0,C#,Major\nC,D,50,7,1,Bb,Minor\n")
    values = [
        (row.valence, row.energy, row.liveness, row.key, row.mode)
        for row in found
        if isinstance(row, FeatureRecord)
    ]
    assert values == [(0.01, 0.8, 0, 1, 1), (0.5, 0.07, 0.01, 10, 0)]


def test_one_value_out_of_range_is_dropped_alone(tmp_path: Path) -> None:
    head = "title,artist,valence,energy,loudness,tempo,key,popularity\n"
    found = records(tmp_path, head + "A,B,0.5,80,-5,x,-1,101\nC,D,0.25,0.5,-200,nan,12,\n")
    skips = [row for row in found if isinstance(row, Skip)]
    assert Counter(skip.reason for skip in skips) == {
        "a value out of range": 3,
        "not a number": 1,
    }
    assert skips[0].where == "line 2: energy 80"
    first, second = (row for row in found if isinstance(row, FeatureRecord))
    assert (first.valence, first.energy, first.loudness, first.popularity) == (0.5, None, -5, None)
    assert (second.valence, second.energy, second.loudness) == (0.25, 0.5, None)
    assert first.key is first.tempo is second.key is second.tempo is None


def test_rows_without_names_need_an_id(tmp_path: Path) -> None:
    head = "id,title,artist,valence\n"
    found = records(tmp_path, f"{head},A,,0.5\n,,B,0.5\n{ONE},,,0.5\n,A,B,0.5\n,A,B,0.5\n")
    assert found[:2] == [
        Skip("no title or no artist", "line 2"),
        Skip("no title or no artist", "line 3"),
    ]
    assert [row.track.key for row in found[2:] if isinstance(row, FeatureRecord)] == [
        f"spotify:{ONE}",
        "",
        "",
    ]


def test_durations_tell_their_unit_by_name_or_size(tmp_path: Path) -> None:
    head = "title,artist,energy,"
    assert one(tmp_path, f"{head}duration\nA,B,0.5,230000\n").track.duration == 230
    assert one(tmp_path, f"{head}duration\nA,B,0.5,230\n").track.duration == 230
    assert one(tmp_path, f"{head}Duration (s)\nA,B,0.5,4000\n").track.duration == 4000
    assert one(tmp_path, f"{head}Duration (ms)\nA,B,0.5,400\n").track.duration == 0.4
    assert one(tmp_path, f"{head}duration\nA,B,0.5,-4\n").track.duration is None


def test_header_only(tmp_path: Path) -> None:
    assert records(tmp_path, TIDY) == []


@pytest.mark.parametrize("data", ["", "a,b\n1,2\n", "title,artist\nA,B\n", "id,valence\n1,2\n"])
def test_no_table_of_songs(tmp_path: Path, data: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(data)
    assert not FeatureTable.recognises(path, data.encode())
    with pytest.raises(SourceError, match="first line should name"):
        records(tmp_path, data)


def test_recognised_by_its_first_line_also_packed() -> None:
    path = Path("/x")
    assert FeatureTable.recognises(path, TIDY.encode())
    assert FeatureTable.recognises(path, gzip.compress(TIDY.encode()))
    assert FeatureTable.recognises(path, "\ufeffSong\tArtist\tValence\n".encode())
    exportify = b'"Track URI","Track Name","Artist Name(s)","Added At","Energy"\n'
    assert not FeatureTable.recognises(path, exportify)
    assert not FeatureTable.recognises(path, b"")
    assert not FeatureTable.recognises(path, b"\xff\xfb\x90\x00" * 9_000)


def test_a_zip_and_a_folder_of_tables(tmp_path: Path) -> None:
    data = "id,title,artist,valence\n{},A,B,0.5\n"
    folder = tmp_path / "all"
    folder.mkdir()
    (folder / "a.csv").write_text(data.format(ONE))
    (folder / "b.TSV.gz").write_bytes(gzip.compress(data.format(TWO).encode()))
    (folder / "README.md").write_text("x")
    archive = tmp_path / "archive.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(folder / "a.csv", "dataset/a.csv")
        file.writestr("dataset/b.csv", data.format(TWO))
    for path, head in ((folder, b""), (archive, archive.read_bytes())):
        assert FeatureTable.recognises(path, head)
        found = [record for part in FeatureTable(path).parts() for record in part.read()]
        keys = [record.track.key for record in found if isinstance(record, FeatureRecord)]
        assert keys == [f"spotify:{ONE}", f"spotify:{TWO}"]
    (folder / "song.mp3").write_bytes(b"")
    assert not FeatureTable.recognises(folder, b"")
    (folder / "song.mp3").unlink()
    (folder / "a.csv").write_text("x,y\n1,2\n")
    assert not FeatureTable.recognises(folder, b"")


def test_a_file_cut_off_gives_what_came_before(tmp_path: Path) -> None:
    rows = "".join(f"Song {n},Artist {n * n},0.{n:05},rock\n" for n in range(1_000, 20_000))
    packed = gzip.compress(b"title,artist,valence,genre\n" + rows.encode())
    path = tmp_path / "songs.csv.gz"
    path.write_bytes(packed[: len(packed) // 100])  # within the rows that tell the units
    (part,) = FeatureTable(path).parts()
    reading = part.read()
    assert isinstance(next(reading), FeatureRecord)
    with pytest.raises(SourceError, match="damaged"):
        list(reading)


def test_control_characters_do_not_survive(tmp_path: Path) -> None:
    record = one(tmp_path, f"title,artist,valence,genre\nA\0\x1bB{'b' * 99},C,0\0.5,\0ro\0ck\n")
    assert (record.track.title, record.track.artist, record.genres) == (
        "AB" + "b" * 99,
        "C",
        ("rock",),
    )


_LETTERS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_HEADERS = st.sampled_from([*TIDY.strip().split(","), "artists", "dzr_sng_id", "genres"])


@given(
    st.lists(_HEADERS, max_size=8, unique=True),
    st.lists(st.lists(_LETTERS | st.floats().map(str), min_size=11, max_size=11), max_size=6),
)
def test_any_cells(names: list[str], rows: list[list[str]]) -> None:
    header = ["title", "artist", "valence", *names]
    columns = FeatureColumns.of(header, [row[: len(header)] for row in rows])
    for row in rows:
        track = columns.track(row)
        for record in columns.features(row, track, columns.genres_of(row), "here"):
            if isinstance(record, FeatureRecord):
                assert record.valence is None or 0 <= record.valence <= 1
                assert "\0" not in record.track.title + "".join(record.genres)


@given(st.lists(st.text(max_size=9), max_size=4))
def test_a_python_list_is_taken_apart_as_python_does(names: list[str]) -> None:
    plain = [name for name in names if name.isprintable() and name.strip() == name and name]
    plain = [name for name in plain if name.isascii()]
    assert listed(repr(plain), ",") == tuple(plain)


def test_lists_and_names_in_brackets() -> None:
    assert listed("[:SITD:]", ";") == ("[:SITD:]",)
    assert listed("[]", ",") == ()
    assert listed("[\"a\", 'b',]", ",") == ("a", "b")
    assert listed("[" * 50_000, ",") == ("[" * 1_000,)
    assert listed("['" + "a','" * 20_000, ";")[0].startswith("['a'")


def test_commas_part_artists_only_where_the_ids_agree() -> None:
    two = f"spotify:artist:{ONE}, spotify:artist:{TWO}"
    keys = (f"spotify:{ONE}", f"spotify:{TWO}")
    assert credited("A, B", two) == ("A, B", ("A", "B"), keys)
    assert credited("Earth, Wind & Fire, B", two) == ("Earth, Wind & Fire, B", (), ())
    assert credited("Tyler\\, The Creator, B", two)[1] == ("Tyler, The Creator", "B")
    assert credited("Earth, Wind & Fire", f"spotify:artist:{ONE}")[1:] == (
        ("Earth, Wind & Fire",),
        (f"spotify:{ONE}",),
    )
    assert credited("A, B", "")[1:] == ((), ())
    assert credited("", "") == ("", (), ())


def test_keys_of_one_kind_only() -> None:
    assert spotify_key(f"spotify:artist:{ONE}", "artist") == f"spotify:{ONE}"
    assert spotify_key(f"https://open.spotify.com/track/{ONE}?si=1") == f"spotify:{ONE}"
    for wrong in (f"spotify:episode:{ONE}", ONE[1:], ONE + "\n", "é" * 22, ""):
        assert spotify_key(wrong) == ""


def test_column_names() -> None:
    assert column_name("  Track_Duration (ms) ") == "trackdurationms"


def test_real_table(shared: Path) -> None:
    path = shared / "data" / "spotify_songs.csv.gz"
    (part,) = FeatureTable(path).parts()
    found = list(part.read())
    songs = [record for record in found if isinstance(record, FeatureRecord)]
    assert len(songs) == len({song.track.key for song in songs}) == 28_356
    assert Counter(skip.reason for skip in found if isinstance(skip, Skip)) == {
        "another row of the same song": 32_833 - 28_356
    }
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    of_first = {row["playlist_genre"] for row in rows if row["track_id"] == rows[0]["track_id"]}
    assert of_first <= set(songs[0].genres)
    assert songs[0].valence == float(rows[0]["valence"])


def test_real_mood_table(shared: Path) -> None:
    (part,) = FeatureTable(shared / "data" / "deezer_mood" / "train.csv.gz").parts()
    songs = [record for record in part.read() if isinstance(record, FeatureRecord)]
    assert len(songs) == 11_267
    assert sum(song.valence or 0 for song in songs) / len(songs) == pytest.approx(0.5, abs=0.02)
    assert all(song.track.key.startswith("deezer:") for song in songs)


def test_a_stream_of_junk_is_no_table() -> None:
    assert FeatureColumns.of(()).tell_sound is False
    assert not FeatureTable.recognises(Path("/x"), io.BytesIO(bytes(range(256)) * 99).read())
