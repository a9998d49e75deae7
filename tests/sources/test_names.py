from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.sources.names import Guess, guess_from_path


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("Radiohead/OK Computer/01 - Airbag.mp3", Guess("Airbag", "Radiohead", "OK Computer", 1)),
        (
            "/home/anna/Music/Radiohead/OK Computer (1997)/02. Paranoid Android.flac",
            Guess("Paranoid Android", "Radiohead", "OK Computer", 2, None, 1997),
        ),
        (
            "Radiohead - OK Computer (1997) [FLAC]/03. Subterranean.flac",
            Guess("Subterranean", "Radiohead", "OK Computer", 3, None, 1997),
        ),
        ("Radiohead/[2007] In Rainbows/04 Reckoner.mp3",
         Guess("Reckoner", "Radiohead", "In Rainbows", 4, None, 2007)),
        ("/home/anna/Downloads/Björk - Jóga.mp3", Guess("Jóga", "Björk")),
        ("/home/anna/01 Artist Name - Some Title.mp3", Guess("Some Title", "Artist Name", None, 1)),
        ("/mnt/nas/Music/Pink Floyd/The Wall/CD1/05 Another Brick.mp3",
         Guess("Another Brick", "Pink Floyd", "The Wall", 5, 1)),
        ("Pink Floyd/The Wall/Disc 2/2-03 Vera.mp3", Guess("Vera", "Pink Floyd", "The Wall", 3, 2)),
        ("The Beatles/White Album Disc 1/01 Julia.mp3",
         Guess("Julia", "The Beatles", "White Album", 1, 1)),
        ("Pink_Floyd/The_Wall/01_-_In_The_Flesh.mp3",
         Guess("In The Flesh", "Pink Floyd", "The Wall", 1)),
        ("Beatles/1969 - Abbey Road/Side A/01 Come Together.mp3",
         Guess("Come Together", "Beatles", "Abbey Road", 1, None, 1969)),
        ("Adele/21/01 - Rolling in the Deep.mp3", Guess("Rolling in the Deep", "Adele", "21", 1)),
        ("Adele - 21 - 03 - Turning Tables.mp3", Guess("Turning Tables", "Adele", "21", 3)),
        ("05-daft_punk-one_more_time.mp3", Guess("one more time", "daft punk", None, 5)),
        ("203 - Title here.mp3", Guess("Title here", None, None, 3, 2)),
        ("Green Day/Breakdown/16 21 Guns.mp3", Guess("21 Guns", "Green Day", "Breakdown", 16)),
        ("日本/椎名林檎/無罪モラトリアム/01 - 正しい街.mp3",
         Guess("正しい街", "椎名林檎", "無罪モラトリアム", 1)),
        ("Various Artists/Now 50/07 - Kylie Minogue - Spinning Around.mp3",
         Guess("Spinning Around", "Kylie Minogue", "Now 50", 7)),
        ("Soundtrack/Pulp Fiction/03 - Dick Dale - Misirlou.mp3",
         Guess("Misirlou", "Dick Dale", "Pulp Fiction", 3)),
    ],
)  # fmt: skip
def test_usual_layouts(path: str, expected: Guess) -> None:
    assert guess_from_path(path.encode()) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("99 Luftballons.mp3", Guess("99 Luftballons")),
        ("21 Guns.mp3", Guess("21 Guns")),
        ("1979.mp3", Guess("1979")),
        ("50 Cent - In da Club.mp3", Guess("In da Club", "50 Cent")),
        ("Compilations/Chill Out/11 Moby - Porcelain.mp3", Guess("Porcelain")),
        ("Peer Gynt Suite No. 1, Op. 46 - I. Morning.ogg",
         Guess("Peer Gynt Suite No. 1, Op. 46 - I. Morning")),
        ("About a Girl - Live.mp3", Guess("About a Girl - Live")),
        ("/usr/share/games/rogue/data/music/cave.ogg", Guess("cave")),
        ("/usr/share/games/rogue-data/boss_theme.ogg", Guess("boss theme")),
        ("/home/anna/song.mp3", Guess("song")),
        ("/home/anna/Music/Miles Davis/So What.mp3", Guess("So What")),
        ("/media/tim/USB DISK/Air - Sexy Boy.mp3", Guess("Sexy Boy", "Air")),
        ("Music/Rock/2001/01 - Untold.mp3", Guess("Untold", None, None, 1)),
        ("Unknown Artist/Unknown Album/Track 3.wma", Guess("Track 3", None, None, 3)),
        ("Brian Eno/Ambient 1 - Music for Airports/01 1-1.m4a",
         Guess("1-1", None, "Ambient 1 - Music for Airports", 1)),
        ("Air/Moon Safari/01 - Foo - Bar.mp3", Guess("Foo - Bar", "Air", "Moon Safari", 1)),
        ("fof/songs/Metal madness/song.ogg", Guess("Metal madness")),
        (".mp3", Guess(".mp3")),
        ("", Guess("?")),
    ],
)  # fmt: skip
def test_no_wild_guesses(path: str, expected: Guess) -> None:
    assert guess_from_path(path.encode()) == expected


def test_names_that_are_not_utf8_are_shown_with_replacements() -> None:
    assert guess_from_path(b"Bj\xf6rk - J\xf3ga.mp3") == Guess("J\ufffdga", "Bj\ufffdrk")


@given(st.binary(max_size=300))
def test_any_bytes_are_taken(path: bytes) -> None:
    guess = guess_from_path(path)
    assert guess.title


_PARTS = st.sampled_from(
    ["Music", "CD1", "Artist - Album (1999)", "01 - ", "2-03 ", "A - B", "_", " ", "x", "1999", "é"]
)


@given(st.lists(st.lists(_PARTS, max_size=4).map("".join), max_size=5).map("/".join))
def test_any_mixture_of_usual_parts_is_taken(path: str) -> None:
    guess = guess_from_path((path + ".mp3").encode())
    assert guess.title
    assert guess.artist is None or guess.artist.strip()
    assert guess.track is None or guess.track > 0
