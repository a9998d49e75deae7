"""A made-up music service: playlists, tracks and features, all worked out from a seed on demand.

Nothing is stored but which playlists have which word in their title, so that a million playlists
cost as little as their index; the same seed and sizes give the same service.
"""

from __future__ import annotations

import string
from array import array
from collections.abc import Iterator
from functools import cached_property, lru_cache
from typing import Any

DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
MASK = (1 << 64) - 1
ODD = 0x9E3779B97F4A7C15
INVERSE = pow(ODD, -1, 1 << 64)
KINDS = {"playlist": 1, "track": 2, "artist": 3, "album": 4, "user": 5, "episode": 6}

LATIN = (
    "a the love my summer party chill rock pop workout road trip sad happy night dance hits best "
    "mix old school country rap jazz indie sleep study morning winter christmas throwback 80s 90s "
    "gym running wedding beach coffee rain focus metal punk soul blues folk piano acoustic house "
    "techno lounge dinner driving kids disney anime game movie classics gold new fresh top vibes "
    "feels good mood slow fire wild heart dream blue black sunday friday party2024 amor fiesta "
    "verano música canciones rock español reggaeton bailar noche corazón été chanson française "
    "soirée sommer musik deutsch liebe nacht fête são joão natal praia saudade лето музыка любовь "
    "ночь русский рок танцы موسيقى حب שירים מוזיקה τραγούδια हिंदी गाने 사랑 노래 여름 발라드"
).split()
CHINESE = (
    "华语 流行 经典 老歌 周杰伦 音乐 精选 电影 原声 抖音 热门 学习 睡觉 钢琴 古风 民谣 "
    "摇滚 粤语 情歌 夏天 开车 安静 夜晚 伤感 快乐 动漫 日语 英文 歌曲 合集"
).split()
JAPANESE = (
    "アニメ 音楽 夏 夜 恋愛 ロック 邦楽 作業用 睡眠 ドライブ 懐かしい 名曲 人気 最新 "
    "カラオケ 泣ける 春 冬 失恋 ジャズ 朝 カフェ 桜 東京 青春 元気 切ない 歌 応援 メドレー"
).split()
LANGUAGES = (LATIN, CHINESE, JAPANESE)
VOCABULARY = tuple(dict.fromkeys(word for words in LANGUAGES for word in words))
GENRES = tuple(
    f"{style}{kind}"
    for style in "alt- art- deep- folk- free- hard- indie- new- post- prog- soft- synth-".split()
    for kind in "blues country disco funk house jazz metal pop punk techno".split()
)
FEATURES = (
    "valence energy danceability acousticness instrumentalness liveness speechiness"
).split()
SYLLABLES = "ka lo mi ren sta vo ter ina del qua zu ber hol ly san fe mor ani cho dri".split()


def mixed(*values: int) -> int:
    """Return 64 bits that depend on all values: splitmix64 over each in turn."""
    state = 0
    for value in values:
        state = (state + value + ODD) & MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & MASK
        state ^= state >> 31
    return state


def fraction(*values: int) -> float:
    """Return a number in [0, 1) that depends on all values."""
    return (mixed(*values) >> 11) / (1 << 53)


@lru_cache(maxsize=100_000)
def encode(kind: str, index: int) -> str:
    """Return the 22 characters that stand for the `index`-th of a kind."""
    high = (index * ODD + KINDS[kind] * 0x5851F42D4C957F2D) & MASK
    number, digits = high << 64 | mixed(high), []
    for _ in range(22):
        number, digit = divmod(number, 62)
        digits.append(DIGITS[digit])
    return "".join(reversed(digits))


def decode(kind: str, text: str) -> int | None:
    """Return the index that the characters stand for, or None where they are of no such kind."""
    number = 0
    for char in text:
        place = DIGITS.find(char)
        if place < 0:
            return None
        number = number * 62 + place
    index = (((number >> 64) - KINDS[kind] * 0x5851F42D4C957F2D) * INVERSE) & MASK
    return index if index < 1 << 40 and encode(kind, index) == text else None


class Catalogue:
    """What the service holds.

    Parameters
    ----------
    playlists, tracks
        How many; tracks stand in playlists as often as one over their rank.
    odd
        The share of entries that are gone, local files or episodes, each; and of found playlists
        that the search shows as null.
    gone, private
        The share of playlists that the search finds, but that then answer 404 or 403.
    """

    def __init__(
        self,
        seed: int = 0,
        *,
        playlists: int = 1_000,
        tracks: int = 20_000,
        mean_length: int = 30,
        odd: float = 0.01,
        gone: float = 0.0,
        private: float = 0.0,
    ) -> None:
        self.seed = seed
        self.playlists = playlists
        self.tracks = tracks
        self.artists = max(1, tracks // 6)
        self.mean_length = mean_length
        self.odd = odd
        self.gone = gone
        self.private = private
        self.track = lru_cache(maxsize=50_000)(self._track)
        self.search = lru_cache(maxsize=1_000)(self._search)

    def title(self, playlist: int) -> str:
        """Return a title of one to four words, of one language."""
        words = [VOCABULARY[word] for word in self._words(playlist)]
        joint = "" if words[0] in CHINESE or words[0] in JAPANESE else " "
        return joint.join(words).capitalize()

    def length(self, playlist: int) -> int:
        """Return how many entries it has: most are short, a few are long or empty."""
        u = fraction(self.seed, 2, playlist)
        return 0 if u < 0.01 else int(self.mean_length * 0.45 / (1.02 - u) ** 0.75)

    def fate(self, playlist: int) -> int:
        """Return the status that its entries answer with: 200, 403 or 404."""
        u = fraction(self.seed, 3, playlist)
        return 404 if u < self.gone else 403 if u < self.gone + self.private else 200

    def ghost(self, playlist: int) -> bool:
        """Return whether the search shows null for it."""
        return fraction(self.seed, 4, playlist) < self.odd

    def owner(self, playlist: int) -> int:
        """Return its owner; user 0 is the one who logs in."""
        return mixed(self.seed, 5, playlist) % max(2, self.playlists // 3)

    def _search(self, query: str) -> list[int]:
        """Return the playlists with a word in their title that begins as the query does."""
        wanted = query.casefold().strip()
        found: set[int] = set()
        for number, word in enumerate(VOCABULARY):
            if wanted and word.casefold().startswith(wanted):
                found.update(self._index[number])
        return sorted(found, key=lambda playlist: mixed(self.seed, 6, playlist))

    def entry(self, playlist: int, place: int) -> tuple[str, int]:
        """Return what stands at a place: ``track``, ``gone``, ``local`` or ``episode``; which."""
        draw = mixed(self.seed, 7, playlist, place)
        u = (draw & 0xFFFFFF) / 0x1000000
        for position, kind in enumerate(("gone", "local", "episode"), 1):
            if u < position * self.odd:
                return kind, draw >> 40
        return "track", int(self.tracks ** ((draw >> 24) / (1 << 40))) - 1

    def keys(self, playlist: int) -> list[str]:
        """Return the keys that a faultless reader ends up with, "" for local files."""
        return [
            f"spotify:{encode('track', number)}" if kind == "track" else ""
            for kind, number in self._entries(playlist)
            if kind in {"track", "local"}
        ]

    def features(self, track: int) -> dict[str, Any] | None:
        """Return audio features; None for one track in twenty."""
        if fraction(self.seed, 8, track) < 0.05:
            return None
        own = encode("track", track)
        return {
            **{
                name: round(fraction(self.seed, 9, track, number), 4)
                for number, name in enumerate(FEATURES)
            },
            "tempo": round(60 + 120 * fraction(self.seed, 10, track), 3),
            "loudness": round(-40 * fraction(self.seed, 11, track), 3),
            "key": mixed(self.seed, 12, track) % 13 - 1,
            "mode": mixed(self.seed, 13, track) % 2,
            "time_signature": 4,
            "duration_ms": self.duration(track),
            "type": "audio_features",
            "id": own,
            "uri": f"spotify:track:{own}",
            "track_href": f"https://api.spotify.com/v1/tracks/{own}",
            "analysis_url": f"https://api.spotify.com/v1/audio-analysis/{own}",
        }

    def recommended(self, genre: str, limit: int) -> list[int]:
        """Return tracks of a genre."""
        start = GENRES.index(genre)
        drawn = (mixed(self.seed, 14, start, place) % self.tracks for place in range(limit))
        return list(dict.fromkeys(drawn))

    def duration(self, track: int) -> int:
        """Return milliseconds."""
        return 90_000 + mixed(self.seed, 15, track) % 240_000

    def name(self, *values: int) -> str:
        """Return a made-up name."""
        draw = mixed(self.seed, 16, *values)
        syllables = [SYLLABLES[(draw >> shift) % 20] for shift in range(0, 8 * (2 + draw % 4), 8)]
        return "".join(syllables).capitalize()

    def artist(self, artist: int) -> dict[str, Any]:
        """Return a simplified artist."""
        return self._thing("artist", artist, self.name(1, artist))

    def _track(self, track: int) -> dict[str, Any]:
        """Return a full track, as apps of before February 2026 see it."""
        first = int(self.artists ** fraction(self.seed, 17, track)) - 1
        guests = (track + 1, track + 2)[: (0, 0, 0, 1, 2)[mixed(self.seed, 18, track) % 5]]
        artists = [self.artist(number % self.artists) for number in (first, *guests)]
        album = track // 3
        return {
            **self._thing("track", track, f"{self.name(2, track)} {self.name(3, track)}"),
            "artists": artists,
            "album": {
                **self._thing("album", album, self.name(4, album)),
                "album_type": "album",
                "total_tracks": 3,
                "available_markets": ["DE", "FR", "GB", "JP", "US"],
                "images": [],
                "release_date": f"{1960 + album % 65}-05-01",
                "release_date_precision": "day",
                "artists": artists[:1],
            },
            "available_markets": ["DE", "FR", "GB", "JP", "US"],
            "disc_number": 1,
            "track_number": track % 3 + 1,
            "duration_ms": self.duration(track),
            "explicit": False,
            "external_ids": {"isrc": f"QZAAA{track % 10_000_000:07d}"},
            "popularity": int(100 / (1 + track) ** 0.2),
            "preview_url": None,
            "is_local": False,
        }

    def local(self, number: int) -> dict[str, Any]:
        """Return a file of the playlist owner's own."""
        name = self.name(5, number)
        return {
            "album": {"name": "", "images": [], "artists": [], "external_urls": {}},
            "artists": [{"external_urls": {}, "name": self.name(6, number), "type": "artist"}],
            "duration_ms": 180_000,
            "external_ids": {},
            "id": None,
            "is_local": True,
            "name": name,
            "popularity": 0,
            "type": "track",
            "uri": f"spotify:local:::{name}:180",
        }

    def episode(self, number: int) -> dict[str, Any]:
        """Return an episode, as far as a playlist needs one."""
        return self._thing("episode", number % (1 << 24), self.name(7, number))

    def user(self, user: int) -> dict[str, Any]:
        """Return a playlist's owner; one in ten shows no name."""
        thing = self._thing("user", user, "")
        del thing["name"]
        return {**thing, "display_name": None if user % 10 == 9 else self.name(8, user)}

    def _thing(self, kind: str, index: int, name: str) -> dict[str, Any]:
        own = encode(kind, index)
        return {
            "external_urls": {"spotify": f"https://open.spotify.com/{kind}/{own}"},
            "href": f"https://api.spotify.com/v1/{kind}s/{own}",
            "id": own,
            "name": name,
            "type": kind,
            "uri": f"spotify:{kind}:{own}",
        }

    def _entries(self, playlist: int) -> Iterator[tuple[str, int]]:
        return (self.entry(playlist, place) for place in range(self.length(playlist)))

    def _words(self, playlist: int) -> list[int]:
        """Return the words of a title: the frequent ones first in the list of their language."""
        draw = mixed(self.seed, 1, playlist)
        words = LANGUAGES[0 if draw % 10 < 7 else 1 + draw % 2]
        count = 1 + (draw >> 8) % 4
        numbers = (
            VOCABULARY.index(words[int(len(words) ** fraction(self.seed, 19, playlist, n)) - 1])
            for n in range(count)
        )
        return list(dict.fromkeys(numbers))

    @cached_property
    def _index(self) -> list[array[int]]:
        index = [array("I") for _ in VOCABULARY]
        for playlist in range(self.playlists):
            for word in self._words(playlist):
                index[word].append(playlist)
        return index
