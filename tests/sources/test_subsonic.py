from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.catalog.incoming import (
    FeatureRecord,
    PlayCountRecord,
    PlaylistRecord,
    RatingRecord,
    Record,
    Skip,
)
from segue.catalog.records import TrackRecord
from segue.errors import ServiceError, SourceError, UsageError
from segue.sources.source import Source
from segue.sources.subsonic import Subsonic
from segue.sources.subsonic_json import song_record
from servers import opensubsonic, supysonic
from servers.loopback import Reply, serving
from servers.opensubsonic import API_KEY, OpenSubsonic, Specification, playlist, song

LOGIN = {"user": opensubsonic.USER, "password": opensubsonic.PASSWORD}
SECRETS = (opensubsonic.PASSWORD, opensubsonic.PASSWORD.encode().hex(), API_KEY)


def read(source: Subsonic, name: str) -> list[Record]:
    return [record for part in source.parts() if part.name == name for record in part.read()]


def tracks(source: Subsonic, name: str = "tracks") -> list[TrackRecord]:
    return [record for record in read(source, name) if isinstance(record, TrackRecord)]


def ids(records: Sequence[TrackRecord]) -> list[str]:
    return [record.key.rpartition(":")[2] for record in records]


@contextmanager
def serve(server: OpenSubsonic, **login: str) -> Iterator[Subsonic]:
    with server.running() as address:
        yield Subsonic(address, **(login or LOGIN))


# A real server


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[supysonic.Supysonic]:
    with supysonic.running(tmp_path_factory.mktemp("supysonic")) as server:
        yield server


@pytest.fixture
def synced(real: supysonic.Supysonic) -> Subsonic:
    return Subsonic(real.address, user=supysonic.USER, password=supysonic.PASSWORD)


def test_real_tracks_are_all_there_with_their_tags(synced: Subsonic) -> None:
    found = {(each.artist, each.album, each.track_number): each for each in tracks(synced)}
    assert len(found) == supysonic.SONGS
    seconds = 1
    for artist, album, year, genre, titles in supysonic.ALBUMS:
        for number, title in enumerate(titles, 1):
            seconds += 1
            track = found[artist, album, number]
            assert (track.title, track.year, track.genres) == (title, int(year), (genre,))
            assert track.duration == seconds
            assert track.key.startswith(f"subsonic:{synced.location.removeprefix('http://')}:")


def test_real_playlists_come_in_order_with_doubles(
    real: supysonic.Supysonic, synced: Subsonic
) -> None:
    songs = tracks(synced)
    own = [each.key.rpartition(":")[2] for each in songs]
    order = [own[3], own[0], own[3], own[7]]
    real.call("createPlaylist", *order, name="Rainy 日")
    made = real.call("getPlaylists")["playlists"]["playlist"][0]["id"]
    real.call("updatePlaylist", playlistId=made, comment="for <rain>", public="true")
    (record,) = read(synced, f"playlist {made}")
    assert isinstance(record, PlaylistRecord)
    assert record.key.endswith(f":{made}")
    assert (record.name, record.description, record.owner) == ("Rainy 日", "for <rain>", "")
    assert ids(record.tracks) == order
    assert list(record.tracks) == [songs[3], songs[0], songs[3], songs[7]]
    real.call("deletePlaylist", id=made)
    assert [part.name for part in synced.parts()] == ["tracks", "stars", "plays"]


def test_real_stars_and_ratings(real: supysonic.Supysonic, synced: Subsonic) -> None:
    first, second, third, *_ = tracks(synced)
    keys = ids([first, second, third])
    for own, stars in zip(keys, "514", strict=True):
        real.call("setRating", id=own, rating=stars)
    real.call("star", id=keys[0])
    (star,) = read(synced, "stars")
    assert isinstance(star, RatingRecord)
    assert (star.track, star.value, star.listener) == (first, 1.0, "me")
    assert star.at is not None
    rated = [RatingRecord(second, -1.0), RatingRecord(third, 0.5)]
    plays = read(synced, "plays")
    assert plays[:2] == rated
    assert {each.value for each in plays[2:] if isinstance(each, RatingRecord)} == {0.0}
    real.call("unstar", id=keys[0])
    assert read(synced, "stars") == []
    assert read(synced, "plays")[0] == RatingRecord(first, 1.0)
    real.call("setRating", id=keys[0], rating="0")
    assert read(synced, "plays")[0] == RatingRecord(first, 0.0)  # taken back


def test_real_scrobbles_are_taken_though_supysonic_tells_no_counts(
    real: supysonic.Supysonic, synced: Subsonic
) -> None:
    real.call("scrobble", id=ids(tracks(synced))[0], time="1700000000000")
    assert not any(isinstance(each, PlayCountRecord) for each in read(synced, "plays"))


def test_real_refusal_of_a_wrong_password(real: supysonic.Supysonic) -> None:
    source = Subsonic(real.address, user=supysonic.USER, password="wrong-one")
    with pytest.raises(ServiceError, match="check the user and the password") as caught:
        list(source.parts())
    assert caught.value.status == 401
    assert "wrong-one" not in str(caught.value)


# Logging in


def test_a_token_is_sent_and_never_the_password() -> None:
    server = OpenSubsonic([song(1)])
    with serve(server) as source:
        assert len(tracks(source)) == 1
    assert "ping" in [method for method, _ in server.asked]
    for method, asked in server.asked:
        assert ("t" in asked.query) == (method != "getOpenSubsonicExtensions")
        assert "p" not in asked.query


@pytest.mark.parametrize("code", [41, 42, 10, 30])
def test_the_password_is_sent_where_tokens_are_refused(code: int) -> None:
    server = OpenSubsonic([song(1)], tokens=False, no_tokens=code, extensions=None)
    with serve(server) as source:
        assert len(tracks(source)) == 1
    assert server.asked[-1][1].query["p"] == f"enc:{SECRETS[1]}"


def test_logging_in_once_is_enough() -> None:
    server = OpenSubsonic([song(1)], [playlist("a", []), playlist("b", [])])
    with serve(server) as source:
        for part in source.parts():
            list(part.read())
    assert [method for method, _ in server.asked].count("ping") == 1


def test_an_api_key_goes_first_where_the_server_takes_keys() -> None:
    server = OpenSubsonic([song(1)], extensions=("apiKeyAuthentication",))
    with serve(server, **LOGIN, api_key=API_KEY) as source:
        assert len(tracks(source)) == 1
    assert all("u" not in asked.query for _, asked in server.asked)
    assert server.asked[-1][1].query["apiKey"] == API_KEY


def test_an_api_key_is_not_sent_where_the_server_takes_none() -> None:
    server = OpenSubsonic([song(1)])
    with serve(server, **LOGIN, api_key=API_KEY) as source:
        assert len(tracks(source)) == 1
    assert all("apiKey" not in asked.query for _, asked in server.asked)
    with (
        serve(server, api_key=API_KEY) as source,
        pytest.raises(UsageError, match="takes no API keys"),
    ):
        list(source.parts())


def test_no_secret_is_in_an_address_where_forms_are_taken() -> None:
    server = OpenSubsonic([song(1)], extensions=("apiKeyAuthentication", "formPost"))
    with serve(server, api_key=API_KEY) as source:
        assert len(tracks(source)) == 1
    assert all("apiKey" not in asked.query for _, asked in server.asked)
    assert server.asked[-1][1].form["apiKey"] == API_KEY


def test_credentials_in_the_address_are_used_and_hidden() -> None:
    server = OpenSubsonic([song(1)])
    with server.running() as address:
        host = address.removeprefix("http://")
        source = Subsonic(f"subsonic+http://ann:s%C3%A9cret%20%26%20more@{host}/")
        assert len(tracks(source)) == 1
        assert source.location == address
        assert tracks(source)[0].key == f"subsonic:{host}:so-1"
    assert isinstance(source, Source)
    shown = repr(source) + repr(vars(source)) + repr(list(vars(source).values()))
    assert not any(secret in shown for secret in SECRETS)


def test_a_password_in_the_address_goes_before_those_from_elsewhere() -> None:
    server = OpenSubsonic([song(1)], extensions=("apiKeyAuthentication",))
    with server.running() as address:
        host = address.removeprefix("http://")
        source = Subsonic(
            f"http://ann:s%C3%A9cret%20%26%20more@{host}",
            user="bob",
            password="for-another-server",
            api_key="for-another-server",
        )
        assert len(tracks(source)) == 1
        assert all("apiKey" not in asked.query for _, asked in server.asked)
        named = Subsonic(f"http://ann@{host}", user="bob", password=opensubsonic.PASSWORD)
        assert len(tracks(named)) == 1


def test_without_credentials_it_is_told_where_to_put_them() -> None:
    with (
        serve(OpenSubsonic([]), user="ann") as source,
        pytest.raises(UsageError, match="SEGUE_SUBSONIC_PASSWORD"),
    ):
        list(source.parts())


@pytest.mark.parametrize(
    ("login", "extensions", "code", "words"),
    [
        ({"user": "bob", "password": "x"}, (), 40, "check the user and the password"),
        ({"api_key": "other-key"}, ("apiKeyAuthentication",), 44, "make a new one"),
    ],
)
def test_refusals_say_what_to_do_and_no_secret(
    login: dict[str, str], extensions: tuple[str, ...], code: int, words: str
) -> None:
    with (
        serve(OpenSubsonic([], extensions=extensions), **login) as source,
        pytest.raises(ServiceError, match=words) as caught,
    ):
        list(source.parts())
    assert caught.value.status == 401
    assert f"Subsonic error {code}" in str(caught.value)
    assert "other-key" not in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_password_that_the_server_repeats_is_not_shown() -> None:
    with (
        serve(OpenSubsonic([]), user="bob", password=opensubsonic.PASSWORD) as source,
        pytest.raises(ServiceError, match=r"password \*\*\*") as caught,
    ):
        list(source.parts())
    assert opensubsonic.PASSWORD not in str(caught.value)


@pytest.mark.parametrize("body", [{"hello": 1}, [], {"subsonic-response": "ok"}, {}])
def test_another_server_is_told_as_such(body: Any) -> None:
    with (
        serving(lambda _: Reply(body)) as address,
        pytest.raises(ServiceError, match="not as a Subsonic server"),
    ):
        list(Subsonic(address, **LOGIN).parts())


@pytest.mark.parametrize(
    ("address", "location"),
    [
        ("http://Music.LAN:80/", "http://music.lan"),
        ("https://music.lan:4533/sub/rest/", "https://music.lan:4533/sub"),
        ("subsonic+https://a:b@[::1]:8/x?u=1#y", "https://[::1]:8/x"),
    ],
)
def test_addresses(address: str, location: str) -> None:
    assert Subsonic(address).location == location


@pytest.mark.parametrize("address", ["music.lan", "ftp://a:secret@b", "http://", "http://h:99999"])
def test_addresses_that_are_none(address: str) -> None:
    with pytest.raises(UsageError, match="address of a Subsonic server") as caught:
        Subsonic(address)
    assert "secret" not in str(caught.value)


# Every song, once


MANY = [song(number) for number in range(1, 1_241)]
ALBUMS = 1 + 1_240 // opensubsonic.PER_ALBUM


@pytest.mark.parametrize(
    ("options", "albums_asked"),
    [
        ({}, 0),
        ({"most": 70}, 0),
        ({"found": 0}, ALBUMS),
        ({"found": None}, ALBUMS),
        ({"found": 1_100}, ALBUMS - 1_101 // opensubsonic.PER_ALBUM),
        ({"found": 20, "most": 30}, ALBUMS - 1),
    ],
)
def test_every_song_comes_once(options: dict[str, Any], albums_asked: int) -> None:
    server = OpenSubsonic(MANY, **options)
    with serve(server) as source:
        found = tracks(source)
    assert sorted(ids(found)) == sorted(each["id"] for each in MANY)
    assert server.methods.count("getAlbum") == albums_asked


def test_a_server_without_offsets_is_not_asked_for_ever() -> None:
    server = OpenSubsonic(MANY[:400], offsets=False, most=300)
    with serve(server) as source:
        found = Counter(ids(tracks(source)))
    assert set(found.values()) == {1}
    assert len(found) == 400


# What is said of a song


RICH = song(
    7,
    title="Tear\u0000drop",
    artist="Massive Attack feat. Elizabeth Fraser",
    displayArtist="Massive Attack feat. Liz Fraser",
    artists=[{"id": "ar-1", "name": "Massive Attack"}, {"id": "ar-2", "name": "Liz Fraser"}],
    albumArtists=[{"id": "ar-1", "name": "Massive Attack"}],
    year=1998,
    discNumber=2,
    genre="Trip-Hop",
    genres=[{"name": "Trip-Hop"}, {"name": "Electronic"}],
    musicBrainzId="67B8E8A5-0000-4000-8000-0123456789AB",
    isrc=["GB-AAA-98-00001", "GBAAA9800001", "nonsense"],
    bpm=154,
    moods=["dark"],
    starred="2026-01-02T03:04:05Z",
    userRating=2,
    playCount=12,
    played="2026-10-02T03:04:05.5Z",
)


def test_all_that_is_said_of_a_song_is_kept() -> None:
    server = OpenSubsonic([RICH])
    with serve(server) as source:
        name = source.location.removeprefix("http://")
        expected = TrackRecord(
            "Teardrop",
            artist="Massive Attack feat. Liz Fraser",
            album="Album 0",
            album_artist="Massive Attack",
            track_number=8,
            disc_number=2,
            year=1998,
            genres=("Trip-Hop", "Electronic"),
            duration=187.0,
            outside_ids=(
                ("isrc", "GBAAA9800001"),
                ("musicbrainz_recording", "67b8e8a5-0000-4000-8000-0123456789ab"),
            ),
            key=f"subsonic:{name}:so-7",
            artists=("Massive Attack", "Liz Fraser"),
            artist_keys=(f"subsonic:{name}:ar-1", f"subsonic:{name}:ar-2"),
            album_key=f"subsonic:{name}:al-0",
        )
        assert read(source, "tracks") == [expected, FeatureRecord(expected, tempo=154.0)]
        assert read(source, "stars") == [RatingRecord(expected, 1.0, 1767323045)]
        assert read(source, "plays") == [PlayCountRecord(expected, 12, last_at=1790910245)]


@pytest.mark.parametrize(("stars", "value"), [(1, -1.0), (2, -0.5), (3, 0.0), (4, 0.5), (5, 1.0)])
def test_stars_of_five(stars: int, value: float) -> None:
    with serve(OpenSubsonic([song(1, userRating=stars)])) as source:
        (rating,) = read(source, "plays")
    assert isinstance(rating, RatingRecord)
    assert rating.value == value


def test_an_album_or_artist_id_of_musicbrainz_is_not_the_songs() -> None:
    mbid = "67b8e8a5-0000-4000-8000-0123456789ab"
    for media in ("album", None, 7):
        found = song_record(song(1, musicBrainzId=mbid, mediaType=media), "x")
        assert isinstance(found, TrackRecord)
        assert found.outside_ids == ()


def test_videos_podcasts_and_nonsense_are_left_out_and_counted() -> None:
    wrong: list[Any] = [
        song(1, isVideo=True),
        song(2, type="video"),
        song(3, type="podcast"),
        song(4, type="audiobook"),
        song(5, isDir=True),
        song(6, title=None),
        song(7, id=None),
        None,
        [song(8)],
    ]
    server = OpenSubsonic([song(9)], [playlist("p", [song(9), *wrong, song(10)])])
    server.meddle = lambda method, response: (
        response["searchResult3"].__setitem__("song", [*wrong, song(9)])
        if method == "search3"
        else None
    )
    with serve(server) as source:
        records = read(source, "tracks")
        listed = read(source, "playlist p")
    reasons = [each.reason for each in records if isinstance(each, Skip)]
    assert reasons == [
        *("a video", "a video", "a podcast", "an audiobook", "a folder"),
        *("no title", "no id", "no song", "no song"),
    ]
    assert [each.bad for each in records if isinstance(each, Skip)] == [False] * 5 + [True] * 4
    assert ids([each for each in records if isinstance(each, TrackRecord)]) == ["so-9"]
    *skips, record = listed
    assert [each.reason for each in skips if isinstance(each, Skip)] == reasons
    assert isinstance(skips[0], Skip)
    assert skips[0].where == "playlist p, entry 2"
    assert isinstance(record, PlaylistRecord)
    assert ids(record.tracks) == ["so-9", "so-10"]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from(sorted(RICH)), ANYTHING))
def test_any_type_in_any_field_is_survived(fields: dict[str, Any]) -> None:
    found = song_record({**RICH, **fields}, "x")
    json.dumps(repr(found), ensure_ascii=False).encode()  # no lone surrogates
    if isinstance(found, TrackRecord):
        assert "\0" not in repr(found)
        assert found.title
        assert found.duration is None or found.duration > 0


@given(ANYTHING)
def test_any_answer_is_survived(answer: Any) -> None:
    assert isinstance(song_record(answer, "x"), Skip)


@pytest.mark.parametrize("value", [None, 7, "x", [], {}, [None], [[]], {"song": 7}])
def test_wrong_types_around_the_songs_are_survived(value: Any) -> None:
    server = OpenSubsonic([song(1)], [playlist("p", [song(1)])])

    def meddle(_: str, response: dict[str, Any]) -> None:
        for name in ("searchResult3", "albumList2", "starred2", "playlist", "scanStatus"):
            if name in response:
                response[name] = value

    server.meddle = meddle
    with serve(server) as source:
        for part in source.parts():
            assert all(isinstance(record, Skip | PlaylistRecord) for record in part.read())


def test_an_empty_answer_does_not_empty_a_playlist() -> None:
    server = OpenSubsonic([], [playlist("p", [song(1)])])
    server.meddle = lambda _, response: response.pop("playlist", None)
    with serve(server) as source:
        assert read(source, "playlist p") == [Skip("a playlist that is not there", "p")]


# Playlists


def test_owners_are_named_only_where_they_show_themselves() -> None:
    server = OpenSubsonic(
        [],
        [
            playlist("1", [], owner="bob", public=True, comment="hello"),
            playlist("2", [], owner="bob", public=False),
            playlist("3", [], owner="ann", public=True),
            playlist("4", [], owner="bob"),
        ],
    )
    with serve(server) as source:
        found = [read(source, f"playlist {own}")[0] for own in "1234"]
    assert [each.owner for each in found if isinstance(each, PlaylistRecord)] == ["bob", "", "", ""]
    assert isinstance(found[0], PlaylistRecord)
    assert found[0].description == "hello"
    assert found[0].modified_at == 1795253400


def test_stamps_change_with_what_they_stand_for() -> None:
    server = OpenSubsonic(
        [],
        [
            playlist("1", []),
            playlist("2", [song(1)]),
            playlist("3", [], readonly=True),
            playlist("4", [], validUntil=opensubsonic.CHANGED),
            playlist("5", [], changed=None),
        ],
    )
    with serve(server) as source:
        stamps = {part.name: part.stamp for part in source.parts()}
        assert stamps["tracks"] == opensubsonic.SCANNED
        assert stamps["stars"] == stamps["plays"] == ""
        assert stamps["playlist 1"] == f"{opensubsonic.CHANGED} 0"
        assert stamps["playlist 2"] == f"{opensubsonic.CHANGED} 1"
        assert [stamps[f"playlist {own}"] for own in "345"] == ["", "", ""]
        for scan in (
            None,
            {"scanning": True, "lastScan": opensubsonic.CHANGED},
            {"scanning": False},
            {},
        ):
            server.scan = scan
            assert next(iter(source.parts())).stamp == ""


def test_a_playlist_that_went_meanwhile_is_an_error_of_that_part_alone() -> None:
    server = OpenSubsonic([], [playlist("1", []), playlist("2", [])])
    with serve(server) as source:
        parts = [part for part in source.parts() if part.name.startswith("playlist")]
        server.playlists.pop(0)
        with pytest.raises(SourceError, match="gone from the server"):
            list(parts[0].read())
        assert len(list(parts[1].read())) == 1


def test_a_login_that_ends_meanwhile_is_the_services_error() -> None:
    server = OpenSubsonic([song(1)])
    with serve(server) as source:
        part = next(iter(source.parts()))
        server.password = "changed"
        with pytest.raises(ServiceError, match="check the user") as caught:
            list(part.read())
    assert caught.value.status == 401


def test_a_server_that_is_gone_is_the_services_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segue.http.retry.Backoff.delay", lambda *_: 0.0)
    with serve(OpenSubsonic([])) as source:
        parts = list(source.parts())
    for read in (parts[0].read, source.parts):
        with pytest.raises(ServiceError) as caught:
            list(read())
        assert caught.value.status == 0


# The stand-in itself


def test_the_stand_in_answers_as_the_specification_says(shared: Path) -> None:
    folder = shared / "api" / "opensubsonic" / "openapi"
    if not (folder / "openapi.json").is_file():
        pytest.skip(f"no OpenSubsonic specification at {folder}")
    pytest.importorskip("jsonschema")
    specification = Specification(folder)
    rich = {**RICH, "title": "Teardrop"}
    server = OpenSubsonic([song(1), rich], [playlist("p", [rich], owner="bob", public=True)])
    login = {"u": "ann", "p": f"enc:{SECRETS[1]}", "v": "1.16.1", "c": "tests", "f": "json"}
    calls: dict[str, dict[str, str]] = {
        "ping": {},
        "getOpenSubsonicExtensions": {},
        "search3": {"query": "", "artistCount": "0", "albumCount": "0"},
        "getAlbumList2": {"type": "alphabeticalByName"},
        "getAlbum": {"id": "al-0"},
        "getStarred2": {},
        "getPlaylists": {},
        "getPlaylist": {"id": "p"},
        "getScanStatus": {},
    }
    with server.running() as address, httpx.Client(trust_env=False) as client:
        for method, params in calls.items():
            answer = client.get(f"{address}/rest/{method}", params={**login, **params}).json()
            assert answer["subsonic-response"]["status"] == "ok"
            specification.check(method, answer)
        failed = client.get(f"{address}/rest/getAlbum", params={**login, "p": "enc:00"}).json()
        specification.check("getAlbum", failed)
        assert failed["subsonic-response"]["status"] == "failed"
        with pytest.raises(Exception, match="is not valid under any"):
            specification.check("getAlbum", {"subsonic-response": {"status": "ok"}})
