from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import segue
from company import (
    MODELS,
    NUMBERS,
    TITLES,
    T,
    database_of,
    group_of,
    listens,
    open_library,
    piece,
    playlists,
    write,
)
from incoming import ids_of, playlist
from planted import plant_file
from segue import Filters, Recommendation, Wish
from segue.catalog.incoming import ListenRecord, PlayCountRecord
from segue.errors import LibraryError, NotFoundError, UsageError
from segue.service import recommending
from segue.service.library import Library
from segue.service.start import HALF_LIFE

DAY = 86_400


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with open_library(tmp_path / "library") as library:
        library.fit(*MODELS)
        yield library


def groups(answer: Recommendation) -> list[str]:
    return [group_of(hit.title) for hit in answer]


def titles(answer: Recommendation) -> set[str]:
    return {hit.title for hit in answer}


def id_of(library: Library, key: str) -> int:
    return ids_of(database_of(library), [f"spotify:{key}"])[0]


def test_likes_bring_what_stands_with_them(library: Library) -> None:
    for model in ("item_knn", "playlist_knn"):
        for group in ("granite", "velvet", "neon"):
            wish = Wish(likes=[f"{group} one", f"{group} two"], model=model, k=7)
            answer = library.recommend(wish)
            assert groups(answer) == [group] * 7
            assert not titles(answer) & {f"{group} One".title(), f"{group} Two".title()}
            assert answer.model == model
            assert [track.title for track in answer.likes] == [
                f"{group} {number}".title() for number in ("one", "two")
            ]
            assert answer.weights == (1.0, 1.0)
            assert all(len(hit.reasons) == 1 for hit in answer)


def test_one_song_several_or_a_wish(library: Library) -> None:
    one = library.recommend("neon one", 3)
    assert library.recommend(["neon one"], 3).to_json() == one.to_json()
    assert library.recommend(Wish(likes=["neon one"]), 3).to_json() == one.to_json()
    assert library.recommend(one.likes[0].id, 3).to_json() == one.to_json()
    assert len(library.recommend("neon one")) == 10
    json.dumps(one.to_json())
    assert one[0] == one.hits[0]
    assert one[:2] == one.hits[:2]


def test_reasons_name_the_song_they_rest_on(library: Library) -> None:
    hit = library.recommend(Wish(likes=["neon one"], model="item_knn"), 1)[0]
    assert hit.reasons[0].startswith("in ")
    assert hit.reasons[0].endswith(" together with Neon One")
    hit = library.recommend(Wish(likes=["neon one"], model="playlist_knn"), 1)[0]
    assert "alike playlists have it" in hit.reasons[0]
    hit = library.recommend(Wish(likes=["neon one"], model="popularity"), 1)[0]
    assert hit.reasons[0].startswith("in ")
    assert hit.reasons[0].endswith(" playlists")


def test_a_song_too_rare_falls_back_on_its_artist_and_says_so(library: Library) -> None:
    write(library, [playlist("million_playlist:late", piece("velvet", 9))])
    answer = library.recommend(Wish(likes=["velvet ten"], model="item_knn"), 3)
    assert groups(answer) == ["velvet"] * 3
    assert {hit.reasons[0] for hit in answer} == {
        "in playlists with others of its album: Velvet Ten itself is too rare"
    }


def test_never_another_pressing_unless_asked(tmp_path: Path) -> None:
    again = [piece("neon", i, key=f"spotify:again{i}", album="Best Of") for i in range(9)]
    both = [
        playlist(
            f"million_playlist:both{i}", *again[i : i + 4], *(piece("neon", j) for j in range(9))
        )
        for i in range(6)
    ]
    with open_library(tmp_path, [*playlists(), *both]) as library:
        library.fit("item_knn")
        answer = library.recommend("neon one", 20)
        named = [hit.title for hit in answer if group_of(hit.title) == "neon"]
        assert sorted(named) == sorted({f"Neon {n}".title() for n in NUMBERS[1:9]})
        more = library.recommend(Wish(likes=["neon one"], versions=True, k=40))
        named = [hit.title for hit in more if group_of(hit.title) == "neon"]
        assert named.count("Neon One") == 1  # the other pressing
        assert named.count("Neon Two") == 2


def test_songs_merged_after_the_fit_are_found_both_ways(tmp_path: Path) -> None:
    apart = [piece("neon", i, key=f"netease:{i}") for i in range(9)]
    rows = [
        playlist(f"netease:{row}", *(apart[(row + j) % 9] for j in range(5))) for row in range(9)
    ]
    with open_library(tmp_path) as library:
        write(library, rows, kind="netease")
        undone = library.undo_merges()
        assert len(undone) == 9
        library.fit("item_knn")
        for merge, _, _ in undone:
            library.accept_merge(merge.track_id, merge.into_id)
        answer = library.recommend("neon one", 30)
        assert answer.likes[0].id == undone[0][0].into_id
        found = [hit.id for hit in answer]
        assert len(set(found)) == len(found)
        assert not set(found) & {merge.track_id for merge, _, _ in undone}
        assert groups(answer)[:8] == ["neon"] * 8
        # A song that the model knows by its other number alone is known all the same.
        library.undo_merges()
        library.remove_source(1)
        library.fit("item_knn", force=True)
        write(library, playlists())
        answer = library.recommend("neon one", 30)
        assert "together with Neon One" in answer[0].reasons[0]


def test_tracks_that_went_after_the_fit_are_no_answers(library: Library) -> None:
    with database_of(library).transaction() as connection:
        connection.execute("DELETE FROM track WHERE key = 'spotify:neon3'")
    answer = library.recommend("neon one", 20)
    assert "Neon Four" not in titles(answer)
    assert len(answer) == 20


def test_dislikes_push_away_and_never_come(library: Library) -> None:
    wish = Wish(likes=["neon one", "granite one"], dislikes=["granite two"], k=7)
    answer = library.recommend(wish)
    assert groups(answer) == ["neon"] * 7
    assert answer.dislikes[0].title == "Granite Two"
    assert "Granite Two" not in titles(
        library.recommend(Wish(dislikes=wish.dislikes, likes=wish.likes, k=30))
    )


def test_a_song_both_liked_and_disliked_is_disliked(library: Library) -> None:
    answer = library.recommend(Wish(likes=["neon one", "velvet one"], dislikes=["neon one"]))
    assert [track.title for track in answer.likes] == ["Velvet One"]


def test_a_playlist_by_name_in_any_case_and_by_number(library: Library) -> None:
    answer = library.recommend(Wish(playlist="late dinner", k=3))
    assert groups(answer) == ["velvet"] * 3
    chosen = answer.playlist
    assert chosen is not None
    assert (chosen.name, chosen.size, chosen.alike) == ("Late Dinner", 6, 20)
    assert answer.title == "Late Dinner"
    assert len(answer.likes) == 6
    for name in (chosen.id, str(chosen.id)):
        again = library.recommend(Wish(playlist=name, k=3))
        assert [hit.id for hit in again] == [hit.id for hit in answer]
    assert groups(library.recommend(Wish(playlist=TITLES["neon"], k=3))) == ["neon"] * 3
    for unknown in ("dinner", "", "caf\udce9", "a\0b", "9" * 30, -1):
        with pytest.raises(NotFoundError, match="no playlist in the library is called"):
            library.recommend(Wish(playlist=unknown))


def test_the_largest_of_several_playlists_of_a_name(library: Library) -> None:
    songs = [piece("granite", i) for i in range(8)]
    write(library, [playlist("million_playlist:big", *songs, *songs, name="Late Dinner")])
    answer = library.recommend(Wish(playlist="Late Dinner"))
    assert answer.playlist is not None
    assert answer.playlist.size == 16
    assert len(answer.likes) == 8


def test_a_title_alone(library: Library) -> None:
    library.fit("titles")
    answer = library.recommend(Wish(title="夜のドライブ", k=4))
    assert (answer.model, groups(answer)) == ("titles", ["neon"] * 4)
    assert "with such a title" in answer[0].reasons[0]


def test_what_a_listener_played_last(library: Library) -> None:
    write(
        library,
        [
            ListenRecord(piece("granite", 0), T),
            ListenRecord(piece("neon", 0), T + 30 * DAY),
            ListenRecord(piece("neon", 1), T + 30 * DAY + 300),
            ListenRecord(piece("velvet", 1), T + 30 * DAY + 600, skipped=True),
            ListenRecord(piece("velvet", 0), T, listener="spotify:7"),
        ],
    )
    assert HALF_LIFE == 30 * DAY
    answer = library.recommend(Wish(user="me", k=7))
    assert groups(answer) == ["neon"] * 7
    assert [t.title for t in answer.likes] == ["Granite One", "Neon One", "Neon Two"]
    assert answer.weights[0] == pytest.approx(0.5, rel=1e-3)
    assert answer.weights[2] == 1
    assert groups(library.recommend(Wish(user="spotify:7", k=3))) == ["velvet"] * 3
    with pytest.raises(NotFoundError, match="there are me, spotify:7"):
        library.recommend(Wish(user="you"))


def test_counts_of_plays_where_there_are_no_listens(library: Library) -> None:
    write(
        library,
        [
            PlayCountRecord(piece("granite", 0), 1),
            PlayCountRecord(piece("velvet", 0), 20, last_at=T),
            PlayCountRecord(piece("velvet", 1), 10),
        ],
    )
    answer = library.recommend(Wish(user="me", k=7))
    assert groups(answer) == ["velvet"] * 7
    assert answer.weights == (0.05, 0.5, 1)


def test_a_listener_of_nothing(library: Library) -> None:
    with pytest.raises(NotFoundError, match="nothing is known of what 'me' listens to; add"):
        library.recommend(Wish(user="me"))


def test_filters_hold_and_k_come_where_k_exist(library: Library) -> None:
    write(library, [playlist("million_playlist:late", piece("velvet", 9), piece("neon", 9))])
    for model in MODELS:
        for filters, group, count in (
            (Filters(genres=["jazz"]), "velvet", 9),
            (Filters(genres=["Pop"]), "neon", 8),
            (Filters(artists=["blue harbour trio"]), "velvet", 5),
            (Filters(artists=["Blue Harbour Trio", "ELLA MARSH"]), "velvet", 10),
            (Filters(artists=["Ella Marsh"], genres=["jazz"]), "velvet", 4),
        ):
            wish = Wish(likes=["neon one"], model=model, k=20, filters=filters)
            answer = library.recommend(wish)
            assert groups(answer) == [group] * count, (model, filters)
            assert len(titles(answer)) == count
    unknown = library.recommend(Wish(likes=["neon one"], k=20, filters=Filters(["Ella Marsh"])))
    assert unknown[-1].title == "Velvet Ten"
    assert unknown[-1].reasons == ("no playlist it learned from has it",)


def test_it_does_not_matter_how_a_filter_is_applied(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    for model in MODELS:
        for filters in (
            Filters(genres=["jazz", "rock"]),
            Filters(artists=["Ella Marsh", "Stone Wolves"]),
            Filters(not_artists=["Night Arcade"]),
            Filters(genres=["rock"], not_artists=["Stone Wolves"]),
        ):
            wish = Wish(likes=["neon one", "granite two"], model=model, k=3, filters=filters)
            monkeypatch.setattr(recommending, "_POOL", 1000)
            from_the_best = library.recommend(wish)
            monkeypatch.setattr(recommending, "_POOL", 0)
            monkeypatch.setattr(recommending, "_SPARE", 0)
            among_the_allowed = library.recommend(wish)
            assert [h.id for h in from_the_best] == [h.id for h in among_the_allowed]
            assert len(from_the_best) == 3


def test_without_an_artist(library: Library) -> None:
    wish = Wish(likes=["neon two"], k=4, filters=Filters(not_artists=["cassette 88"]))
    assert {hit.artist for hit in library.recommend(wish)} == {"Night Arcade"}
    both = Filters(genres=["jazz"], not_artists=["Ella Marsh"])
    answer = library.recommend(Wish(likes=["neon two"], k=9, filters=both))
    assert {hit.artist for hit in answer} == {"Blue Harbour Trio"}
    assert len(answer) == 5


def test_an_artist_that_is_not_there(library: Library) -> None:
    with pytest.raises(NotFoundError, match="'Ela Marsh'; did you mean Ella Marsh"):
        library.recommend(Wish(likes=["neon one"], filters=Filters(["Ela Marsh"])))


def test_years_and_files_are_those_of_any_pressing(library: Library) -> None:
    old = [piece("neon", i, key=f"deezer:{i}", year=1984, duration=230.0) for i in (2, 3)]
    write(library, [playlist("deezer:x", *old)], kind="table")
    wish = Wish(likes=["neon one"], k=9, filters=Filters(years=(1980, 1989)))
    assert titles(library.recommend(wish)) == {"Neon Three", "Neon Four"}
    plant_file(database_of(library), ids_of(database_of(library), ["deezer:3"])[0])
    answer = library.recommend(Wish(likes=["neon one"], filters=Filters(owned=True)))
    assert [(hit.title, hit.path is not None) for hit in answer] == [("Neon Four", True)]
    both = Filters(owned=True, years=(1990, 1999))
    assert len(library.recommend(Wish(likes=["neon one"], filters=both))) == 0


def test_nothing_to_start_from(library: Library) -> None:
    for wish in (Wish(), Wish(title=" "), Wish(dislikes=["neon one"])):
        with pytest.raises(UsageError, match="nothing to start from"):
            library.recommend(wish)
    with pytest.raises(UsageError, match="Neon One' is both liked and disliked"):
        library.recommend(Wish(likes=["neon one"], dislikes=["neon one"]))
    with pytest.raises(UsageError, match="k is 0"):
        library.recommend("neon one", 0)
    with pytest.raises(NotFoundError, match="is called 'qqqq zzzz'"):
        library.recommend("qqqq zzzz")
    with pytest.raises(UsageError, match=r"no model .nope.; there are .*, blend"):
        library.recommend(Wish(likes=["neon one"], model="nope"))
    with pytest.raises(NotFoundError, match="the model als is not fitted yet"):
        library.recommend(Wish(likes=["neon one"], model="als"))


def test_a_file_outside_the_library(library: Library, tmp_path: Path) -> None:
    (tmp_path / "x.flac").write_bytes(b"")
    with pytest.raises(NotFoundError, match="add it first"):
        library.recommend(str(tmp_path / "x.flac"))


def test_nothing_is_fitted(tmp_path: Path) -> None:
    with open_library(tmp_path) as library, pytest.raises(NotFoundError, match="`segue fit`"):
        library.recommend("neon one")


def test_a_new_fit_is_used_at_once(library: Library) -> None:
    assert "Velvet Ten" not in titles(library.recommend("velvet one", 30))
    write(library, [playlist("million_playlist:late", piece("velvet", 9), piece("velvet", 0))])
    with segue.open(library.path) as other:
        other.fit(*MODELS)
    assert "Velvet Ten" in titles(library.recommend("velvet one", 30))


def test_other_songs_that_were_meant_are_named(library: Library) -> None:
    answer = library.recommend("neon")
    assert answer.others
    assert {group_of(track.title) for track in answer.others} == {"neon"}


@pytest.fixture
def vectors(tmp_path: Path) -> Iterator[Library]:
    with open_library(tmp_path / "library") as library:
        library.fit("word2vec")
        yield library


def test_analogy_leads_from_one_company_to_another(vectors: Library) -> None:
    answer = vectors.analogy("neon one", minus=["NIGHT ARCADE"], plus=["ella marsh"], k=3)
    assert [group_of(hit.title) for hit in answer.hits] == ["velvet"] * 3
    assert (answer.minus[0].kind, answer.plus[0].kind) == ("artist", "artist")
    assert all(-1 <= hit.score <= 1.0001 for hit in answer.hits)
    by_song = vectors.analogy("neon one", minus=["neon two"], plus=["granite one"], k=1)
    assert [group_of(hit.title) for hit in by_song.hits] == ["granite"]
    assert by_song.plus[0].to_json() == {"kind": "song", "name": "Stone Wolves - Granite One"}
    assert not {hit.title for hit in by_song.hits} & {"Neon One", "Neon Two", "Granite One"}
    json.dumps(answer.to_json())


def test_analogy_of_what_is_not_known(vectors: Library) -> None:
    write(
        vectors, [playlist("million_playlist:late", piece("velvet", 9, artist="x"))]
    ) if 0 else None
    with pytest.raises(UsageError, match="nothing to take off or to add"):
        vectors.analogy("neon one")
    with pytest.raises(UsageError, match="k is 0"):
        vectors.analogy("neon one", plus=["neon two"], k=0)
    with pytest.raises(NotFoundError, match="no artist and no song in the library is called"):
        vectors.analogy("neon one", plus=["qqqq zzzz"])
    write(vectors, [playlist("million_playlist:late", piece("velvet", 9))])
    with pytest.raises(NotFoundError, match="stands in too few playlists"):
        vectors.analogy("velvet ten", plus=["neon two"])
    vectors.remove_model("word2vec")
    with pytest.raises(NotFoundError, match="word2vec is not fitted"):
        vectors.analogy("neon one", plus=["neon two"])


def test_compare_by_every_model(library: Library) -> None:
    near = library.compare("neon one", "neon two")
    far = library.compare("neon one", "velvet two")
    assert [alike.model for alike in near.models] == sorted(MODELS)
    assert near.playlists > far.playlists == 0
    for ours, theirs in zip(near.models[:2], far.models[:2], strict=True):
        assert ours.rank is not None
        assert ours.rank <= 8
        assert ours.score > theirs.score == 0
        assert theirs.rank is None
        assert ours.tracks == 27
    assert near.sound is None
    json.dumps(near.to_json())
    with pytest.raises(UsageError, match="both are"):
        library.compare("neon one", "night arcade neon one")


def test_compare_counts_playlists_of_all_that_is_merged(tmp_path: Path) -> None:
    with open_library(tmp_path, []) as library:
        songs = [piece("neon", 0), piece("neon", 1)]
        write(library, [playlist("million_playlist:a", *songs, *songs)])
        write(
            library,
            [playlist("netease:b", songs[1], piece("neon", 0, key="netease:0"))],
            kind="netease",
        )
        write(library, [playlist("netease:c", piece("neon", 0, key="netease:0"))], kind="netease")
        found = library.compare("neon one", "neon two")
        assert (found.playlists, found.models) == (2, ())


def listening(library: Library) -> None:
    write(library, listens(piece("neon", 0), piece("neon", 0), piece("neon", 1)))
    write(library, listens(piece("velvet", 9), listener="spotify:7"))


def test_vectors_as_numpy(vectors: Library, tmp_path: Path) -> None:
    listening(vectors)
    written = vectors.export_vectors(tmp_path / "v.npy")
    rows = np.load(tmp_path / "v.npy", allow_pickle=False)
    assert (written.songs, written.listeners) == (27, 1)
    assert rows["vector"].shape == (28, written.dimensions)
    assert rows["kind"].tolist() == ["song"] * 27 + ["listener"]
    ids = rows["id"].tolist()
    one, two = (rows["vector"][ids.index(id_of(vectors, f"neon{i}"))] for i in (0, 1))
    np.testing.assert_allclose(np.linalg.norm(one), 1, rtol=1e-5)
    np.testing.assert_allclose(rows["vector"][-1], (2 * one + two) / 3, rtol=1e-4, atol=1e-6)


def test_vectors_as_word2vec_text(vectors: Library, tmp_path: Path) -> None:
    from gensim.models import KeyedVectors

    listening(vectors)
    vectors.export_vectors(tmp_path / "v.txt", form="word2vec")
    read = KeyedVectors.load_word2vec_format(str(tmp_path / "v.txt"))
    assert len(read) == 28
    assert "listener:1" in read
    (near, _), *_ = read.most_similar(str(id_of(vectors, "velvet0")))
    assert int(near) in {id_of(vectors, f"velvet{i}") for i in range(9)}


def test_vectors_as_parquet(vectors: Library, tmp_path: Path) -> None:
    pq: Any = pytest.importorskip("pyarrow.parquet", reason="the extra parquet is not installed")
    listening(vectors)
    written = vectors.export_vectors(tmp_path / "v.parquet", form="parquet")
    read = pq.read_table(tmp_path / "v.parquet").to_pydict()
    assert list(read) == ["kind", "id", "name", "vector"]
    assert read["name"][0] == vectors.find(read["id"][0]).name
    assert read["name"][-1] == "me"
    assert len(read["vector"][0]) == written.dimensions


def test_what_cannot_be_exported(
    vectors: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors.fit("popularity")
    with pytest.raises(UsageError, match="popularity has no vectors"):
        vectors.export_vectors(tmp_path / "x", model="popularity")
    with pytest.raises(UsageError, match="the format is 'csv'"):
        vectors.export_vectors(tmp_path / "x", form="csv")
    with pytest.raises(LibraryError, match="cannot be written"):
        vectors.export_vectors(tmp_path / "none" / "x")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(UsageError, match=r"segue\[parquet\]"):
        vectors.export_vectors(tmp_path / "x", form="parquet")
    assert not list(tmp_path.glob("*x*"))
