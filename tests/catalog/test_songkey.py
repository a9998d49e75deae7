from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.catalog.songkey import DOUBTFUL, SURE, SongKey, same_song, song_key

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=40)
MARKS = " ".join("( ) [ ] - / ; feat. with Remix Live Remastered 2011 & , x \0".split()).split(" ")
TITLES = ANY_TEXT | st.lists(st.sampled_from(MARKS) | ANY_TEXT).map(" ".join)


def same(a: tuple[str, str], b: tuple[str, str]) -> bool:
    """Tell whether both digests and the judgement without durations agree that it is one song."""
    one, other = song_key(*a), song_key(*b)
    sure = same_song(one, other).certainty >= SURE
    assert sure == (same_song(other, one).certainty >= SURE)
    assert sure == (one.digest is not None and one.digest == other.digest)
    return sure


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("The Beatles", "BEATLES"),
        ("Beyoncé", "beyonce"),
        ("Mœnia", "Moenia"),
        ("MØ", "Mo"),
        ("Ke$ha", "Kesha"),
        ("P!nk", "Pink"),
        ("JAY-Z", "JAY Z"),
        ("D-12", "D12"),
        ("M. Ward", "M Ward"),
        ("Echo & the Bunnymen", "Echo And The Bunnymen"),
        ("Guns N' Roses", "Guns and Roses"),
        ("Blood_ Sweat & Tears", "Blood, Sweat & Tears"),
        ("Simon & Garfunkel", "Garfunkel, Simon"),
        ("Tyler, The Creator", "Tyler The Creator"),
        ("Air I Breathe, The", "The Air I Breathe"),
        ("Paul McCartney / Wings", "Paul McCartney & Wings"),
        ("Nelly featuring Kelly Rowland", "Nelly"),
        ("G.NA (feat. Jay Park)", "G.NA"),
        ("ＡＢＢＡ", "ABBA"),
        ("The The", "The The"),
        ("!!!", "!!!"),
    ],
)
def test_one_artist_written_in_two_ways(a: str, b: str) -> None:
    assert same((a, "A Song"), (b, "A Song"))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Earth", "Earth, Wind & Fire"),
        ("Wind & Fire", "Earth, Wind & Fire"),
        ("Simon", "Paul Simon"),
        ("Little Feat", "Little"),
        ("Nat King Cole", "Natalie Cole"),
        ("44", "4 4"),
        ("!!!", "???"),
        ("DJ Mustard", "Mustard"),
    ],
)
def test_two_artists(a: str, b: str) -> None:
    assert not same((a, "A Song"), (b, "A Song"))


@pytest.mark.parametrize(
    "nobody", ["", " ", "Unknown Artist", "<unknown>", "Various Artists", "[unknown]", "群星"]
)
def test_who_is_unknown_is_no_one(nobody: str) -> None:
    key = song_key(nobody, "Stay")
    assert (key.artist, key.digest, key.first_digest) == ("", None, None)
    assert same_song(key, key, 200.0, 200.0).certainty == 0
    assert song_key("", "Stay", [nobody]).digest is None


@pytest.mark.parametrize("title", ["", " ", "\0", "\t\n"])
def test_no_title_is_no_song(title: str) -> None:
    assert song_key("Sia", title).digest is None


def test_a_list_of_artists_is_the_credit() -> None:
    listed = song_key("", "Wake Me Up", ["Avicii", "Aloe Blacc"])
    assert listed.digest == song_key("Avicii & Aloe Blacc", "Wake Me Up").digest
    assert listed.first_digest == song_key("Avicii", "Wake Me Up").digest
    band = song_key("", "September", ["Earth, Wind & Fire"])
    assert band.digest == song_key("Earth_ Wind & Fire", "September").digest


def test_guests_and_remixers_in_the_list_are_not_of_the_credit() -> None:
    title = "I Don't Care (with Justin Bieber) - Loud Luxury Remix"
    listed = song_key("", title, ["Ed Sheeran", "Justin Bieber", "Loud Luxury"])
    assert listed.artist == "edsheeran"
    assert listed.digest == song_key("Ed Sheeran", title).digest
    assert song_key("", "Yes", ["Ed Sheeran", "Justin Bieber"]).artist == "edsheeran justinbieber"


def test_digests() -> None:
    # Stored in catalogues: they stay as they are.
    key = song_key("Sia", "Cheap Thrills")
    assert key == SongKey(
        "sia", "sia", "cheapthrills", "", "", 640262642926343688, 640262642926343688
    )
    edit = song_key("Sia", "Cheap Thrills (Radio Edit)")
    assert edit.digest != key.digest
    assert edit.first_digest == key.digest
    band = song_key("The Charlie Daniels Band", "Trudy")
    assert band.first_digest == song_key("Charlie Daniels", "Trudy").digest != band.digest


@pytest.mark.parametrize(
    ("seconds", "certainty"),
    [
        ((None, None), 0.9),
        ((200.0, None), 0.9),
        ((200.0, 0.0), 0.9),
        ((200.0, 200.0), 1.0),
        ((200.0, 206.0), 1.0),
        ((200.0, 206.1), 0.5),
        ((215.0, 200.0), 0.5),
        ((215.1, 200.0), 0.1),
    ],
)
def test_equal_names(seconds: tuple[float | None, float | None], certainty: float) -> None:
    a, b = song_key("Jodeci", "Forever My Lady"), song_key("JODECI", "Forever my lady")
    assert same_song(a, b, *seconds).certainty == certainty


@pytest.mark.parametrize(
    ("seconds", "certainty"),
    [
        ((None, None), 0.4),
        ((200.0, 201.9), 0.85),
        ((200.0, 205.0), 0.4),
        ((200.0, 207.0), 0.1),
    ],
)
@pytest.mark.parametrize(
    ("a", "b"),
    [
        (("Tungevaag", "Beast"), ("Tungevaag & Raaban", "Beast")),
        (("Dzeko & Torres", "Hurricane"), ("Dzeko & Torres & Sarah McLeod", "Hurricane")),
        (("Robert Glasper", "Afro Blue"), ("Robert Glasper Experiment", "Afro Blue")),
        (("DJ Mustard", "Face Down"), ("Mustard", "Face Down")),
        (("Antidote", "Cinema"), ("Antidote", "Cinema - Radio Edit")),
        (("Antidote", "Cinema (Extended Mix)"), ("Antidote", "Cinema")),
        (("Antidote", "Cinema (Original Mix)"), ("Antidote", "Cinema")),
    ],
)
def test_more_artists_and_edits_need_durations(
    a: tuple[str, str],
    b: tuple[str, str],
    seconds: tuple[float | None, float | None],
    certainty: float,
) -> None:
    one, other = song_key(*a), song_key(*b)
    assert same_song(one, other, *seconds).certainty == certainty
    assert same_song(other, one, *reversed(seconds)).certainty == certainty


@pytest.mark.parametrize(
    ("a", "b", "reason"),
    [
        (("A & B", "Song"), ("A & C", "Song"), "another artist"),
        (("A & B", "Song"), ("B", "Song"), "another artist"),
        (("A", "Song"), ("A", "Other"), "another title"),
        (("A", "Song"), ("A", "Song (Live)"), "another version"),
        (("", "Song"), ("", "Song"), "no artist or no title"),
    ],
)
def test_durations_do_not_make_up_for_other_names(
    a: tuple[str, str], b: tuple[str, str], reason: str
) -> None:
    assert same_song(song_key(*a), song_key(*b), 200.0, 200.0) == (0.0, reason)


def test_certainty_has_three_parts() -> None:
    assert 0.1 < DOUBTFUL < 0.4 < SURE < 0.85


@given(ANY_TEXT | TITLES, TITLES, st.lists(ANY_TEXT, max_size=3))
def test_any_text_has_a_key(artist: str, title: str, artists: list[str]) -> None:
    key = song_key(artist, title, artists)
    assert key == song_key(artist, title, artists)
    for text in key[:5]:
        assert isinstance(text, str)
        text.encode("utf-8")
        assert "\0" not in text
    for digest in (key.digest, key.first_digest):
        assert digest is None or -(2**63) <= digest < 2**63
    assert (key.digest is None) == (key.first_digest is None)
    assert (same_song(key, key).certainty >= SURE) == (key.digest is not None)


@given(ANY_TEXT, TITLES)
def test_case_makes_no_difference(artist: str, title: str) -> None:
    # "İ" and the like have more than one lower case; what folds alike is what counts.
    for text in (artist, title):
        if text.upper().casefold() != text.casefold():
            return
    assert song_key(artist.upper(), title.upper()).title == song_key(artist, title).title
