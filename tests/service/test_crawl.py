from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import pytest

import crawling
from segue.catalog.catalog import Catalog
from segue.catalog.crawl_picture import crawl_states
from segue.catalog.incoming import FeatureRecord
from segue.catalog.interactions import load_interactions
from segue.catalog.records import TrackRecord
from segue.errors import LibraryError, NotFoundError, ServiceError, UsageError
from segue.service.crawl import CrawlClient, crawl
from segue.service.crawl_picture import crawl_picture
from segue.service.crawl_playlists import MOST_RESULTS
from segue.service.crawl_report import KIND, CrawlOptions, CrawlProgress, CrawlReport, local_time
from segue.service.crawl_requests import Waits
from segue.service.genre_table import COLUMNS, write_genre_table
from segue.sources.spotify_api import (
    AccessError,
    EntriesPage,
    FoundPlaylist,
    PlaylistPage,
    SpotifyClient,
)
from servers.spotify import SpotifyServer
from servers.spotify_behaviour import Behaviour, mixed_faults
from servers.spotify_catalogue import GENRES, Catalogue, decode

LOCATION = "https://api.example.org/v1"
GOAL = 60


@pytest.fixture
def catalog_at(tmp_path: Path) -> Iterator[Callable[[str], Catalog]]:
    """Open catalogues in folders of their own."""
    made: dict[str, Catalog] = {}

    def catalog_at(name: str) -> Catalog:
        if name not in made:
            made[name] = Catalog(tmp_path / name)
        return made[name]

    yield catalog_at
    for catalog in made.values():
        catalog.close()


@pytest.fixture
def catalog(catalog_at: Callable[[str], Catalog]) -> Catalog:
    return catalog_at("library")


@contextmanager
def serving(behaviour: Behaviour | None = None, **sizes: Any) -> Iterator[SpotifyServer]:
    catalogue = Catalogue(**{"playlists": 120, "tracks": 800, "gone": 0.2, "private": 0.1, **sizes})
    behaviour = behaviour or Behaviour()
    behaviour.retry_after, behaviour.slow = "0", 0.01
    with SpotifyServer(catalogue, behaviour) as server:
        yield server


@contextmanager
def connected(server: SpotifyServer, folder: Path, tries: int = 12) -> Iterator[SpotifyClient]:
    client = crawling.patient_client(server.environment(), folder, tries)
    try:
        yield client
    finally:
        for thread in threading.enumerate():  # requests that an interrupted crawl left behind
            if thread.name.startswith("crawl"):
                thread.join(20)
        client.close()


def run(
    server: SpotifyServer,
    catalog: Catalog,
    options: CrawlOptions | None = None,
    on_progress: Callable[[CrawlProgress], None] = lambda _: None,
    *,
    tries: int = 12,
) -> CrawlReport:
    with connected(server, catalog.database.path.parent, tries) as client:
        options = options or CrawlOptions(GOAL)
        return crawl(catalog, client, options, on_progress, location=LOCATION)


def rows(catalog: Catalog, query: str) -> list[Any]:
    return catalog.database.query(query)


def check_entries(catalog: Catalog, server: SpotifyServer) -> int:
    """Check that every playlist has exactly the server's entries; return how many there are."""
    playlists = catalog.playlists.get(catalog.playlists.ids())
    keys = dict(rows(catalog, "SELECT id, key FROM track WHERE key LIKE 'spotify:%'"))
    for playlist in playlists.values():
        number = decode("playlist", playlist.key.partition(":")[2])
        assert number is not None
        held = [keys.get(id_, "") for id_ in playlist.tracks.tolist()]
        assert held == server.catalogue.keys(number)
        assert playlist.name == server.catalogue.title(number)
    return len(playlists)


def test_a_crawl_holds_what_the_server_does(catalog: Catalog) -> None:
    seen: list[CrawlProgress] = []
    with serving() as server:
        report = run(server, catalog, on_progress=seen.append)
        assert check_entries(catalog, server) == report.read
    assert (report.found, report.stopped, report.notes) == (GOAL, "", [])
    assert report.read + report.gone + report.no_access == GOAL
    assert report.gone > 0
    assert report.no_access > 0
    assert report.complete
    assert report.skipped.keys() <= {"a track that is gone", "a podcast episode"}
    assert report.tracks == sum(size for (size,) in rows(catalog, "SELECT size FROM playlist"))
    assert rows(catalog, "SELECT count(*) FROM crawl_page") == [(0,)]
    assert rows(catalog, "SELECT kind, location FROM source") == [(KIND, LOCATION)]
    assert [p.pages for p in seen][-1] == report.pages
    assert (seen[-1].done, seen[-1].total, seen[-1].found) == (GOAL, GOAL, GOAL)
    assert seen[-1].seconds_left == 0
    assert report.to_json()["read"] == report.read


def test_the_most_frequent_untried_word_is_next(catalog: Catalog) -> None:
    with serving(playlists=400) as server:
        run(server, catalog, CrawlOptions(300))
        # As the method says, worked out anew: titles in the order found, one word after another.
        title_words = crawling_words(catalog)
        tried = ["a"]
        counts: dict[str, int] = {}
        by_word: dict[str, list[int]] = {}
        for id_, word in rows(catalog, "SELECT id, word FROM crawl_playlist ORDER BY id"):
            by_word.setdefault(word, []).append(id_)
        begun = {
            word for (word,) in rows(catalog, "SELECT word FROM crawl_word WHERE state <> 'new'")
        }
        while True:
            for id_ in by_word.get(tried[-1], []):
                for word in title_words[id_]:
                    counts[word] = counts.get(word, 0) + 1
            if len(tried) == len(begun):
                break
            untried = [word for word in counts if word not in tried]
            tried.append(min(untried, key=lambda word: (-counts[word], word)))
    assert set(tried) == begun
    assert list(dict.fromkeys(by_word)) == [word for word in tried if word in by_word]
    assert len(tried) > 5
    assert dict(rows(catalog, "SELECT word, count FROM crawl_word WHERE count")) == counts


def crawling_words(catalog: Catalog) -> dict[int, list[str]]:
    from segue.service.title_words import TitleWords

    split = TitleWords()
    return {
        id_: split.of(name) for id_, name in rows(catalog, "SELECT id, name FROM crawl_playlist")
    }


@pytest.mark.parametrize("threads", [1, 3, 16])
def test_faults_and_threads_change_nothing(
    catalog_at: Callable[[str], Catalog], threads: int
) -> None:
    with serving() as server:
        run(server, catalog_at("calm"))
        server.behaviour.faults = mixed_faults(0.2)
        report = run(server, catalog_at("rough"), CrawlOptions(GOAL, threads=threads))
        faults = sum(n for (name, _), n in server.counts.items() if name == "fault")
    assert report.failed == 0
    assert faults > 10
    assert crawling.content(catalog_at("rough")) == crawling.content(catalog_at("calm"))


def test_what_was_met_can_be_forgotten(
    catalog_at: Callable[[str], Catalog], monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving() as server:
        run(server, catalog_at("calm"))
        monkeypatch.setattr("segue.service.crawl.REMEMBERED", 2)
        run(server, catalog_at("forgetful"))
    assert crawling.content(catalog_at("forgetful")) == crawling.content(catalog_at("calm"))


@pytest.mark.parametrize("strategy", ["frequent-words", "uniform-words"])
def test_the_goal_can_be_raised(
    catalog_at: Callable[[str], Catalog], strategy: Literal["frequent-words", "uniform-words"]
) -> None:
    options = CrawlOptions(GOAL, strategy=strategy)
    with serving(Behaviour(search_limit=10)) as server:
        run(server, catalog_at("once"), options)
        for goal in (1, 7, 7, 31, GOAL):
            report = run(server, catalog_at("bit by bit"), replace(options, playlists=goal))
            assert report.stopped == ""
        assert run(server, catalog_at("bit by bit"), options).pages == 0
    assert crawling.content(catalog_at("bit by bit")) == crawling.content(catalog_at("once"))


@pytest.mark.parametrize("share", [0.0, 0.2])
def test_killed_again_and_again_nothing_is_lost_or_doubled(
    catalog_at: Callable[[str], Catalog], tmp_path: Path, share: float
) -> None:
    threads, kills = 4, (1, 2, 9, 14, 5)
    with serving(mean_length=80) as server:
        calm = catalog_at("calm")
        run(server, calm)
        asked_calm = answers(server)
        server.behaviour.faults = mixed_faults(share)
        folder = tmp_path / "killed"
        environment = {
            **os.environ,
            **server.environment(),
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        command = [sys.executable, crawling.__file__, str(folder), str(GOAL), str(threads)]
        for pages in kills:
            with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as child:
                assert child.stdout is not None
                for _ in range(pages):
                    child.stdout.readline()
                child.send_signal(signal.SIGKILL)
            assert child.returncode == -signal.SIGKILL
        subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
        asked = answers(server) - asked_calm
        killed = catalog_at("killed")
        assert check_entries(killed, server) > 0
    assert crawling.content(killed) == crawling.content(calm)
    if not share:  # each kill loses what was under way: a page a thread
        assert asked_calm <= asked <= asked_calm + threads * len(kills)


def answers(server: SpotifyServer) -> int:
    with server.lock:
        return sum(n for (_, status), n in server.counts.items() if status == 200)


def test_ctrl_c_leaves_a_state_to_go_on_from(catalog_at: Callable[[str], Catalog]) -> None:
    def interrupt(state: CrawlProgress) -> None:
        if state.pages == 17:
            raise KeyboardInterrupt

    with serving() as server:
        run(server, catalog_at("calm"))
        stopped = catalog_at("stopped")
        with pytest.raises(KeyboardInterrupt):
            run(server, stopped, on_progress=interrupt)
        assert 0 < sum(crawl_states(stopped.database, 1)["playlist"].values()) <= GOAL
        run(server, stopped)
    assert crawling.content(stopped) == crawling.content(catalog_at("calm"))


def test_a_long_pause_stops_it_and_says_until_when(catalog_at: Callable[[str], Catalog]) -> None:
    with serving() as server:
        run(server, catalog_at("calm"))

        def throttle(state: CrawlProgress) -> None:
            if state.pages == 20:
                server.behaviour.faults = {"long": 1.0}

        stopped = catalog_at("stopped")
        before = time.time()
        report = run(server, stopped, on_progress=throttle)
        assert report.stopped == "rate limit"
        assert not report.complete
        assert report.resume_at is not None
        assert report.resume_at == pytest.approx(before + 86_400, abs=600)
        assert local_time(report.resume_at) in report.notes[0]
        assert report.failed == 0
        server.behaviour.faults = {}
        assert run(server, stopped).stopped == ""
    assert crawling.content(stopped) == crawling.content(catalog_at("calm"))


def test_a_server_that_does_not_answer_stops_it(catalog_at: Callable[[str], Catalog]) -> None:
    with serving() as server:
        run(server, catalog_at("calm"))

        def fail(state: CrawlProgress) -> None:
            if state.pages == 20:
                server.behaviour.faults = {"error": 1.0}

        stopped = catalog_at("stopped")
        report = run(server, stopped, on_progress=fail, tries=1)
        assert report.stopped == "no answer"
        assert "500" in report.notes[-1]
        server.behaviour.faults = {}
        report = run(server, stopped)
        assert (report.stopped, report.failed) == ("", 0)
        assert check_entries(stopped, server) == len(catalog_at("calm").playlists.ids())


def test_without_access_only_names_are_kept_and_it_says_so_once(catalog: Catalog) -> None:
    with serving(Behaviour(restricted=True), gone=0, private=0) as server:
        report = run(server, catalog)
        asked = server.total("items") + server.total("tracks")
        assert (report.found, report.read, report.no_access) == (GOAL, 0, 0)
        assert report.closed
        assert not report.complete
        (note,) = report.notes
        for instead in ("exports", "OpenSubsonic", "ListenBrainz"):
            assert instead in note
        assert asked < 40
        assert crawl_states(catalog.database, 1)["playlist"] == {"new": GOAL}
        server.behaviour.restricted = False  # another app, say
        assert run(server, catalog).read == GOAL
        assert check_entries(catalog, server) == GOAL


def test_credentials_that_are_refused_end_it(catalog: Catalog) -> None:
    with serving(Behaviour(token_seconds=-10)) as server, pytest.raises(ServiceError) as caught:
        run(server, catalog)
    assert caught.value.status == 401


def test_the_words_may_end(catalog: Catalog) -> None:
    with serving(playlists=30) as server:
        report = run(server, catalog, CrawlOptions(1_000, "zzz"))
        assert (report.found, report.words, report.stopped) == (0, 1, "no words")
        assert "--seed" in report.notes[0]
        report = run(server, catalog, CrawlOptions(1_000, "love"))
        assert report.found > 0


def test_uniform_words_draws_another_order_always_the_same(
    catalog_at: Callable[[str], Catalog],
) -> None:
    order = "SELECT DISTINCT word FROM crawl_playlist ORDER BY id"
    with serving(playlists=200) as server:
        orders = []
        for name, strategy in (
            ("one", "uniform-words"),
            ("two", "uniform-words"),
            ("three", "frequent-words"),
        ):
            run(server, catalog_at(name), CrawlOptions(120, strategy=strategy))  # type: ignore[arg-type]
            orders.append(rows(catalog_at(name), order))
    assert orders[0] == orders[1] != orders[2]
    assert orders[0][0] == orders[2][0] == ("a",)
    words = [
        crawl_picture(catalog_at(name))["sources"][0]["words"]["tried"] for name in ("one", "three")
    ]
    assert words[0] > words[1]  # rarer words find less each


def test_genres_fill_the_features(
    catalog_at: Callable[[str], Catalog], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    genres = GENRES[:15]
    monkeypatch.setattr("servers.spotify_web.GENRES", genres)
    options = CrawlOptions(by="genre")
    with serving() as server:
        calm, rough = catalog_at("calm"), catalog_at("rough")
        report = run(server, calm, options)
        server.behaviour.faults = mixed_faults(0.2)
        run(server, rough, replace(options, threads=9))
        assert run(server, rough, options).pages == 0
        expected = {
            genre: [f"spotify:{crawling_id(t)}" for t in server.catalogue.recommended(genre, 100)]
            for genre in genres
        }
    assert (report.genres, report.failed_genres, report.notes) == (len(genres), 0, [])
    assert crawling.content(rough) == crawling.content(calm)
    held: dict[str, set[str]] = {}
    for key, genre in rows(
        calm,
        "SELECT track.key, value FROM track JOIN feature ON track.id = track_id, "
        "json_each(feature.genres)",
    ):
        held.setdefault(genre, set()).add(key)
    assert held == {genre: set(keys) for genre, keys in expected.items()}

    lines = write_genre_table(calm, tmp_path / "genres.csv")
    text = (tmp_path / "genres.csv").read_text("utf-8").splitlines()
    assert lines == len(text) - 1 == sum(map(len, expected.values()))
    assert text[0] == ",".join(COLUMNS)
    assert text[1].endswith(f",{genres[0]}")
    from segue.sources.feature_table import FeatureTable

    (part,) = FeatureTable(tmp_path / "genres.csv").parts()
    read = {r.track.key: r for r in part.read() if isinstance(r, FeatureRecord)}
    assert read.keys() == set().union(*held.values())
    for key, valence, tempo in rows(
        calm,
        "SELECT track.key, valence, tempo FROM track JOIN feature ON track.id = track_id LIMIT 50",
    ):
        assert read[key].valence == valence
        assert read[key].tempo == tempo
    with pytest.raises(LibraryError, match="nowhere"):
        write_genre_table(calm, tmp_path / "nowhere" / "genres.csv")


def crawling_id(track: int) -> str:
    from servers.spotify_catalogue import encode

    return encode("track", track)


def test_genres_without_access_are_one_message(catalog: Catalog) -> None:
    with serving(Behaviour(restricted=True)) as server:
        report = run(server, catalog, CrawlOptions(by="genre"))
    assert report.closed
    assert len(report.notes) == 1
    assert report.genres == 0


def test_the_picture_counts_what_is_there(catalog: Catalog) -> None:
    with pytest.raises(NotFoundError, match="crawl"):
        crawl_picture(catalog)
    with serving() as server:
        report = run(server, catalog)
    (picture,) = crawl_picture(catalog)["sources"]
    assert picture["location"] == LOCATION
    assert sum(picture["playlists"].values()) == GOAL
    assert picture["entries"] == report.tracks
    assert sum(word["found"] for word in picture["words"]["top"]) == GOAL
    assert sum(day["read"] for day in picture["days"]) == report.read
    assert 0 < picture["artists"]["gini"] < 1
    assert picture["artists"]["top_percent_share"] >= 1 / picture["artists"]["count"]
    assert load_interactions(catalog.database).row_ids.tolist() == []


@dataclass
class FakeClient:
    """Answers from what it is told to."""

    searches: dict[str, list[list[str]]] = field(default_factory=dict)  # word -> pages of titles
    entries: Callable[[str, int], EntriesPage] = lambda *_: page("x")
    asked: list[tuple[str, int]] = field(default_factory=list)
    features_error: ServiceError | None = None
    search_error: Callable[[str], ServiceError | None] = lambda _: None

    def search_playlists(self, word: str, offset: int = 0) -> PlaylistPage:
        if error := self.search_error(word):
            raise error
        pages = self.searches.get(word, [[]])
        size = 1_000
        titles = pages[offset // size]
        following = offset + size if offset // size + 1 < len(pages) else None
        return PlaylistPage(
            tuple(FoundPlaylist(title.replace(" ", ""), title) for title in titles), following
        )

    def playlist_entries(self, playlist_id: str, offset: int = 0) -> EntriesPage:
        self.asked.append((playlist_id, offset))
        return self.entries(playlist_id, offset)

    def genre_seeds(self) -> list[str]:
        return ["one", "two"]

    def recommendations(self, genre: str, limit: int = 100) -> list[FeatureRecord]:  # noqa: ARG002
        songs = {"one": "ab", "two": "bc"}[genre]
        return [
            FeatureRecord(TrackRecord(s, s, key=f"spotify:{s}"), genres=(genre,)) for s in songs
        ]

    def audio_features(self, rows: Sequence[FeatureRecord]) -> list[FeatureRecord]:
        if self.features_error is not None:
            raise self.features_error
        return [replace(row, valence=0.5) for row in rows]


def page(*titles: str, following: int | None = None) -> EntriesPage:
    tracks = tuple(TrackRecord(t, "Somebody", key=f"spotify:{t}") for t in titles)
    return EntriesPage(tracks, (0,) * len(tracks), following)


def fake_crawl(
    catalog: Catalog, client: CrawlClient, options: CrawlOptions | None = None
) -> CrawlReport:
    return crawl(catalog, client, options or CrawlOptions(), location=LOCATION)


def test_playlists_are_written_in_the_order_found_whichever_comes_first(catalog: Catalog) -> None:
    slow = threading.Event()

    def entries(playlist: str, offset: int) -> EntriesPage:
        if playlist == "first" and offset == 0:
            assert slow.wait(20)
        if playlist == "third":
            slow.set()
        if playlist == "first" and offset < 2:
            return page(f"{playlist}{offset}", following=offset + 1)
        return page(f"{playlist}{offset}")

    client = FakeClient({"a": [["first", "second", "third"]]}, entries)
    report = fake_crawl(catalog, client, CrawlOptions(3, threads=3))
    assert report.read == 3
    assert rows(catalog, "SELECT title FROM track ORDER BY id") == [
        ("first0",), ("first1",), ("first2",), ("second0",), ("third0",),
    ]  # fmt: skip
    assert rows(catalog, "SELECT id, pages, entries FROM crawl_playlist") == [
        (1, 3, 3), (2, 1, 1), (3, 1, 1),
    ]  # fmt: skip


def test_a_playlist_that_fails_is_passed_by_and_tried_by_the_next_run(catalog: Catalog) -> None:
    broken = True

    def entries(playlist: str, offset: int) -> EntriesPage:
        if playlist == "bad" and offset == 1 and broken:
            raise ServiceError("it broke", status=500)
        return page(f"{playlist}{offset}", following=1 if offset == 0 else None)

    client = FakeClient({"a": [["bad", "good"]]}, entries)
    report = fake_crawl(catalog, client, CrawlOptions(2, threads=1))
    assert (report.read, report.failed, report.complete) == (1, 1, False)
    assert client.asked.count(("bad", 1)) == 3
    assert rows(catalog, "SELECT state, cause FROM crawl_playlist") == [
        ("failed", "it broke"), ("done", None),
    ]  # fmt: skip
    broken = False
    client.asked.clear()
    report = fake_crawl(catalog, client, CrawlOptions(2))
    assert (report.read, report.complete) == (1, True)
    assert client.asked == [("bad", 1)]  # its first page is known
    assert rows(catalog, "SELECT name, size FROM playlist ORDER BY id") == [("good", 2), ("bad", 2)]


def test_a_word_that_fails_is_passed_by(catalog: Catalog) -> None:
    errors = {"bad": ServiceError("it broke", status=500), "odd": ServiceError("no", status=400)}
    client = FakeClient({"a": [["bad odd", "bad odd good"]]}, search_error=errors.get)
    report = fake_crawl(catalog, client)
    assert report.stopped == "no words"
    states = "SELECT word, state FROM crawl_word ORDER BY word"
    assert rows(catalog, states) == [
        ("a", "done"), ("bad", "failed"), ("good", "done"), ("odd", "done"),
    ]  # fmt: skip
    errors.clear()
    fake_crawl(catalog, client)
    assert dict(rows(catalog, states))["bad"] == "done"


def test_a_word_is_searched_up_to_a_number_of_results(catalog: Catalog) -> None:
    pages = [[f"{i}p{j}" for j in range(2)] for i in range(8)]
    report = fake_crawl(catalog, FakeClient({"a": pages}))
    assert report.found == 2 * MOST_RESULTS // 1_000


def test_the_seed_is_folded_as_words_are(catalog: Catalog) -> None:
    client = FakeClient({"love": [["Love"]]})
    assert fake_crawl(catalog, client, CrawlOptions(9, " LOVE ")).found == 1
    assert rows(catalog, "SELECT word, count FROM crawl_word") == [("love", 1)]


def test_the_same_playlist_twice_is_read_once(catalog: Catalog) -> None:
    client = FakeClient(
        {"a": [["again love", "again love"], ["again love"]], "love": [["again love"]]}
    )
    report = fake_crawl(catalog, client)
    assert (report.found, report.read) == (1, 1)
    assert client.asked == [("againlove", 0)]
    assert rows(catalog, "SELECT word, count FROM crawl_word WHERE count ORDER BY 1") == [
        ("again", 1), ("love", 1),
    ]  # fmt: skip


def test_an_empty_playlist_is_done_and_not_kept(catalog: Catalog) -> None:
    report = fake_crawl(catalog, FakeClient({"a": [["nothing"]]}, lambda *_: page()))
    assert report.read == 1
    assert rows(catalog, "SELECT count(*) FROM playlist") == [(0,)]


def test_titles_that_cannot_be_split_are_told(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rjieba", None)
    report = fake_crawl(catalog, FakeClient({"a": [["华语", "流行"]]}))
    assert report.unsegmented == {"Chinese": 2}
    assert any("segue[crawl]" in note for note in report.notes)


def test_no_access_to_the_search_is_an_error(catalog: Catalog) -> None:
    for error in (
        AccessError("not for you", status=403),
        ServiceError("not for anybody", status=403),
    ):
        client = FakeClient(search_error=dict.fromkeys("a", error).get)
        with pytest.raises(ServiceError, match=str(error)):
            fake_crawl(catalog, client)
    assert crawl_states(catalog.database, 1)["word"] == {"first": 1}


def test_playlists_refused_before_the_app_is_are_not_given_up(catalog: Catalog) -> None:
    refused = 0

    def entries(*_: object) -> EntriesPage:
        nonlocal refused
        refused += 1
        if refused < 3:
            raise ServiceError("private", status=403)
        raise AccessError("closed", status=403)

    client = FakeClient({"a": [["p1", "p2", "p3", "p4"]]}, entries)
    report = fake_crawl(catalog, client, CrawlOptions(4, threads=1))
    assert (report.no_access, report.closed, report.notes) == (0, True, ["Closed."])
    assert rows(catalog, "SELECT DISTINCT state FROM crawl_playlist") == [("new",)]


def test_a_track_of_two_genres_keeps_both(catalog: Catalog) -> None:
    fake_crawl(catalog, FakeClient(), CrawlOptions(by="genre"))
    assert rows(
        catalog, "SELECT title, valence, feature.genres FROM feature JOIN track ON id = track_id"
    ) == [("a", 0.5, '["one"]'), ("b", 0.5, '["one", "two"]'), ("c", 0.5, '["two"]')]


def test_recommendations_are_kept_where_features_are_closed(catalog: Catalog) -> None:
    client = FakeClient(features_error=AccessError("no features", status=403))
    report = fake_crawl(catalog, client, CrawlOptions(by="genre"))
    assert (report.genres, report.closed, report.notes) == (2, True, ["No features."])
    assert rows(catalog, "SELECT count(*), count(valence) FROM feature") == [(3, 0)]


def test_waits_end_when_the_crawl_does() -> None:
    waits = Waits()
    waits.sleep(0)
    ended: list[ServiceError] = []

    def sleep() -> None:
        try:
            waits.sleep(3_600)
        except ServiceError as error:
            ended.append(error)

    thread = threading.Thread(target=sleep)
    thread.start()
    waits.end()
    thread.join(20)
    assert len(ended) == 1


@pytest.mark.parametrize(
    "wrong", [{"playlists": 0}, {"threads": 0}, {"seed": " "}, {"seed": "\ud800"}]
)
def test_options_are_checked(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        CrawlOptions(**wrong)


def test_taking_the_source_out_forgets_the_crawl(catalog: Catalog) -> None:
    with serving() as server:
        run(server, catalog, CrawlOptions(10))
        catalog.remove_source(1)
        assert rows(catalog, "SELECT count(*) FROM crawl_playlist") == [(0,)]
        assert rows(catalog, "SELECT count(*) FROM crawl_word") == [(0,)]
        assert run(server, catalog, CrawlOptions(10)).found == 10
