from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import segue
from segue.audio.demo import PIECES, render
from segue.config import EAR_VARIABLE
from segue.errors import AudioError, EarError, NotFoundError, UsageError
from segue.service.library import Library
from sounds import song, write

STYLE = {piece.title: piece.style for piece in PIECES}


@pytest.fixture
def library(demo_library: Path) -> Iterator[Library]:
    with segue.open(demo_library, read_only=True) as library:
        yield library


def test_what_sounds_alike_comes_first(library: Library) -> None:
    """Four others share a piece's style: most of them are found among the nearest four."""
    right = sum(
        STYLE[hit.title] == STYLE[track.title]
        for track in library.tracks()
        for hit in library.similar(track.id, k=4)
    )
    assert right / (4 * len(PIECES)) > 0.75


def test_an_answer_is_in_order_without_the_song_itself(library: Library) -> None:
    for track in itertools.islice(library.tracks(), 5):
        answer = library.similar(track.id, k=12)
        assert answer.seed == track
        assert len(answer) == 12
        assert len({hit.id for hit in answer} | {track.id}) == 13
        scores = [hit.score for hit in answer]
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= score <= 1 for score in scores)
        assert all(hit.path is not None and os.path.exists(hit.path) for hit in answer)


def test_fewer_answers_are_a_beginning_of_more(library: Library) -> None:
    many = library.similar(3, k=20)
    assert list(library.similar(3, k=4)) == list(many[:4])


def test_more_than_there_are(library: Library) -> None:
    assert len(library.similar(3, k=1_000)) == len(PIECES) - 1


def test_a_song_can_be_named_in_many_ways(library: Library) -> None:
    track = library.find("Hedgerow")
    assert track.path is not None
    expected = list(library.similar(track.id))
    for song_ in (
        str(track.id),
        "hedgrow ines alder",
        os.fsdecode(track.path),
        Path(os.fsdecode(track.path)),
    ):
        assert list(library.similar(song_)) == expected


def test_reasons_are_words_of_both(library: Library) -> None:
    words = {track.id: set(library.show(track.id)["words"]) for track in library.tracks()}
    given = 0
    for track in itertools.islice(library.tracks(), 8):
        for hit in library.similar(track.id, k=5):
            shared = words[track.id] & words[hit.id]
            assert bool(hit.reasons) == bool(shared)
            for reason in hit.reasons:
                said = reason.removeprefix("both: ").split(", ")
                assert set(said) <= shared
                assert 1 <= len(said) <= 4
                given += 1
    assert given > 10


def test_only_songs_with_words_or_without(library: Library) -> None:
    words = {track.id: set(library.show(track.id)["words"]) for track in library.tracks()}
    common = next(word for word, n in library.words().items() if 5 < n < 30)
    having = library.similar(1, k=50, having=[common])
    assert {hit.id for hit in having} == {i for i, w in words.items() if common in w} - {1}
    lacking = library.similar(1, k=50, lacking=[common])
    assert {hit.id for hit in lacking} == {i for i, w in words.items() if common not in w} - {1}
    assert len(library.similar(1, k=50, having=[common], lacking=[common])) == 0


@pytest.mark.parametrize("option", ["having", "lacking"])
def test_a_word_the_ear_does_not_know(library: Library, option: str) -> None:
    with pytest.raises(UsageError, match=r"'polka' is not a word of the ear"):
        library.similar(1, **{option: ["polka"]})  # type: ignore[arg-type]


@pytest.mark.parametrize("k", [0, -3])
def test_k_below_one(library: Library, k: int) -> None:
    with pytest.raises(UsageError, match=f"k is {k}"):
        library.similar(1, k=k)


def test_what_is_not_there(library: Library, tmp_path: Path) -> None:
    for song_ in (4_000, "qqqq zzzz", tmp_path / "absent.mp3"):
        with pytest.raises(NotFoundError):
            library.similar(song_)


def test_a_file_outside_the_library(library: Library, tmp_path: Path) -> None:
    piece = PIECES[0]
    new = render(type(piece)("New", "Nobody", "", piece.style, 128, 4, 0, 999, 24.0), 22_050)
    path = write(tmp_path / "Nobody - New.ogg", new, 22_050, "OGG", "VORBIS")
    answer = library.similar(path, k=4)
    assert answer.seed.id == 0
    assert (answer.seed.title, answer.seed.path) == ("New", os.fsencode(path))
    assert sum(STYLE[hit.title] == piece.style for hit in answer) >= 3
    assert answer[0].reasons
    assert library.status()["tracks"] == len(PIECES)


def test_a_file_of_the_library_in_another_encoding_does_not_find_itself(
    library: Library, tmp_path: Path
) -> None:
    import soundfile

    for track in itertools.islice(library.tracks(), 0, 40, 8):
        assert track.path is not None
        sound, rate = soundfile.read(os.fsdecode(track.path), dtype="float32")
        path = write(tmp_path / f"{track.id}.mp3", sound.T, rate, "MP3", "MPEG_LAYER_III")
        assert track.id not in [hit.id for hit in library.similar(path, k=20)]


def test_a_file_outside_that_cannot_be_heard(library: Library, tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_text("Dear diary")
    with pytest.raises(AudioError):
        library.similar(tmp_path / "a.mp3")


def test_a_file_outside_needs_the_ear_that_heard_the_library(
    demo_library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = song(tmp_path / "a.flac")
    monkeypatch.setenv(EAR_VARIABLE, str(tmp_path / "no-ear"))
    with segue.open(demo_library, read_only=True) as library:
        assert len(library.similar(1)) == 10  # what was heard is known
        with pytest.raises(EarError, match="segue ear install"):
            library.similar(path)


def test_one_recording_is_answered_once(tmp_path: Path, ear_folder: Path) -> None:
    """Three pieces, each as FLAC and as Vorbis under other tags."""
    assert ear_folder
    music = tmp_path / "music"
    for piece in (PIECES[0], PIECES[1], PIECES[20]):
        sound = render(piece)
        write(music / f"{piece.seed}.flac", sound, 44_100, "FLAC", "PCM_16", title=piece.title)
        write(
            music / f"{piece.seed}.ogg", sound, 44_100, "OGG", "VORBIS", title=f"{piece.title} (HD)"
        )
    with segue.open(tmp_path / "library") as library:
        library.add(music)
        assert library.status()["tracks"] == 6
        for track in library.tracks():
            found = [hit.title.removesuffix(" (HD)") for hit in library.similar(track.id, k=6)]
            others = {PIECES[0].title, PIECES[1].title, PIECES[20].title}
            assert sorted(found) == sorted(others - {track.title.removesuffix(" (HD)")})


def test_songs_that_are_gone_are_not_answered(demo_library: Path, tmp_path: Path) -> None:
    shutil.copytree(demo_library, tmp_path / "library")
    with segue.open(tmp_path / "library") as library:
        first = library.similar(1)[0]
        known = library._catalog.files.of_track(first.id)
        library._catalog.mark([file.id for file in known], "missing")
        assert first.id not in [hit.id for hit in library.similar(1, k=50)]
        # A song whose file is gone can still be asked about: what was heard of it is known.
        assert len(library.similar(first.id)) == 10


def test_an_empty_library(tmp_path: Path) -> None:
    path = song(tmp_path / "a.flac")
    with segue.open(tmp_path / "library") as library, pytest.raises(NotFoundError, match="empty"):
        library.similar(path)


def test_answers_are_the_same_every_time(demo_library: Path) -> None:
    answers = []
    for _ in range(2):
        with segue.open(demo_library, read_only=True) as library:
            answers.append([(hit.id, np.float32(hit.score)) for hit in library.similar(7, k=15)])
    assert answers[0] == answers[1]
