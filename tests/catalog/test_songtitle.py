from __future__ import annotations

import pytest

from segue.catalog.songtitle import read_title, split_words, squash, symbols


@pytest.mark.parametrize(
    "title",
    [
        "Teardrop",
        "TEARDROP",
        "Teardrop ",
        "Tear Drop",
        "The Teardrop",
        "Teardrop!",
        "Teardrop - Remastered 2011",
        "Teardrop - 2011 Remaster",
        "Teardrop - 2011 Remastered Version",
        "Teardrop (2009 Digital Remaster)",
        "Teardrop - 2010 - Remaster",
        "Teardrop - Digitally Remastered 1999",
        "Teardrop - Remasterizado 2011",
        "Teardrop - Versión Remasterizada",
        "Teardrop - 20-Bit Digital Mastering from the Original Master Tapes: 1998",
        "Teardrop [Remastered] (Bonus Track)",
        "Teardrop - Mono / Remastered",
        "Teardrop - Mono Version",
        "Teardrop - Stereo Mix",
        "Teardrop (2017 Stereo Mix)",
        "Teardrop - Single Version; 2007 Remaster",
        "Teardrop - Album Version (Edited)",
        "Teardrop - Explicit Album Version",
        "Teardrop - Mezzanine Album Version",
        "Teardrop (LP Version)",
        "Teardrop (Deluxe Edition)",
        'Teardrop - From "House M.D."',
        'Teardrop - From "Madison Square Garden"',
        "Teardrop - From Naruto",
        'Teardrop - From "Frozen"/Soundtrack Version',
        "Teardrop (From the film House)",
        "Teardrop (Original Motion Picture Soundtrack)",
        "Teardrop - Original Broadway Cast Recording",
        "Teardrop (Official Music Video)",
        "Teardrop (feat. Elizabeth Fraser)",
        "Teardrop [feat. Elizabeth Fraser]",
        "Teardrop ft. Elizabeth Fraser",
        "Teardrop - Featuring Elizabeth Fraser",
        "Teardrop - feat. Elizabeth Fraser Explicit Album Version",
        "Teardrop (with Elizabeth Fraser)",
        "Teardrop (w/ Elizabeth Fraser)",
        "Teardrop (con Elizabeth Fraser)",
        "Teardrop (Duet With Elizabeth Fraser)",
        "Teardrop (& Elizabeth Fraser)",
        "Teardrop (prod. Neil Davidge)",
        "Teardrop (feat. Elizabeth Fraser",
        "Ｔｅａｒｄｒｏｐ",
        "Teardrop（feat. Elizabeth Fraser）",
        "Teardrop – Remastered",
        "Teardrop (リマスター)",
        "Teardrop (电影《x》主题曲)",
    ],
)
def test_the_same_recording(title: str) -> None:
    read = read_title(title)
    assert read[:3] == ("teardrop", "", "")


@pytest.mark.parametrize(
    ("title", "version"),
    [
        ("Creep - Live", "live"),
        ("Creep (Live Version)", "live"),
        ("Creep - Live / Remastered 2011", "live"),
        ("Creep - En Vivo", "live"),
        ("Creep (Ao Vivo)", "live"),
        ("Creep (ライブ)", "live"),
        ("Creep（现场版）", "live"),
        ("Creep (Live at Wembley)", "live wembley"),
        ("Creep [Live At Wembley] - 2004 - Remaster", "2004 live wembley"),
        ("Creep - Live at the Forum, London - November 2010", "2010 forum live london november"),
        ("Creep - Live 1972 - Remastered", "1972 live"),
        ("Creep - From Saratoga Arts Center", "arts center saratoga"),
        ("Creep - Remix", "remix"),
        ("Creep (Remix) - Remix", "remix"),
        ("Creep Remix", "remix"),
        ("Creep - Tiësto Remix", "remix tiesto"),
        ("Creep - Tiesto Remix", "remix tiesto"),
        ("Creep (feat. Someone) - Loud Luxury Remix", "loud luxury remix"),
        ("Creep - Loud Luxury Remix feat. Someone", "loud luxury remix"),
        ("Creep (Remixed by Loud Luxury)", "loud luxury remix"),
        ("Creep - ゼッド・リミックス", "remix ゼッド"),
        ("Creep (Remix版)", "remix"),
        ("Creep - W&W Remix", "remix w"),
        ("Creep - Club Mix Remastered", "club mix"),
        ("Creep (Acoustic)", "acoustic"),
        ("Creep - Acústico", "acoustic"),
        ("Creep - Acoustic Version", "acoustic"),
        ("Creep (Instrumental)", "instrumental"),
        ("Creep - Inst.", "instrumental"),
        ("Creep - 伴奏", "instrumental"),
        ("Creep (Karaoke Version)", "karaoke"),
        ("Creep (カラオケ)", "karaoke"),
        ("Creep [Originally Performed by Radiohead]", "cover radiohead"),
        ("Creep (In the Style of Radiohead)", "cover radiohead"),
        ("Creep (Radiohead Tribute)", "radiohead tribute"),
        ("Creep - Cover", "cover"),
        ("Creep (Demo)", "demo"),
        ("Creep - Take 3", "3 take"),
        ("Creep (Alternate Version)", "alternate"),
        ("Creep (Orchestral Version)", "orchestral"),
        ("Creep (with the London Symphony Orchestra)", "london orchestra symphony with"),
        ("Creep (Sped Up)", "sped up"),
        ("Creep - speed up", "sped up"),
        ("Creep (slowed + reverb)", "reverb slowed"),
        ("Creep (Taylor's Version)", "s taylor"),
        ("Creep (Taylor’s Version) [From the Vault]", "s taylor"),
        ("Creep (Re-Recorded / Remastered)", "rerecorded"),
        ("Creep - Rerecorded", "rerecorded"),
        ("Creep - Spanish Version", "spanish"),
        ("Creep (国语版)", "国语"),
        ("Creep - 2001 Version", "2001"),
        ("Creep - 1993", "1993"),
        ("Creep (Version)", "version"),
        ("Creep - A Cappella", "cappella"),
        ("Creep (Reprise)", "reprise"),
    ],
)
def test_another_recording(title: str, version: str) -> None:
    assert read_title(title)[:3] == ("creep", version, "")


@pytest.mark.parametrize(
    ("title", "version", "cut"),
    [
        ("Strobe - Radio Edit", "", "short"),
        ("Strobe (Official Radio Edit)", "", "short"),
        ("Strobe (Radio Mix)", "", "short"),
        ('Strobe - 7" Version', "", "short"),
        ("Strobe - Extended Mix", "", "long"),
        ('Strobe - 12" Mix', "", "long"),
        ("Strobe - Extended Version; 2007 Remaster", "", "long"),
        ("Strobe - Original Mix", "", "original"),
        ("Strobe (Original Version)", "", "original"),
        ("Strobe - Single Mix", "", "mix"),
        ("Strobe - Kygo Edit Extended", "kygo", "long"),
        ("Strobe (Kygo Remix) [Radio Edit]", "kygo remix", "short"),
        ("Strobe - Kygo Extended Remix", "kygo remix", "long"),
        ("Strobe - Kygo Remix", "kygo remix", ""),
        ("Strobe - Kygo Edit", "kygo", "short"),
    ],
)
def test_an_edit(title: str, version: str, cut: str) -> None:
    assert read_title(title)[:3] == ("strobe", version, cut)


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("The Fox (What Does the Fox Say?)", "foxwhatdoesthefoxsay"),
        ("(You Gotta Walk) Don't Look Back", "yougottawalkdontlookback"),
        ("Stay (With Me)", "staywithme"),
        ("Dance - Or Not", "danceornot"),
        ("Loca (with rap)", "locawithrap"),
        ("Symphony No. 4: II. Andante", "symphonyno4iiandante"),
        ("Freestyle (7)", "freestyle7"),
        ("Live Forever", "liveforever"),
        ("Live and Let Die", "liveandletdie"),
        ("Remix", "remix"),
        ("The Edit", "edit"),
        ("Forever Left", "foreverleft"),
        ("1979 - Remastered 2012", "1979"),
        ("1 2 3", "1 2 3"),
        ("12 3", "12 3"),
        ("I <3 You", "i3you"),
        ("x - b (c [d] e", "xbcde"),
    ],
)
def test_what_belongs_to_the_title(title: str, words: str) -> None:
    assert read_title(title)[:3] == (words, "", "")


@pytest.mark.parametrize(
    "titles",
    [
        ("Checkup Pt. 2", "Checkup, Part 2", "Checkup (Part II)", "Checkup - Pt. 2"),
        ("Livin' on a Prayer", "Living On A Prayer"),
        ("Up&Down", "Up & Down", "Up and Down"),
        ("Rock 'n' Roll", "Rock & Roll", "Rock N Roll"),
        ("2AM.", "2 Am"),
        ("Don't Stop", "Don’t Stop", "Dont Stop", "DON`T STOP"),
        ("Es Por Tí", "Es por ti"),
    ],
)
def test_spellings(titles: tuple[str, ...]) -> None:
    assert len({read_title(title)[:3] for title in titles}) == 1


def test_numbers_and_parts_stay() -> None:
    titles = ["Slave", "Slave II", "Slave III", "Slave Pt. 1", "Slave Pt. 2", "Slave Vol. 2"]
    assert len({read_title(title) for title in titles}) == len(titles)


def test_titles_of_brackets_and_signs_stay_apart() -> None:
    titles = ["(sic)", "[Graduation]", "(Live)", "(Remix)", "$", "♥", "/", "---", "?", "*****", "."]
    read = [read_title(title)[0] for title in titles]
    assert "" not in read
    assert len(set(read)) == len(titles)


def test_nothing() -> None:
    assert read_title("")[:3] == ("", "", "")
    assert read_title("\0 \ud800")[0] == ""
    assert squash([]) == ""
    assert squash(["the"]) == "the"
    assert symbols("\0 ♥ ♥\u200b") == "♥♥"
    assert split_words("Ty Dolla $ign, $100") == ["ty", "dolla", "sign", "100"]
