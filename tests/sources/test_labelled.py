from __future__ import annotations

import os
import shutil
import unicodedata
import wave
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segue.catalog.incoming import Skip
from segue.errors import SourceError
from segue.sources.labelled import Labelled, LabelledFile, read_labelled, read_split


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


def told(labelled: Labelled, folder: Path) -> list[tuple[str, str]]:
    root = os.fsencode(folder) + b"/"
    return [(f.path.removeprefix(root).decode(), f.genre) for f in labelled.files]


def reasons(skipped: tuple[Skip, ...]) -> list[tuple[str, str]]:
    return [(skip.reason, skip.where) for skip in skipped]


def table(folder: Path, text: str | bytes, name: str = "genres.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


# A folder of folders.


def test_each_folder_is_a_genre(tmp_path: Path) -> None:
    touch(tmp_path, "rock/rock.00001.au", "blues/blues.00000.au", "blues/deep/down/x.mp3")
    touch(tmp_path, "blues/notes.txt", "blues/.hidden.au", ".git/y.au")
    found = read_labelled(tmp_path)
    assert told(found, tmp_path) == [
        ("blues/blues.00000.au", "blues"),
        ("blues/deep/down/x.mp3", "blues"),
        ("rock/rock.00001.au", "rock"),
    ]
    assert found.skipped == ()


def test_the_order_is_that_of_paths_whatever_the_walk(tmp_path: Path) -> None:
    touch(tmp_path, "b/2.mp3", "b/10.mp3", "c/1.mp3", "a-b/1.mp3", "a/1.mp3")
    paths = [file.path for file in read_labelled(tmp_path).files]
    assert paths == sorted(paths)
    assert len(paths) == 5


def test_what_is_no_genre_is_told(tmp_path: Path) -> None:
    touch(tmp_path, "a/1.mp3", "b/1.mp3", "stray.mp3", "readme.txt")
    (tmp_path / "empty").mkdir()
    touch(tmp_path, "pictures/blues.png", ".hidden/1.txt")
    assert reasons(read_labelled(tmp_path).skipped) == [
        ("not in a genre's folder", "stray.mp3"),
        ("a genre's folder without audio", "empty"),
        ("a genre's folder without audio", "pictures"),
    ]


def test_a_folder_that_cannot_be_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path, "a/1.mp3", "b/1.mp3", "c/1.mp3")
    real = os.scandir

    def refuse(path: bytes) -> object:
        if path == os.fsencode(tmp_path / "c"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = read_labelled(tmp_path)
    assert ("folder cannot be read", "c") in reasons(found.skipped)
    assert {file.genre for file in found.files} == {"a", "b"}


def test_genres_are_compared_without_case_and_form(tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "Música")
    touch(tmp_path, "1 Rock/a.mp3", " 1 rock /b.mp3", f"{decomposed}/a.mp3", "música/b.mp3")
    found = read_labelled(tmp_path)
    assert sorted({file.genre for file in found.files}) == ["1 rock", "Música"]
    assert len(found.files) == 4


def test_names_that_are_not_utf8_are_kept_in_paths(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/caf\xe9"
    os.mkdir(folder)
    Path(os.fsdecode(folder + b"/\xff.mp3")).write_bytes(b"")
    touch(tmp_path, "zouk/1.mp3")
    first = read_labelled(tmp_path).files[0]
    assert first.path == folder + b"/\xff.mp3"
    assert first.genre == "caf\N{REPLACEMENT CHARACTER}"


def test_tags_and_paths_below_the_genre_tell_the_rest(tmp_path: Path) -> None:
    import av

    path = tmp_path / "Zouk" / "whatever.flac"
    path.parent.mkdir()
    with av.open(str(path), "w") as out:
        out.metadata.update({"artist": "Kassav'", "title": "Zouk-la", "album": "An-ba-chen"})
        stream = out.add_stream("flac", rate=16_000, layout="mono")
        frame = av.AudioFrame(format="s16", layout="mono", samples=16_000)
        frame.sample_rate = 16_000
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    touch(tmp_path, "Power Metal/01 - Iron.mp3", "Power Metal/blues.00001.au")
    touch(tmp_path, "Power Metal/Sabaton/Heroes/03 - Smoking Snakes.mp3")
    touch(tmp_path, "Power Metal/Manowar - Kings.mp3")
    known = {Path(os.fsdecode(f.path)).name: f for f in read_labelled(tmp_path).files}
    snakes = known["03 - Smoking Snakes.mp3"]
    assert (snakes.artist, snakes.title, snakes.album) == ("Sabaton", "Smoking Snakes", "Heroes")
    assert known["Manowar - Kings.mp3"].artist == "Manowar"
    tagged = known["whatever.flac"]
    assert (tagged.artist, tagged.title, tagged.album) == ("Kassav'", "Zouk-la", "An-ba-chen")
    # Neither the genre's folder nor a name made of the genre may pass for an album or a title.
    for name in ("01 - Iron.mp3", "blues.00001.au"):
        assert (known[name].artist, known[name].title, known[name].album) == ("", "", "")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((), "holds no audio file with a genre; expected a folder for each genre"),
        (
            ("1.mp3", "2.mp3"),
            r"no audio .*left out: 2 not in a genre's folder\); expected a folder",
        ),
        (("a/1.mp3",), "one genre only, a; expected two or more"),
        (("a/1.mp3", "A/2.mp3"), "one genre only"),
        (("data/blues/1.au", "data/rock/1.au"), r"if its folders are the genres, give .*/data$"),
        ((".nomedia", "a/1.mp3", "b/1.mp3"), r"holds \.nomedia"),
    ],
)
def test_a_folder_of_another_layout_is_refused(
    tmp_path: Path, names: tuple[str, ...], message: str
) -> None:
    touch(tmp_path, *names)
    with pytest.raises(SourceError, match=message):
        read_labelled(tmp_path)


def test_what_is_not_there_or_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be reached"):
        read_labelled(tmp_path / "nothing")
    with pytest.raises(SourceError, match="cannot be reached"):
        read_labelled(tmp_path / "nul\0")
    touch(tmp_path, "one.mp3")
    with pytest.raises(SourceError, match="is one audio file; expected a folder"):
        read_labelled(tmp_path / "one.mp3")


# A table.


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_tables_are_read_in_any_order_of_columns(
    tmp_path: Path, separator: str, mark: bytes
) -> None:
    touch(tmp_path, "a/1.mp3", "2.opus")
    rows = [
        ["Genre", "extra", "FILE", "artist", "title", "album"],
        ["Rock", "x", "a/1.mp3", " Björk ", "T", "A"],
        ["rock", "", str(tmp_path / "2.opus"), "", "", ""],
        ["Jazz", "", "a/../a/1.mp3", "", "", ""],
        ["Jazz", "", "gone.mp3", "", "", ""],
        ["", "", "2.opus", "", "", ""],
        ["Jazz", "", " ", "", "", ""],
        ["Jazz", "", "a", "", "", ""],
        ["short"],
    ]
    touch(tmp_path, "3.wav")
    rows.append(["Blues", "", "a\\..\\3.wav", "", "", ""])
    text = "\n".join(separator.join(row) for row in rows)
    found = read_labelled(table(tmp_path, mark + text.encode()))
    assert found.files == (
        LabelledFile(os.fsencode(tmp_path / "2.opus"), "rock"),
        LabelledFile(os.fsencode(tmp_path / "3.wav"), "Blues"),
        LabelledFile(os.fsencode(tmp_path / "a/1.mp3"), "rock", "Björk", "T", "A"),
    )
    assert reasons(found.skipped) == [
        ("listed twice", "a/1.mp3"),
        ("no such file", "line 5: gone.mp3"),
        ("no genre", "line 6"),
        ("no file", "line 7"),
        ("no such file", "line 8: a"),
        ("wrong number of cells", "line 9"),
    ]


def test_a_table_needs_no_more_than_file_and_genre(tmp_path: Path) -> None:
    touch(tmp_path, "x - y.mp3", "2.mp3")
    path = table(tmp_path, 'file,genre\n"x - y.mp3",a\n2.mp3,b\n', "labels.txt")
    assert told(read_labelled(path), tmp_path) == [("2.mp3", "b"), ("x - y.mp3", "a")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", r"no column file and no column genre \(its first line: empty\)"),
        (b"path,genre\na.mp3,x\n", r"no column file \(its first line: path, genre\); expected a"),
        (b"file,style\na.mp3,x\n", r"genres\.csv: the table has no column genre"),
        (b"file,genre\na.mp3,x\n", r"holds no audio file with a genre .*1 no such file"),
        (b"file,genre\n" + b"x" * 2_000_000, "is longer than"),
    ],
)
def test_another_table_is_refused(tmp_path: Path, text: bytes, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        read_labelled(table(tmp_path, text))


@given(st.lists(st.lists(st.text(max_size=8), min_size=1, max_size=4), max_size=6), st.binary())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_no_table_breaks_it(tmp_path: Path, rows: list[list[str]], tail: bytes) -> None:
    touch(tmp_path, "1.mp3", "2.mp3")
    text = "file,genre,artist\n1.mp3,a,x\n2.mp3,b,\n" + "\n".join(",".join(row) for row in rows)
    try:
        found = read_labelled(table(tmp_path, text.encode("utf-8", "surrogatepass") + tail))
    except SourceError:
        return
    for file in found.files:
        assert os.path.isfile(file.path)
        for value in (file.genre, file.artist, file.title, file.album):
            value.encode()  # no lone surrogate
            assert "\0" not in value


# The lists of a split.


@pytest.fixture
def gtzan(tmp_path: Path) -> Path:
    for genre in ("blues", "rock"):
        touch(tmp_path, *(f"genres/{genre}/{genre}.0000{i}.au" for i in range(4)))
    return tmp_path


def write_lists(folder: Path, train: str, valid: str, test: str) -> None:
    for name, text in (("train", train), ("valid", valid), ("test", test)):
        (folder / f"{name}_filtered.txt").write_text(text)


def test_a_split_is_read_by_genre_and_name(gtzan: Path) -> None:
    labelled = read_labelled(gtzan / "genres")
    write_lists(
        gtzan,
        "blues/blues.00000.wav\nrock/rock.00000.wav\r\n\nrock/rock.00099.wav\n",
        "Rock\\ROCK.00001.WAV\nblues.00003.wav\n",
        "blues/blues.00002.au\nx/genres/rock/rock.00003\nblues/blues.00002.wav\n",
    )
    split = read_split(gtzan, labelled)
    assert split.train.tolist() == [0, 4]
    assert split.valid.tolist() == [5]
    assert split.test.tolist() == [2, 7]
    assert split.train.dtype == "int64"
    assert reasons(split.skipped) == [
        ("no such file", "train_filtered.txt, line 4: rock/rock.00099.wav"),
        ("no such file", "valid_filtered.txt, line 2: blues.00003.wav"),
        ("listed twice", "test_filtered.txt, line 3: blues/blues.00002.wav"),
    ]


def test_all_files_of_a_name_are_meant(gtzan: Path) -> None:
    touch(gtzan / "genres", "blues/blues.00000.mp3")
    write_lists(gtzan, "blues/blues.00000.wav", "rock/rock.00001.wav", "rock/rock.00002.wav")
    assert read_split(gtzan, read_labelled(gtzan / "genres")).train.tolist() == [0, 1]


def test_a_file_in_two_lists_is_an_error(gtzan: Path) -> None:
    labelled = read_labelled(gtzan / "genres")
    write_lists(gtzan, "blues/blues.00000.wav", "rock/rock.00001.wav", "blues/blues.00000.au")
    with pytest.raises(SourceError, match=r"line 1: blues.* stands in train_filtered\.txt, too"):
        read_split(gtzan, labelled)


def test_lists_that_are_missing_or_of_other_files_are_errors(gtzan: Path) -> None:
    labelled = read_labelled(gtzan / "genres")
    write_lists(gtzan, "blues/blues.00000.wav", "rock/rock.00001.wav", "jazz/jazz.00001.wav\n")
    with pytest.raises(SourceError, match=r"test_filtered\.txt names none of the 8 files"):
        read_split(gtzan, labelled)
    (gtzan / "valid_filtered.txt").unlink()
    with pytest.raises(SourceError, match=r"valid_filtered\.txt cannot be read"):
        read_split(gtzan, labelled)


def test_the_real_clips_make_a_table(shared: Path, tmp_path: Path) -> None:
    clips = sorted((shared / "data" / "moods4q").glob("*.opus"))[:4]
    for clip in clips:
        shutil.copy(clip, tmp_path)
    rows = "".join(f"{clip.name},{genre}\n" for clip, genre in zip(clips, "abab", strict=True))
    found = read_labelled(table(tmp_path, "file,genre\n" + rows))
    assert [file.genre for file in found.files] == ["a", "b", "a", "b"]


def test_a_wave_file_without_tags_has_only_its_genre(tmp_path: Path) -> None:
    for genre in ("blues", "rock"):
        (tmp_path / genre).mkdir()
        with wave.open(str(tmp_path / genre / f"{genre}.00000.wav"), "wb") as out:
            out.setparams((1, 2, 22_050, 0, "NONE", ""))
            out.writeframes(bytes(100))
    for file in read_labelled(tmp_path).files:
        assert (file.artist, file.title, file.album) == ("", "", "")
