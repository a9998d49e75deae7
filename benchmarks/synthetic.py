"""Made-up music of any size: tracks with lifelike names, and playlists of them.

    python benchmarks/synthetic.py SAMPLE.zip FOLDER --tracks 2262292 --playlists 1000000

Names, tracks per artist, pressings per song, lengths and titles of playlists are resampled from a
part of the Million Playlist Dataset, whose path is the argument: real titles as they are, halves of
two real titles, and words spliced of two real words, so that the vocabulary goes on growing as it
does in life. Popularity falls with rank as in the whole data set. The same seed gives the same
music. Slices have the data set's own keys and indentation.
"""

from __future__ import annotations

import argparse
import json
import re
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

SLICE: Final = 1_000  # playlists
ENTRIES: Final = 66.35  # a playlist, on average

_VERBATIM: Final = 0.2  # titles that are a real one as it is: "Intro", "Home"
_SPLICED: Final = 0.12  # titles with a word that nobody used before
_SPLICED_NAMES: Final = 0.35
_OTHER_SCRIPTS: Final = 0.03  # of the artists
_TRACKS_AN_ARTIST: Final = 6.2  # in a crawl of 5 million tracks
_SHIFT, _EXPONENT = 600, 1.3  # weight = (rank + shift) ** -exponent
_SAME_STYLE: Final = 0.6  # of a playlist's entries
_STYLES: Final = 200
_BASE62: Final = np.frombuffer(
    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", dtype=np.uint8
)
_SUFFIX: Final = re.compile(r"(?: - |\s*[(\[]).*$")
_SCRIPTS: Final = (  # (first, last) code points, characters a word, whether words are parted
    ((0x4E00, 0x6FFF), (1, 4), ""),
    ((0x3041, 0x3093), (2, 6), ""),
    ((0xAC00, 0xD7A3), (1, 4), " "),
    ((0x0430, 0x044F), (2, 9), " "),
    ((0x0627, 0x064A), (2, 7), " "),
    ((0x0E01, 0x0E2E), (3, 9), ""),
)


@dataclass(frozen=True)
class Names:
    """What is learned of real music."""

    titles: list[str]  # one a distinct song: common ones stand here often
    suffixes: list[str]  # one a song, mostly empty: " - Live", " (feat. Somebody)"
    artists: list[str]
    tracks_of_artist: NDArray[np.int64]  # one a distinct artist
    pressings: NDArray[np.int64]  # one a song
    playlists: list[str]
    lengths: NDArray[np.int64]

    @classmethod
    def learn(cls, sample: Path) -> Names:
        """Read the slices of a zip in the format of the Million Playlist Dataset."""
        tracks: dict[str, tuple[str, str]] = {}
        playlists: list[str] = []
        lengths: list[int] = []
        with zipfile.ZipFile(sample) as archive:
            for member in sorted(archive.namelist()):
                if not member.endswith(".json"):
                    continue
                for playlist in json.loads(archive.read(member))["playlists"]:
                    playlists.append(playlist["name"])
                    lengths.append(len(playlist["tracks"]))
                    for track in playlist["tracks"]:
                        tracks[track["track_uri"]] = (track["artist_name"], track["track_name"])
        songs = Counter((artist, _SUFFIX.sub("", title)) for artist, title in tracks.values())
        artists = Counter(artist for artist, _ in tracks.values())
        return cls(
            titles=[title for _, title in songs if title],
            suffixes=[title[len(_SUFFIX.sub("", title)) :] for _, title in tracks.values()],
            artists=list(artists),
            tracks_of_artist=np.array(list(artists.values())),
            pressings=np.array(list(songs.values())),
            playlists=playlists,
            lengths=np.array(lengths),
        )


class Music:
    """Tracks with their artists, albums and popularity.

    Attributes
    ----------
    titles
        Of each track.
    artists, albums
        Names, each once.
    artist_of, album_of, song_of
        For each track its index into `artists` and `albums`, and its song's number; the pressings
        of a song share artist and title, but for a "Remastered" here and there.
    durations
        Milliseconds.
    weights
        How likely an entry of a playlist is the track; sums to 1.
    """

    def __init__(self, names: Names, tracks: int, seed: int) -> None:
        self.names, self.seed = names, seed
        rng = np.random.default_rng([seed, 0])
        words = _Words(names, rng)
        scale = _TRACKS_AN_ARTIST / names.tracks_of_artist.mean()
        shares = rng.choice(names.tracks_of_artist, size=int(tracks / _TRACKS_AN_ARTIST * 1.3) + 9)
        of_artist = np.maximum(1, rng.poisson(shares * scale))
        artist = np.repeat(np.arange(len(of_artist)), of_artist)
        pressings = rng.choice(names.pressings, size=len(artist))
        song = np.repeat(np.arange(len(artist)), pressings)[:tracks]
        assert len(song) == tracks, "more artists were drawn than are needed"
        first = np.r_[True, song[1:] != song[:-1]]
        songs = int(song[-1]) + 1
        artist = artist[:songs]
        self.artists: list[str] = words.artists(int(artist[-1]) + 1)
        album = artist * 40 + rng.integers(0, 1 + of_artist[artist] // 8)  # about 8 songs each
        album_of = album[song] * 4 + np.minimum(3, _place_in_song(first))
        _, album_index = np.unique(album_of, return_inverse=True)
        titles = words.titles(songs, words.scripts[artist])
        spread = rng.standard_normal(len(self.artists))[artist] + rng.standard_normal(songs)
        score = spread[song] - np.where(first, 0, rng.exponential(1.0, tracks))
        order = rng.permutation(tracks)  # so that neighbours have nothing in common
        self.song_of = song[order].astype(np.int32)
        self.artist_of = artist[self.song_of].astype(np.int32)
        self.album_of = album_index[order].astype(np.int32)
        self.albums: list[str] = self._album_titles(titles, words, rng)
        remaster = ~first & (rng.random(tracks) < 0.3)
        years = rng.integers(1990, 2020, tracks)
        self.titles: list[str] = [titles[i] for i in self.song_of.tolist()]
        for i in np.flatnonzero(remaster[order]).tolist():
            self.titles[i] += f" - Remastered {years[i]}"
        self.durations = (rng.gamma(9.0, 25_500.0, songs)[self.song_of] + 30_000).astype(np.int32)
        rank = np.empty(tracks, np.int64)
        rank[np.argsort(-score[order], kind="stable")] = np.arange(tracks)
        weights = (rank + float(_SHIFT)) ** -_EXPONENT
        self.weights: NDArray[np.float64] = weights / weights.sum()
        self._by_rank = np.argsort(rank)
        self.track_ids = _base62(rng, tracks)
        self.artist_ids = _base62(rng, len(self.artists))
        self.album_ids = _base62(rng, len(self.albums))

    def __len__(self) -> int:
        return len(self.titles)

    def entries(self, count: int) -> NDArray[np.int64]:
        """Return how often each track stands in playlists that have `count` entries together."""
        rng = np.random.default_rng([self.seed, 1])
        return rng.poisson(self.weights * count)

    def playlists(self, first: int, count: int) -> list[NDArray[np.int64]]:
        """Return the tracks of playlists `first` .. `first + count`, the same at every call."""
        rng = np.random.default_rng([self.seed, 2, first])
        scale = ENTRIES / self.names.lengths.mean()
        lengths = rng.choice(self.names.lengths, size=count) * scale
        sizes = np.clip(lengths.round().astype(int), 5, 376)
        cumulated = self._cumulated()
        ranks = np.searchsorted(cumulated, rng.random(sizes.sum()))
        style = np.repeat(rng.integers(0, _STYLES, count), sizes)
        near = ranks - ranks % _STYLES + style
        alike = (rng.random(len(ranks)) < _SAME_STYLE) & (near < len(self))
        tracks = self._by_rank[np.minimum(np.where(alike, near, ranks), len(self) - 1)]
        return np.split(tracks, np.cumsum(sizes)[:-1])

    def _cumulated(self) -> NDArray[np.float64]:
        if not hasattr(self, "_cdf"):
            self._cdf = np.cumsum(self.weights[self._by_rank])
        return self._cdf

    def _album_titles(
        self, titles: list[str], words: _Words, rng: np.random.Generator
    ) -> list[str]:
        """Name albums after one of their songs, or as a song might be named."""
        count = int(self.album_of.max()) + 1
        named = words.titles(count, np.full(count, -1))
        some_track = np.zeros(count, np.int64)
        some_track[self.album_of] = np.arange(len(self.album_of))
        songs = self.song_of[some_track].tolist()
        own = (rng.random(count) < 0.4).tolist()
        return [titles[songs[i]] if own[i] else named[i] for i in range(count)]


class _Words:
    """Draws names."""

    def __init__(self, names: Names, rng: np.random.Generator) -> None:
        self._names, self._rng = names, rng
        self._heads, self._tails = _halves(names.titles)
        self._first, self._last = _halves(names.artists)
        self._vocabulary = [w for title in names.titles for w in title.split() if len(w) > 3]
        self._foreign = [self._script(*script) for script in _SCRIPTS]
        self.scripts: NDArray[np.int64] = np.zeros(0, np.int64)

    def artists(self, count: int) -> list[str]:
        """Return names; `scripts` then tells which are in which other script, -1 for Latin."""
        rng = self._rng
        found = [self._first[i] for i in rng.integers(0, len(self._first), count).tolist()]
        for i, last in enumerate(rng.integers(0, len(self._last), count).tolist()):
            found[i] = (found[i] + self._last[last]).strip() or "Nobody"
        for i in np.flatnonzero(rng.random(count) < _SPLICED_NAMES).tolist():
            found[i] = self._splice(found[i])
        other = rng.random(count) < _OTHER_SCRIPTS
        self.scripts = np.where(other, rng.integers(0, len(_SCRIPTS), count), -1)
        for i in np.flatnonzero(other).tolist():
            found[i] = self._foreign_name(int(self.scripts[i]), 2)
        return found

    def titles(self, count: int, scripts: NDArray[np.int64]) -> list[str]:
        """Return titles, in the scripts given."""
        rng, names = self._rng, self._names
        kinds = rng.random(count)
        suffixes = rng.integers(0, len(names.suffixes), count).tolist()
        heads = rng.integers(0, len(self._heads), count).tolist()
        tails = rng.integers(0, len(self._tails), count).tolist()
        found = [
            (names.titles[h] if v else (self._heads[h] + self._tails[t]).strip() or "Untitled")
            + names.suffixes[s]
            for h, t, s, v in zip(heads, tails, suffixes, (kinds < _VERBATIM).tolist(), strict=True)
        ]
        for i in np.flatnonzero(kinds > 1 - _SPLICED).tolist():
            found[i] = self._splice(found[i])
        for i in np.flatnonzero(scripts >= 0).tolist():
            found[i] = self._foreign_name(int(scripts[i]), 3)
        return found

    def _splice(self, name: str) -> str:
        """Replace one word of a name by the beginning of one real word and the end of another."""
        words = name.split(" ")
        pick = self._rng.integers(0, 1 << 30, 3).tolist()
        a, b = (self._vocabulary[p % len(self._vocabulary)] for p in pick[:2])
        words[pick[2] % len(words)] = a[: (len(a) + 1) // 2] + b[len(b) // 2 :].lower()
        return " ".join(words)

    def _script(
        self, points: tuple[int, int], lengths: tuple[int, int], _: str
    ) -> tuple[list[str], NDArray[np.float64]]:
        """Return 20,000 words of one script, frequent characters first, with their frequencies."""
        rng = self._rng
        alphabet = rng.permutation(np.arange(points[0], points[1] + 1))
        weights = 1 / (np.arange(len(alphabet)) + 5.0)
        weights /= weights.sum()
        sizes = rng.integers(lengths[0], lengths[1] + 1, 20_000)
        characters = "".join(map(chr, rng.choice(alphabet, int(sizes.sum()), p=weights).tolist()))
        ends = np.cumsum(sizes).tolist()
        words = [characters[a:b] for a, b in zip([0, *ends[:-1]], ends, strict=True)]
        return words, np.cumsum(1 / np.arange(10, len(words) + 10))

    def _foreign_name(self, script: int, most: int) -> str:
        words, frequencies = self._foreign[script]
        count = int(self._rng.integers(1, most + 1))
        drawn = np.searchsorted(frequencies, self._rng.random(count) * frequencies[-1])
        return _SCRIPTS[script][2].join(words[i] for i in drawn.tolist())


def _halves(names: list[str]) -> tuple[list[str], list[str]]:
    heads, tails = [], []
    for name in names:
        words = name.split()
        middle = (len(words) + len(name) % 2) // 2
        heads.append(" ".join(words[:middle]) + " " if middle else "")
        tails.append(" ".join(words[middle:]))
    return heads, tails


def _place_in_song(first: NDArray[np.bool_]) -> NDArray[np.int64]:
    positions = np.arange(len(first))
    return positions - np.maximum.accumulate(np.where(first, positions, 0))


def _base62(rng: np.random.Generator, count: int) -> NDArray[np.bytes_]:
    """Return ids of 22 characters, like Spotify's."""
    characters = _BASE62[rng.integers(0, 62, (count, 22), dtype=np.uint8)]
    ids: NDArray[np.bytes_] = characters.view("S22")[:, 0]
    return ids


class Slices:
    """The playlists of some music as files of the Million Playlist Dataset.

    Every track's JSON is rendered once, about 400 bytes; slices are made by joining.
    """

    def __init__(self, music: Music) -> None:
        self._music = music
        self._places = [
            f'                {{\n                    "pos": {i}, \n'.encode() for i in range(400)
        ]
        self._fragments = list(self._rendered())

    def slice(self, number: int) -> tuple[str, bytes]:
        """Return the name and the content of a slice."""
        music = self._music
        first = number * SLICE
        rng = np.random.default_rng([music.seed, 3, number])
        names = music.names.playlists
        named = rng.integers(0, len(names), SLICE).tolist()
        followers = np.minimum(rng.zipf(2.2, SLICE), 70_000).tolist()
        edits = rng.integers(1, 200, SLICE).tolist()
        days = rng.integers(14_700, 17_470, SLICE).tolist()
        pieces = [
            (
                '{\n    "info": {\n        "generated_on": "2017-12-03 08:41:42.057563", \n'
                f'        "slice": "{first}-{first + SLICE - 1}", \n        "version": "v1"\n'
                '    }, \n    "playlists": [\n'
            ).encode()
        ]
        fragments, places = self._fragments, self._places
        for i, tracks in enumerate(music.playlists(first, SLICE)):
            head = (
                f'        {{\n            "name": {json.dumps(names[named[i]])}, \n'
                f'            "collaborative": "{"true" if edits[i] % 40 == 0 else "false"}", \n'
                f'            "pid": {first + i}, \n'
                f'            "modified_at": {days[i] * 86_400}, \n'
                f'            "num_tracks": {len(tracks)}, \n'
                f'            "num_albums": {len(set(music.album_of[tracks].tolist()))}, \n'
                f'            "num_followers": {followers[i]}, \n            "tracks": [\n'
            )
            pieces.append(head.encode())
            for place, track in enumerate(tracks.tolist()):
                pieces.append(places[place])
                pieces.append(fragments[track])
            pieces[-1] = pieces[-1][:-3] + b"\n"  # no comma behind the last
            tail = (
                f'            ], \n            "num_edits": {edits[i]}, \n'
                f'            "duration_ms": {int(music.durations[tracks].sum())}, \n'
                f'            "num_artists": {len(set(music.artist_of[tracks].tolist()))}\n'
                "        }" + (", \n" if i < SLICE - 1 else "\n")
            )
            pieces.append(tail.encode())
        pieces.append(b"    ]\n}")
        return f"mpd.slice.{first}-{first + SLICE - 1}.json", b"".join(pieces)

    def write(self, folder: Path, playlists: int) -> int:
        """Write slices to a folder until `playlists` are there; return the bytes written."""
        folder.mkdir(parents=True, exist_ok=True)
        size = 0
        for number in range(-(-playlists // SLICE)):
            name, content = self.slice(number)
            size += (folder / name).write_bytes(content)
        return size

    def _rendered(self) -> Iterator[bytes]:
        music = self._music
        quoted = [json.dumps(name) for name in music.artists]
        artist_ids = [i.decode() for i in music.artist_ids.tolist()]
        album_ids = [i.decode() for i in music.album_ids.tolist()]
        rows = zip(
            music.titles,
            music.track_ids.tolist(),
            music.artist_of.tolist(),
            music.album_of.tolist(),
            music.durations.tolist(),
            strict=True,
        )
        for title, id_, artist, album, duration in rows:
            yield (
                f'                    "artist_name": {quoted[artist]}, \n'
                f'                    "track_uri": "spotify:track:{id_.decode()}", \n'
                f'                    "artist_uri": "spotify:artist:{artist_ids[artist]}", \n'
                f'                    "track_name": {json.dumps(title)}, \n'
                f'                    "album_uri": "spotify:album:{album_ids[album]}", \n'
                f'                    "duration_ms": {duration}, \n'
                f'                    "album_name": {json.dumps(music.albums[album])}\n'
                "                }, \n"
            ).encode()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("sample", type=Path, help="a zip of Million Playlist slices to learn from")
    parser.add_argument("folder", type=Path, help="where the slices are written")
    parser.add_argument("--tracks", type=int, default=226_229)
    parser.add_argument("--playlists", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    result: dict[str, Any] = {"seed": options.seed, "tracks": options.tracks}
    started = time.perf_counter()
    names = Names.learn(options.sample)
    result["learned from, tracks"] = len(names.suffixes)
    result["learning, s"] = round(time.perf_counter() - started, 1)
    started = time.perf_counter()
    music = Music(names, options.tracks, options.seed)
    result["tracks made, s"] = round(time.perf_counter() - started, 1)
    started = time.perf_counter()
    slices = Slices(music)
    result["tracks rendered, s"] = round(time.perf_counter() - started, 1)
    started = time.perf_counter()
    size = slices.write(options.folder, options.playlists)
    seconds = time.perf_counter() - started
    result |= {
        "playlists": options.playlists,
        "written, MB": round(size / 1e6),
        "entries/s": round(options.playlists * ENTRIES / seconds),
        "songs": len(set(music.song_of.tolist())),
        "artists": len(music.artists),
        "albums": len(music.albums),
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
