from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from clocks import Clock
from segue.catalog.incoming import FeatureRecord
from segue.catalog.records import TrackRecord
from segue.errors import ServiceError
from segue.http.limiter import RateLimiter
from segue.http.retry import Backoff
from segue.sources.spotify_api import AccessError, EntriesPage, FoundPlaylist, SpotifyClient
from segue.sources.spotify_connect import connect
from segue.sources.spotify_tokens import TokenFile
from servers import spotify
from servers.spotify import SpotifyServer
from servers.spotify_behaviour import FAULTS, Behaviour, mixed_faults
from servers.spotify_catalogue import GENRES, Catalogue, encode

Connected = Callable[[SpotifyServer], SpotifyClient]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client_of(clock: Clock, tmp_path: Path) -> Iterator[Connected]:
    made: list[SpotifyClient] = []

    def client_of(server: SpotifyServer, timeout: float = 5.0) -> SpotifyClient:
        client = connect(
            limiter=RateLimiter(1_000_000, clock=clock, sleep=clock.sleep),
            backoff=Backoff(12, draw=lambda: 0.0, sleep=clock.sleep),
            file=TokenFile(tmp_path / "spotify.json"),
            environment=server.environment(),
            timeout=timeout,
        )
        made.append(client)
        return client

    yield client_of
    for client in made:
        client.close()


@contextmanager
def running(behaviour: Behaviour | None = None, **sizes: Any) -> Iterator[SpotifyServer]:
    catalogue = Catalogue(**{"playlists": 120, "tracks": 600, **sizes})
    with SpotifyServer(catalogue, behaviour) as server:
        yield server


def all_found(client: SpotifyClient, word: str) -> tuple[list[FoundPlaylist], int]:
    found: list[FoundPlaylist] = []
    offset: int | None = 0
    nulls = 0
    while offset is not None:
        page = client.search_playlists(word, offset)
        found += page.items
        nulls += page.nulls
        offset = page.next_offset
    return found, nulls


def all_keys(client: SpotifyClient, playlist_id: str) -> list[str]:
    keys: list[str] = []
    offset: int | None = 0
    while offset is not None:
        page = client.playlist_entries(playlist_id, offset)
        keys += [track.key for track in page.tracks]
        offset = page.next_offset
    return keys


def entries(client: SpotifyClient, playlist: int) -> EntriesPage:
    return client.playlist_entries(encode("playlist", playlist))


# The search


def test_every_playlist_of_a_word_is_found(client_of: Connected) -> None:
    with running(odd=0.1, playlists=400) as server:
        found, nulls = all_found(client_of(server), "a")
        expected = server.catalogue.search("a")
        seen = [number for number in expected if not server.catalogue.ghost(number)]
    assert [item.id for item in found] == [encode("playlist", number) for number in seen]
    assert nulls == len(expected) - len(seen) > 0
    assert len(found) > 50  # more than one page


def test_what_is_told_of_a_playlist(client_of: Connected) -> None:
    with running(odd=0.0) as server:
        found, _ = all_found(client_of(server), "夏")
        numbers = server.catalogue.search("夏")
        for item, number in zip(found, numbers, strict=True):
            assert item.name == server.catalogue.title(number)
            assert item.total == server.catalogue.length(number)
            assert item.description.endswith(" & friends")
            assert item.owner
            assert item.key == f"spotify:{encode('playlist', number)}"
    assert found


@pytest.mark.parametrize("shape", ["tracks", "items"])
def test_totals_in_both_shapes(client_of: Connected, shape: str) -> None:
    with running(Behaviour(shape=shape)) as server:
        found, _ = all_found(client_of(server), "love")
    assert found
    assert all(item.total is not None for item in found)


def test_the_page_size_falls_to_what_the_server_takes(client_of: Connected) -> None:
    with running(Behaviour(search_limit=10), odd=0.0) as server:
        client = client_of(server)
        found, _ = all_found(client, "a")
        assert len(found) == len(server.catalogue.search("a"))
        assert server.counts["search", 400] == 1  # remembered from then on
        all_found(client, "the")
        assert server.counts["search", 400] == 1


def test_the_search_ends_where_the_server_ends_it(client_of: Connected) -> None:
    with running(Behaviour(max_offset=60), playlists=800, odd=0.0) as server:
        found, _ = all_found(client_of(server), "a")
        assert len(server.catalogue.search("a")) > 100
    assert len(found) == 100  # the pages at 0 and 50; the one at 100 is refused


def test_another_400_is_an_error(client_of: Connected) -> None:
    with running() as server, pytest.raises(ServiceError, match="No search query") as caught:
        client_of(server).search_playlists(" ")
    assert caught.value.status == 400


def test_a_word_that_nothing_has(client_of: Connected) -> None:
    with running() as server:
        page = client_of(server).search_playlists("zzz' OR 1=1 -- %_\0\ud800")
    assert (page.items, page.next_offset, page.nulls) == ((), None, 0)


def test_pages_whose_items_are_null_are_passed_by(client_of: Connected) -> None:
    with running(Behaviour(faults={"no_items": 1.0}), playlists=400) as server:
        client = client_of(server)
        found, nulls = all_found(client, "a")
        pages = -(-len(server.catalogue.search("a")) // 50)
        assert server.total("search") == pages > 1
    assert (found, nulls) == ([], 0)


# Entries


@pytest.mark.parametrize("shape", ["tracks", "items", "both"])
@pytest.mark.parametrize("fault", ["", "other_shape"])
def test_entries_in_both_shapes(client_of: Connected, shape: str, fault: str) -> None:
    faults = {fault: 1.0} if fault else {}
    with running(Behaviour(shape=shape, faults=faults), odd=0.03, playlists=30) as server:
        client = client_of(server)
        for number in range(30):
            expected = server.catalogue.keys(number)
            assert all_keys(client, encode("playlist", number)) == expected
        # The other shape is asked for once at most: what works is remembered.
        assert server.counts["items", 404] == (shape == "tracks")
        assert server.counts["tracks", 404] == 0


def test_what_is_told_of_a_track(client_of: Connected) -> None:
    with running(odd=0.0) as server:
        catalogue = server.catalogue
        page = entries(client_of(server), 3)
        for place, track in enumerate(page.tracks):
            number = catalogue.entry(3, place)[1]
            full = catalogue.track(number)
            assert track == TrackRecord(
                full["name"],
                artist=", ".join(artist["name"] for artist in full["artists"]),
                album=full["album"]["name"],
                album_artist=full["artists"][0]["name"],
                track_number=full["track_number"],
                disc_number=1,
                year=int(full["album"]["release_date"][:4]),
                duration=full["duration_ms"] / 1000,
                outside_ids=(("isrc", full["external_ids"]["isrc"]),),
                key=f"spotify:{full['id']}",
                artists=tuple(artist["name"] for artist in full["artists"]),
                artist_keys=tuple(f"spotify:{artist['id']}" for artist in full["artists"]),
                album_key=f"spotify:{full['album']['id']}",
            )
        assert page.total == catalogue.length(3)
    assert len(page.added_at) == len(page.tracks) > 0
    assert all(moment > 1_262_304_000 for moment in page.added_at)


def test_what_cannot_be_kept_is_counted(client_of: Connected) -> None:
    with running(odd=0.1, playlists=40) as server:
        catalogue, client = server.catalogue, client_of(server)
        number = max(range(40), key=catalogue.length)
        kinds = [catalogue.entry(number, place)[0] for place in range(50)]
        page = entries(client, number)
    assert catalogue.length(number) >= 50
    reasons = [skip.reason for skip in page.skipped]
    assert reasons.count("a track that is gone") == kinds.count("gone") > 0
    assert reasons.count("a podcast episode") == kinds.count("episode") > 0
    local = [track for track in page.tracks if not track.key]
    assert len(local) == kinds.count("local") > 0
    assert all(track.title and track.artist and track.duration == 180 for track in local)
    assert 0 in page.added_at  # of an old playlist
    assert len(page.tracks) + len(page.skipped) == 50
    assert not any(skip.bad for skip in page.skipped)


@pytest.mark.parametrize("private", [0.2, 0.8])
def test_playlists_that_are_gone_or_private_are_told_apart(
    client_of: Connected, private: float
) -> None:
    with running(playlists=60, gone=0.1, private=private) as server:
        client, catalogue = client_of(server), server.catalogue
        seen = set()
        readable = next(number for number in range(60) if catalogue.fate(number) == 200)
        for number in [readable, *range(60)]:
            fate = catalogue.fate(number)
            seen.add(fate)
            if fate == 200:
                assert entries(client, number).total == catalogue.length(number)
                continue
            with pytest.raises(ServiceError) as caught:
                entries(client, number)
            assert (type(caught.value), caught.value.status) == (ServiceError, fate)
    assert seen == {200, 403, 404}


def test_ids_cannot_leave_their_place_in_the_address(client_of: Connected) -> None:
    with running() as server, pytest.raises(ServiceError) as caught:
        client_of(server).playlist_entries("../recommendations/available-genre-seeds?x=")
    assert caught.value.status == 404


# An app of today


def test_an_app_of_today_is_told_what_to_do_instead(client_of: Connected) -> None:
    with running(Behaviour(restricted=True)) as server:
        client = client_of(server)
        assert client.search_playlists("a").items
        for number in range(1, 5):
            with pytest.raises(ServiceError) as caught:
                entries(client, number)
            assert not isinstance(caught.value, AccessError)
            assert caught.value.status == 403
        with pytest.raises(AccessError, match=r"exports.*OpenSubsonic.*ListenBrainz") as denied:
            entries(client, 5)
        assert denied.value.status == 403
        for ask in (
            client.genre_seeds,
            lambda: client.recommendations(GENRES[0]),
            lambda: client.audio_features([row(0)]),
        ):
            with pytest.raises(AccessError, match="no access to"):
                ask()


@pytest.mark.parametrize("shape", ["tracks", "items"])
def test_fields_that_an_app_of_today_does_not_see_are_missed_by_nobody(
    client_of: Connected, shape: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(Behaviour(shape=shape), odd=0.0, playlists=3) as server:
        client = client_of(server)
        before = entries(client, 1)
        server.behaviour.restricted = True
        monkeypatch.setattr(server.catalogue, "owner", lambda _: 0)  # all are the user's own
        monkeypatch.setattr(server.accounts, "check", lambda _: True)
        assert entries(client, 1) == before


# Genres and features


def row(track: int) -> FeatureRecord:
    return FeatureRecord(TrackRecord("x", key=f"spotify:{encode('track', track)}"))


def test_genres_recommendations_and_features(client_of: Connected) -> None:
    with running(tracks=5_000) as server:
        client = client_of(server)
        genres = client.genre_seeds()
        assert genres == list(GENRES)
        rows = client.recommendations(genres[7])
        assert len(rows) > 90
        assert all(item.genres == item.track.genres == (genres[7],) for item in rows)
        assert all(item.popularity is not None and item.valence is None for item in rows)
        known = client.audio_features(rows)
        assert server.total("audio-features") == 1
    assert [item.track for item in known] == [item.track for item in rows]
    unknown = [item for item in known if item.valence is None]
    assert 0 < len(unknown) < 20  # Spotify knows nothing of some
    for item in known:
        assert item.popularity is not None
        assert item.key is None or 0 <= item.key <= 11


def test_features_are_asked_for_a_hundred_at_a_time_and_once_each(client_of: Connected) -> None:
    with running() as server:
        rows = [row(n % 230) for n in range(300)]
        rows[5] = FeatureRecord(TrackRecord("a local file"))
        rows[6] = FeatureRecord(TrackRecord("of another service", key="deezer:3135556"))
        known = client_of(server).audio_features(rows)
        assert server.total("audio-features") == 3
        for number, item in enumerate(known):
            truth = server.catalogue.features(number % 230)
            if number in {5, 6} or truth is None:
                assert item == rows[number]
            else:
                assert item.valence == truth["valence"]
                assert item.tempo == truth["tempo"]


def test_no_rows_ask_nothing(client_of: Connected) -> None:
    with running() as server:
        assert client_of(server).audio_features([]) == []
        assert server.total("token") == 0


# Faults


@pytest.mark.parametrize("fault", [name for name in FAULTS if name != "slow"])
def test_every_fault_is_lived_through(client_of: Connected, fault: str) -> None:
    with running(Behaviour(faults={fault: 0.4}, seed=3), playlists=25, odd=0.0) as server:
        client = client_of(server)
        for number in range(25):
            expected = server.catalogue.keys(number)
            assert all_keys(client, encode("playlist", number)) == expected
        assert server.counts["fault", fault] > 0


def test_slow_answers_are_asked_for_again(client_of: Any) -> None:
    behaviour = Behaviour(faults={"slow": 0.3}, slow=0.6, seed=1)
    with running(behaviour, playlists=8, odd=0.0) as server:
        client = client_of(server, timeout=0.2)
        for number in range(8):
            expected = server.catalogue.keys(number)
            assert all_keys(client, encode("playlist", number)) == expected
        assert server.counts["fault", "slow"] > 1


@pytest.mark.parametrize("fault", ["throttled", "quota"])
def test_a_throttled_client_waits_as_told(client_of: Connected, clock: Clock, fault: str) -> None:
    behaviour = Behaviour(faults={fault: 0.3}, retry_after="17", seed=2)
    with running(behaviour, playlists=10) as server:
        for number in range(10):
            entries(client_of(server), number)
        times = server.counts["fault", fault]
    assert [seconds for seconds in clock.slept if seconds] == [17] * times
    assert times > 0


def test_a_pause_of_a_day_ends_the_work_and_says_when_to_go_on(
    client_of: Connected, clock: Clock
) -> None:
    with running(Behaviour(faults={"long": 1.0})) as server:
        client = client_of(server)
        with pytest.raises(ServiceError, match=r"24\.0 hours") as caught:
            client.search_playlists("a")
        server.behaviour.faults = {}
        with pytest.raises(ServiceError):
            entries(client, 0)  # nor is anything else asked for
        assert server.total("search") == 1
        assert server.total("items") == 0
    assert (caught.value.status, caught.value.retry_after) == (429, 86_400)
    assert clock.slept == []


def test_tokens_end_in_the_middle_of_the_work(client_of: Connected) -> None:
    with running() as server:
        client = client_of(server)
        for number in range(5):
            server.accounts.expire_tokens()
            entries(client, number)
        assert server.counts["items", 401] == 4  # the first token was given after the end
        assert server.counts["token", 200] == 5


def test_threads_read_everything_through_a_fifth_of_faults(client_of: Connected) -> None:
    behaviour = Behaviour(faults=mixed_faults(0.2), slow=0.0)
    with running(behaviour, gone=0.1, odd=0.02) as server:
        client, catalogue = client_of(server), server.catalogue
        there = [number for number in range(120) if catalogue.fate(number) == 200]
        with ThreadPoolExecutor(8) as pool:
            read = list(pool.map(lambda n: all_keys(client, encode("playlist", n)), there))
        assert read == [catalogue.keys(number) for number in there]
        assert sum(server.counts["fault", name] for name in FAULTS) > 20


def test_the_server_runs_by_itself_for_long_tests(tmp_path: Path) -> None:
    script = Path(spotify.__file__)
    command = [sys.executable, str(script), "--playlists", "40", "--tracks", "300", "--seed", "4"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(4)]
            settings = dict(line.removeprefix("export ").strip().split("=") for line in lines)
            client = connect(file=TokenFile(tmp_path / "spotify.json"), environment=settings)
            catalogue = Catalogue(4, playlists=40, tracks=300)
            assert all_keys(client, encode("playlist", 7)) == catalogue.keys(7)
            client.close()
            counts = httpx.get(f"{settings['SEGUE_SPOTIFY_ACCOUNTS']}/counts").json()
            assert counts["token 200"] == 1
        finally:
            process.terminate()
