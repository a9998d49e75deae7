"""The map of a library's songs: which songs, where they lie, what they are called and coloured."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from segue.catalog.catalog import Catalog
from segue.catalog.chunks import in_chunks
from segue.config import cores
from segue.errors import NotFoundError, UsageError
from segue.models.vocabulary import Vocabulary
from segue.plots import tsne
from segue.plots.coloring import Coloring, by_group, by_mood
from segue.plots.fonts import plain
from segue.plots.sheet import FORMATS, check_format
from segue.service.fitted import load_model
from segue.service.map_picture import draw, labels_of
from segue.service.map_report import Listener, MapReport, Neighbor
from segue.service.resolve import Song, resolve
from segue.types import Track

MODELS: Final = ("word2vec", "als", "sound")
COLORS: Final = ("genre", "artist", "mood")

_NEIGHBORS: Final = 10
_PARALLEL_FROM: Final = 3_000  # songs; fewer wait for one another more than they gain
_BASIS: Final = 15  # nearest songs at most, by which one that is not on the map is placed
_TOGETHER: Final = 0.05  # of the map's half width

OnProgress = Callable[[int, int], None]


class _Vectors(Protocol):
    """A fitted model that places songs in a space."""

    vocabulary_: Vocabulary

    def vectors(self, ids: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return the vectors of songs [shape=(n, d)], and which of them it knows."""


@dataclass(frozen=True, eq=False)
class _Space:
    """Songs with vectors: ids by falling count, and what gives the unit vectors of some of them."""

    ids: NDArray[np.int64]
    vectors: Callable[[NDArray[np.int64]], NDArray[np.float32]]


class SongMapper:
    """Makes maps of one library.

    Parameters
    ----------
    models
        The folder of fitted models.
    cache
        The folder for derived files; None keeps none.
    """

    def __init__(self, catalog: Catalog, models: Path, cache: Path | None) -> None:
        self._catalog = catalog
        self._models = models
        self._cache = cache / "map" if cache is not None else None

    def plot(
        self,
        out: Path | None = None,
        *,
        model: str = "word2vec",
        color: str = "genre",
        n: int = 20_000,
        like: Sequence[Song] = (),
        gif: Path | None = None,
        on_progress: OnProgress = lambda *_: None,
    ) -> MapReport:
        """Lay songs out in the plane and draw them; see `segue.Library.plot_map`."""
        if model not in MODELS:
            raise UsageError(f"there is no map of {model!r}; expected {', '.join(MODELS)}")
        if color not in COLORS:
            raise UsageError(f"{color!r} is no colouring; expected {', '.join(COLORS)}")
        if n < tsne.LEAST:
            raise UsageError(f"a map of {n} songs was asked for, expected at least {tsne.LEAST}")
        if gif is not None and not like:
            raise UsageError("the animation shows songs that are liked; name some with --like")
        for file, formats in ((out, FORMATS), (gif, (".gif",))):
            if file is not None:
                check_format(file, formats)
        space = self._space(model)
        songs = self._songs(space.ids, n)
        ids = np.array(list(songs), dtype=np.int64)
        vectors = space.vectors(ids)
        points = self._points(f"{model}-{len(ids)}", ids, vectors, on_progress)
        found = self._catalog.tracks.get(ids.tolist())
        tracks = tuple(found[id_] for id_ in ids.tolist())
        coloring, groups = self._coloring(color, tracks, songs)
        listener = self._listener(like, space, songs, vectors, points) if like else None
        labels = labels_of(tracks, points, coloring)
        fonts, names = draw(model, tracks, points, coloring, labels, listener, out, gif)
        unreadable = (
            ()
            if fonts is None
            else tuple(name for name in dict.fromkeys(names) if not fonts.readable(plain(name)))
        )
        return MapReport(model, color, tracks, points, groups, listener, unreadable)

    def _space(self, model: str) -> _Space:
        if model == "sound":
            return self._sound()
        fitted: Any = load_model(self._models, model).model
        known: _Vectors = fitted
        vocabulary = known.vocabulary_
        ids = np.asarray(vocabulary.track_ids[vocabulary.by_count], dtype=np.int64)
        return _Space(ids, lambda some: _unit(known.vectors(some)[0]))

    def _sound(self) -> _Space:
        states = [state for state in self._catalog.vectors.embedders() if state.tracks]
        if not states:
            raise NotFoundError("the library is empty; add a folder of music with `segue add`")
        ids, vectors = self._catalog.vectors.matrix(states[0])
        tracks = self._catalog.tracks.get(ids.tolist())
        counts = np.array([tracks[i].playlists if i in tracks else 0 for i in ids.tolist()])
        order = np.argsort(-counts, kind="stable")
        return _Space(ids[order], lambda some: vectors[np.searchsorted(ids, some)])

    def _songs(self, ids: NDArray[np.int64], n: int) -> dict[int, list[int]]:
        """Return the first `n` songs: the pressing that comes first, with all the pressings."""
        songs: dict[int, list[int]] = {}
        seen: set[int] = set()
        for chunk in in_chunks(ids.tolist()):
            there = self._catalog.tracks.get(chunk)
            versions = self._catalog.versions(chunk)
            for id_ in chunk:
                if id_ in there and id_ not in seen:
                    pressings = [id_, *(i for i in versions.get(id_, ()) if i != id_)]
                    seen.update(pressings)
                    songs[id_] = pressings
            if len(songs) >= n:
                break
        return dict(list(songs.items())[:n])

    def _points(
        self,
        name: str,
        ids: NDArray[np.int64],
        vectors: NDArray[np.float32],
        on_progress: OnProgress,
    ) -> NDArray[np.float32]:
        """Return the coordinates, kept on disk for the very same songs and vectors."""
        digest = hashlib.blake2b(f"{tsne.VERSION}".encode(), digest_size=12)
        digest.update(ids.tobytes())
        digest.update(np.ascontiguousarray(vectors).tobytes())
        file = None
        if self._cache is not None:
            file = self._cache / f"{name}-{digest.hexdigest()}.npy"
            kept = _kept(file, len(ids))
            if kept is not None:
                return kept
        n_jobs = cores() if len(ids) > _PARALLEL_FROM else 1
        points = tsne.project(vectors, n_jobs=n_jobs, on_progress=on_progress)
        if file is not None:
            _keep(file, points, f"{name}-*.npy")
        return points

    def _coloring(
        self, color: str, tracks: Sequence[Track], songs: dict[int, list[int]]
    ) -> tuple[Coloring, tuple[Any, ...]]:
        if color == "artist":
            coloring = by_group(color, [[t.artist] if t.artist else [] for t in tracks])
            return coloring, coloring.groups
        pressings = [id_ for track in tracks for id_ in songs[track.id]]
        rows: dict[int, list[dict[str, Any]]] = {}
        for row in self._catalog.features.of_tracks(pressings):
            rows.setdefault(row["track_id"], []).append(row)
        of_song = [[row for id_ in songs[t.id] for row in rows.get(id_, ())] for t in tracks]
        if color == "genre":
            genres = _genres(tracks, of_song)
            coloring = by_group(color, genres)
            return coloring, coloring.groups
        moods = np.full((len(tracks), 2), np.nan)
        for i, some in enumerate(of_song):
            for row in some:
                up = row.get("energy", row.get("arousal"))
                if "valence" in row and up is not None:
                    moods[i] = row["valence"], up
                    break
        coloring = by_mood(moods[:, 0], moods[:, 1])
        return coloring, tuple(
            {"valence": valence, "energy": energy} if known else None
            for (valence, energy), known in zip(moods.tolist(), coloring.known, strict=True)
        )

    def _listener(
        self,
        like: Sequence[Song],
        space: _Space,
        songs: dict[int, list[int]],
        vectors: NDArray[np.float32],
        points: NDArray[np.float32],
    ) -> Listener:
        place = {id_: i for i, id_ in enumerate(songs)}
        known = set(space.ids.tolist())
        likes, own, where, others = [], [], [], {}
        liked: set[int] = set()
        for number, song in enumerate(like):
            resolved = resolve(self._catalog, song)
            track = resolved.track
            if track is None:
                raise NotFoundError(f"{song!r} is not in the library; add it first")
            pressings = [track.id, *self._catalog.versions([track.id]).get(track.id, ())]
            id_ = next((i for i in pressings if i in place), None)
            id_ = id_ or next((i for i in pressings if i in known), None)
            if id_ is None:
                raise NotFoundError(
                    f"the model does not know {track.name!r}: it is in too few playlists, or has "
                    "not been listened to; like another song"
                )
            liked.update(pressings)
            likes.append(track)
            own.append(space.vectors(np.array([id_], dtype=np.int64))[0])
            where.append(points[place[id_]] if id_ in place else _where(own[-1], vectors, points))
            if resolved.others:
                others[number] = resolved.others
        mean = _unit(np.mean(own, axis=0, keepdims=True))[0]
        scores = vectors @ mean
        nearest = [
            Neighbor(i, float(scores[i]))
            for i in np.argsort(-scores, kind="stable")[: _NEIGHBORS + 5 * len(like) + 5].tolist()
            if liked.isdisjoint(list(songs.values())[i])
        ]
        return Listener(
            tuple(likes),
            np.array(where, dtype=np.float32),
            _where(mean, vectors, points),
            tuple(nearest[:_NEIGHBORS]),
            others,
        )


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)


def _where(
    vector: NDArray[np.float32], vectors: NDArray[np.float32], points: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return where a vector belongs on a map that was made without it.

    In the midst of those of its nearest songs that lie together: the mean of all of them could lie
    where there is no song.
    """
    scores = vectors @ vector
    basis = max(3, min(_BASIS, len(points) // 20))
    near = points[np.argsort(-scores, kind="stable")[:basis]]
    apart = np.linalg.norm(near[:, None] - near[None], axis=2)
    middle = int(np.argmin(np.minimum(apart, 4 * _TOGETHER).sum(axis=1)))
    return np.asarray(near[apart[middle] <= _TOGETHER].mean(axis=0), dtype=np.float32)


def _genres(tracks: Sequence[Track], rows: Sequence[Sequence[dict[str, Any]]]) -> list[list[str]]:
    """Return the genres of each song, or where it has none that of most of its artist's songs."""
    own = [
        list(
            dict.fromkeys(
                genre.casefold()
                for genre in (*track.genres, *(g for row in some for g in row["genres"]))
            )
        )
        for track, some in zip(tracks, rows, strict=True)
    ]
    by_artist: dict[str, Counter[str]] = {}
    for track, genres in zip(tracks, own, strict=True):
        by_artist.setdefault(track.artist, Counter()).update(genres)
    by_artist.pop("", None)
    common = {artist: _shared(counts) for artist, counts in by_artist.items()}
    return [genres or common.get(t.artist, []) for t, genres in zip(tracks, own, strict=True)]


def _shared(counts: Counter[str]) -> list[str]:
    """Return the genre of an artist's songs that is a rule for the others, if there is one."""
    genre = min(counts, key=lambda genre: (-counts[genre], genre), default="")
    return [genre] if counts[genre] >= max(2, sum(counts.values()) / 3) else []


def _kept(file: Path, n: int) -> NDArray[np.float32] | None:
    try:
        points = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError):  # none yet, or damaged: it is made again
        return None
    good = points.shape == (n, 2) and points.dtype == np.float32 and np.isfinite(points).all()
    return points if good else None


def _keep(file: Path, points: NDArray[np.float32], alike: str) -> None:
    """Write coordinates in place of older ones; a full disk costs time, not the map."""
    aside = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with aside.open("wb") as stream:
            np.save(stream, points, allow_pickle=False)
        aside.replace(file)
        for other in file.parent.glob(alike):
            if other != file:
                other.unlink(missing_ok=True)
    except OSError:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)
