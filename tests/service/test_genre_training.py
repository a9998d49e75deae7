from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest

import segue
from segue.audio.demo import PIECES
from segue.errors import EarError, LibraryError, NotFoundError, SourceError, UsageError
from segue.service.genre_listening import HeardFile, listen
from segue.service.genre_training import (
    GenreProgress,
    TrainingSet,
    evaluate_genres,
    read_training_set,
)
from sounds import tone, write


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory, demo_music: Path) -> Path:
    """Return a folder of folders with five songs of some styles, one broken, and one copy."""
    top = tmp_path_factory.mktemp("labelled")
    styles = list(dict.fromkeys(piece.style for piece in PIECES))[:4]
    for piece in PIECES:
        if piece.style in styles:
            (found,) = demo_music.glob(f"{piece.artist}/{piece.album}/*{piece.title}.flac")
            (top / piece.style).mkdir(exist_ok=True)
            shutil.copyfile(found, top / piece.style / f"{piece.title}.flac")
    one = sorted((top / styles[0]).iterdir())[0]
    shutil.copyfile(one, one.with_name("the same again.flac"))
    (top / styles[1] / "broken.flac").write_bytes(b"fLaC" + bytes(100))
    return top


@pytest.fixture(scope="module")
def tables(labelled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the same as a CSV that gives every song an artist of its own."""
    path = tmp_path_factory.mktemp("tables") / "songs.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "genre", "artist"])
        for number, each in enumerate(sorted(labelled.glob("*/*.flac"))):
            rows.writerow([each, each.parent.name, f"artist {number}"])
    return path


def test_what_is_read_of_a_folder(labelled: Path, ear_folder: Path) -> None:
    told: list[GenreProgress] = []
    songs = read_training_set(labelled, "probe", ear_folder, told.append)
    assert len(songs.genres) == 4
    assert songs.labels.max() == 3
    assert all(heard.features.shape[1] == 400 for heard in songs.heard)
    assert [path.endswith("broken.flac") for path, _ in songs.problems] == [True]
    copies = [tuple(songs.files[i].path for i in pair) for pair in songs.duplicates]
    assert any(b"the same again" in first + copy for first, copy in copies)
    (first, copy) = songs.duplicates[0]
    assert songs.groups[first] == songs.groups[copy]
    assert told[-1].done == told[-1].total == len(songs.files) + 1


def test_a_probe_tells_styles_that_differ(tables: Path, ear_folder: Path) -> None:
    found = evaluate_genres(tables, "probe", ear_folder, n_folds=3)
    assert found.scores.accuracy > 0.8
    assert found.scores.n == found.scores.confusion.sum()
    value = found.to_json()
    assert set(value["vote"]) == {"mean", "majority", "most_certain"}
    assert 0 < value["chunk_accuracy"] <= 1
    assert value["n"] == found.scores.n
    assert len(value["confusion"]) == len(value["labels"]) == 4
    assert len(value["mistakes"]) == round((1 - value["accuracy"]) * value["n"])
    again = evaluate_genres(tables, "probe", ear_folder, n_folds=3).to_json()
    assert {**again, "seconds": 0} == {**value, "seconds": 0}


def test_a_split_by_lists(tables: Path, ear_folder: Path, tmp_path: Path) -> None:
    with tables.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if "broken" not in row["file"]]
    lists: dict[str, list[str]] = {"train": [], "valid": [], "test": []}
    seen: dict[str, int] = {}
    for row in rows:
        number = seen[row["genre"]] = seen.get(row["genre"], -1) + 1
        name = "test" if number == 0 else "valid" if number == 1 else "train"
        lists[name].append(f"{row['genre']}/{Path(row['file']).stem}.wav")
    lists["test"].append(f"{rows[0]['genre']}/not there.wav")
    for name, lines in lists.items():
        (tmp_path / f"{name}_filtered.txt").write_text("\n".join(lines), "utf-8")
    found = evaluate_genres(tables, "probe", ear_folder, split=tmp_path)
    assert (found.scores.n, found.n_folds) == (4, 1)
    assert found.scores.confusion.sum() == 4
    assert any("not there" in where for where, _ in found.problems)
    first = lists["test"][0].partition("/")[0]
    kept = [line for line in lists["train"] if not line.startswith(f"{first}/")]
    (tmp_path / "train_filtered.txt").write_text("\n".join(kept), "utf-8")
    valid = [line for line in lists["valid"] if not line.startswith(f"{first}/")]
    (tmp_path / "valid_filtered.txt").write_text("\n".join(valid), "utf-8")
    with pytest.raises(UsageError, match=f"no song of {first} to learn from"):
        evaluate_genres(tables, "probe", ear_folder, split=tmp_path)


def test_a_library_learns_and_tells(labelled: Path, ear_folder: Path, tmp_path: Path) -> None:
    assert ear_folder
    with segue.open(tmp_path / "library") as library:
        with pytest.raises(NotFoundError, match="segue genre train"):
            library.predict_genres([tmp_path])
        done = library.train_genres(labelled)
        assert done.network == "probe"
        assert done.songs == len(list(labelled.glob("*/*.flac"))) - 1
        known = sorted(labelled.glob("*/*.flac"))
        guesses = library.predict_genres([*known, tmp_path / "missing.flac"])
    right = [
        guess.likeliest == file.parent.name
        for guess, file in zip(guesses[:-1], known, strict=True)
        if file.name != "broken.flac"
    ]
    assert np.mean(right) > 0.9
    for guess in guesses:
        assert guess.genre == (guess.likeliest if guess.certainty >= 0.5 else "unknown")
    assert guesses[-1].problem is not None
    with segue.open(tmp_path / "library") as library:  # as stored
        assert library.predict_genres(known) == guesses[:-1]


def test_every_song_of_a_library(labelled: Path, ear_folder: Path, tmp_path: Path) -> None:
    assert ear_folder
    with segue.open(tmp_path / "library") as library:
        library.add(labelled, workers=1)
        with pytest.raises(NotFoundError, match="segue genre train"):
            library.label_genres()
        library.train_genres(labelled)
        done = library.label_genres()
        songs = library.status()["tracks"]
        assert sum(done.genres.values()) == songs
        assert library.label_genres().genres == {}
        track = library.search("the same again")[0] if library.search("the same again") else None
        some = track or library.search(sorted(labelled.glob("*/*.flac"))[-1].stem)[0]
        told = library.show(some.id)["heard_genre"]
        assert told["genre"] in {None, *(folder.name for folder in labelled.iterdir())}
        assert 0 < told["certainty"] <= 1
        library.train_genres(labelled)  # another detector is asked anew
        assert sum(library.label_genres().genres.values()) == songs


def test_a_damaged_detector(labelled: Path, ear_folder: Path, tmp_path: Path) -> None:
    assert ear_folder
    with segue.open(tmp_path / "library") as library:
        library.train_genres(labelled)
        (file,) = (tmp_path / "library").glob("detectors/genre/*/coefficients.npy")
        file.write_bytes(b"no array")
        with pytest.raises(LibraryError):
            library.predict_genres([tmp_path / "any.flac"])


def test_a_network_learns_is_kept_and_tells(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    for genre, pitch in (("high", 2000), ("low", 110)):
        for number in range(3):
            place = tmp_path / "music" / genre / f"{number}.flac"
            write(place, tone(pitch + number, 4.0), 44_100, "FLAC", "PCM_16")
    told: list[GenreProgress] = []
    with segue.open(tmp_path / "library") as library:
        done = library.train_genres(
            tmp_path / "music", network="cookbook", epochs=2, on_progress=told.append
        )
        assert (done.network, done.genres) == ("cookbook", ("high", "low"))
        assert not list((tmp_path / "library" / "detectors").glob("*.checkpoint"))
        guesses = library.predict_genres([tmp_path / "music" / "high" / "0.flac"])
    assert guesses[0].likeliest in ("high", "low")
    assert [state.done for state in told if state.loss is not None] == [1, 2]


def test_what_cannot_be_learned_from(tmp_path: Path, ear_folder: Path) -> None:
    with pytest.raises(UsageError, match="no network 'vgg'"):
        read_training_set(tmp_path, "vgg", ear_folder)
    for genre in ("a", "b"):
        write(tmp_path / "short" / genre / "1.flac", tone(440, 0.5), 44_100, "FLAC", "PCM_16")
    with pytest.raises(SourceError, match="of 0 genres, expected two or more; 2 files were left"):
        read_training_set(tmp_path / "short", "probe", ear_folder)
    with pytest.raises(EarError, match="segue ear install"):
        listen([b"x"], "ear", tmp_path / "nothing")
    with pytest.raises(UsageError, match="at least 2"):
        evaluate_genres(tmp_path, "probe", ear_folder, n_folds=1)


def test_the_fingerprint_is_of_audio_and_genres(labelled: Path, ear_folder: Path) -> None:
    one = read_training_set(labelled, "probe", ear_folder)
    other = TrainingSet(one.kind, one.files[::-1], one.heard[::-1], one.genres, one.labels[::-1])
    assert one.fingerprint != other.fingerprint
    assert all(isinstance(heard, HeardFile) and heard.seconds > 1 for heard in one.heard)
