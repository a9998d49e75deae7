"""Genre names from tags: lists taken apart, ID3v1's numbers resolved."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

ID3V1_GENRES: Final = (
    # 0-79: ID3v1 (Eric Kemp, 1996); 80-191: Winamp's extensions
    "Blues;Classic Rock;Country;Dance;Disco;Funk;Grunge;Hip-Hop;Jazz;Metal;New Age;Oldies;Other;"
    "Pop;R&B;Rap;Reggae;Rock;Techno;Industrial;Alternative;Ska;Death Metal;Pranks;Soundtrack;"
    "Euro-Techno;Ambient;Trip-Hop;Vocal;Jazz+Funk;Fusion;Trance;Classical;Instrumental;Acid;House;"
    "Game;Sound Clip;Gospel;Noise;Alternative Rock;Bass;Soul;Punk;Space;Meditative;"
    "Instrumental Pop;Instrumental Rock;Ethnic;Gothic;Darkwave;Techno-Industrial;Electronic;"
    "Pop-Folk;Eurodance;Dream;Southern Rock;Comedy;Cult;Gangsta;Top 40;Christian Rap;Pop/Funk;"
    "Jungle;Native American;Cabaret;New Wave;Psychedelic;Rave;Showtunes;Trailer;Lo-Fi;Tribal;"
    "Acid Punk;Acid Jazz;Polka;Retro;Musical;Rock & Roll;Hard Rock;"
    "Folk;Folk-Rock;National Folk;Swing;Fast Fusion;Bebop;Latin;Revival;Celtic;Bluegrass;"
    "Avantgarde;Gothic Rock;Progressive Rock;Psychedelic Rock;Symphonic Rock;Slow Rock;Big Band;"
    "Chorus;Easy Listening;Acoustic;Humour;Speech;Chanson;Opera;Chamber Music;Sonata;Symphony;"
    "Booty Bass;Primus;Porn Groove;Satire;Slow Jam;Club;Tango;Samba;Folklore;Ballad;Power Ballad;"
    "Rhythmic Soul;Freestyle;Duet;Punk Rock;Drum Solo;A Cappella;Euro-House;Dance Hall;Goa;"
    "Drum & Bass;Club-House;Hardcore Techno;Terror;Indie;BritPop;Afro-Punk;Polsk Punk;Beat;"
    "Christian Gangsta Rap;Heavy Metal;Black Metal;Crossover;Contemporary Christian;Christian Rock;"
    "Merengue;Salsa;Thrash Metal;Anime;JPop;Synthpop;Abstract;Art Rock;Baroque;Bhangra;Big Beat;"
    "Breakbeat;Chillout;Downtempo;Dub;EBM;Eclectic;Electro;Electroclash;Emo;Experimental;Garage;"
    "Global;IDM;Illbient;Industro-Goth;Jam Band;Krautrock;Leftfield;Lounge;Math Rock;New Romantic;"
    "Nu-Breakz;Post-Punk;Post-Rock;Psytrance;Shoegaze;Space Rock;Trop Rock;World Music;"
    "Neoclassical;Audiobook;Audio Theatre;Neue Deutsche Welle;Podcast;Indie Rock;G-Funk;Dubstep;"
    "Garage Rock;Psybient"
).split(";")

_WHOLE: Final = frozenset(name.lower() for name in ID3V1_GENRES if "/" in name)
_REFERENCES: Final = re.compile(r"\((\d{1,3}|RX|CR)\)")
_SPECIAL: Final = {"RX": "Remix", "CR": "Cover"}
_MAX_GENRES: Final = 20


def split_genres(values: Iterable[str]) -> tuple[str, ...]:
    """Return the genres named in `values`, each once, in their order.

    Values are taken apart at semicolons, slashes and NULs. ``(17)`` and ``17`` are ID3v1 numbers
    (id3.org, "ID3 tag version 2.3.0", TCON), with a free name after them or not.

    >>> split_genres(["(17)(4)Eurodisco", "R&B; Soul/Funk", "24"])
    ('Rock', 'Disco', 'Eurodisco', 'R&B', 'Soul', 'Funk', 'Soundtrack')
    """
    found: dict[str, str] = {}
    for value in values:
        for part in _parts(value):
            name = _by_number(part) or part
            if name.strip("?- "):
                found.setdefault(name.lower(), name)
    return tuple(found.values())[:_MAX_GENRES]


def _parts(value: str) -> Iterable[str]:
    for piece in re.split(r"[;\0]", value):
        rest = piece.strip()
        while match := _REFERENCES.match(rest):
            yield match.group(1)
            rest = rest[match.end() :].strip()
        if rest.lower() in _WHOLE:
            yield rest
        else:
            yield from (part for part in map(str.strip, rest.split("/")) if part)


def _by_number(part: str) -> str | None:
    if part in _SPECIAL:
        return _SPECIAL[part]
    if part.isascii() and part.isdecimal() and len(part) <= 3 and int(part) < len(ID3V1_GENRES):
        return ID3V1_GENRES[int(part)]
    return None
