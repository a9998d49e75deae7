"""What sounds like a song: its vector, the nearest ones, and why."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from segue.audio.decode import decode
from segue.audio.ear import NAME as EAR
from segue.audio.ear import installed
from segue.audio.embedder import Embedder, hear
from segue.audio.embedders import embedder_named
from segue.audio.tagwords import WORDS
from segue.catalog.catalog import Catalog
from segue.catalog.text import fold
from segue.catalog.vectors import EmbedderState
from segue.errors import EarError, NotFoundError, UsageError
from segue.service.resolve import Resolved, Song, resolve
from segue.service.sound_index import SoundIndex
from segue.sources.tags import describe_file
from segue.types import Answer, Hit, Seed, Track

# Copies at 128 kbit/s were found at 0.97 and above, the nearest two different songs of 1,174 at
# 0.895. Lower bit rates change the sound more; under one name and of one length less is enough.
_SAME_COSINE: Final = {EAR: 0.92}  # plain vectors tell copies from neighbours by name alone
_NEVER: Final = 2.0
_SAME_NAME_COSINE: Final = 0.6
_SAME_SECONDS: Final = 0.5
_SHOWN_WORDS: Final = 4


@dataclass(frozen=True)
class _Heard:
    """A song with its vector and the words for it."""

    track: Track
    vector: NDArray[np.float32]
    words: dict[str, float]


class SoundSearch:
    """Answers by sound for one library; keeps its index until the catalogue changes.

    Parameters
    ----------
    cache
        The folder for derived files; None keeps the index in memory alone.
    """

    def __init__(self, catalog: Catalog, cache: Path | None, ear_folder: Path) -> None:
        self._catalog = catalog
        self._ear_folder = ear_folder
        self._index = SoundIndex(catalog, cache)
        self._listener: Embedder | None = None
        self._used: tuple[tuple[int, int], EmbedderState] | None = None

    def similar(
        self, song: Song, k: int, *, having: Sequence[str] = (), lacking: Sequence[str] = ()
    ) -> Answer:
        """Return the `k` songs that sound most like `song`; see `segue.Library.similar`."""
        if k < 1:
            raise UsageError(f"k is {k}, expected at least 1")
        allowed = self._allowed(having, lacking)
        resolved = resolve(self._catalog, song, present=True)
        embedder = self.embedder()
        seed = self._seed(resolved, embedder)
        hits = self._hits(seed, embedder, k, allowed)
        return Answer(seed.track, hits, resolved.others, f"{embedder.name}/{embedder.version}")

    def embedder(self) -> EmbedderState:
        """Return the embedder whose vectors are compared: the first that the library was heard by.

        A newer one takes its place when it has heard every track and the old vectors are deleted.

        Raises
        ------
        NotFoundError
            If nothing has been heard yet.
        """
        changes = self._catalog.vectors.changes()
        if self._used is None or self._used[0] != changes:
            states = [state for state in self._catalog.vectors.embedders() if state.tracks]
            if not states:
                raise NotFoundError("the library is empty; add a folder of music with `segue add`")
            self._used = (changes, states[0])
        return self._used[1]

    def prepare(self) -> None:
        """Bring the index on disk up to date, so that the next answer comes at once."""
        with contextlib.suppress(NotFoundError):  # nothing was heard yet
            self._index.model(self.embedder())

    def _seed(self, resolved: Resolved, embedder: EmbedderState) -> _Heard:
        track = resolved.track
        if track is None:
            assert resolved.file is not None, "a song resolves to a track or to a file"
            return self._outside(resolved.file, embedder, None)
        vector = self._catalog.vectors.get(embedder, [track.id]).get(track.id)
        if vector is not None:
            return _Heard(track, vector, self._catalog.tracks.words([track.id])[track.id])
        if track.path is None:
            raise NotFoundError(f"{track.name!r} has not been listened to, and its file is gone")
        return self._outside(track.path, embedder, track)

    def _outside(self, path: bytes, embedder: EmbedderState, track: Track | None) -> _Heard:
        """Listen to a file now, with the embedder that the library is compared by."""
        if embedder.name == EAR and not installed(self._ear_folder):
            raise EarError(
                "the library was heard by the ear, which is not installed here; fetch it with "
                "`segue ear install`"
            )
        if self._listener is None or self._listener.name != embedder.name:
            self._listener = embedder_named(embedder.name, self._ear_folder)
        if self._listener.version != embedder.version:
            raise EarError(
                f"the library is still compared by {embedder.name} {embedder.version}, and this is "
                f"{self._listener.version}; let `segue add` hear it again first"
            )
        recording = decode(path)
        heard = hear(self._listener, [window.mono for window in recording.windows])
        if track is None:
            tags = describe_file(path)
            track = Track(
                id=0,
                title=tags.title or "",
                artist=tags.artist or "",
                album=tags.album or "",
                duration=recording.duration,
                path=path,
            )
        return _Heard(track, heard.track, dict(heard.words))

    def _allowed(self, having: Sequence[str], lacking: Sequence[str]) -> NDArray[np.int64] | None:
        for word in (*having, *lacking):
            if word not in WORDS:
                near = difflib.get_close_matches(word.lower(), WORDS, 3, 0.4)
                hint = f" (did you mean {' or '.join(near)}?)" if near else ""
                raise UsageError(
                    f"{word!r} is not a word of the ear{hint}; `segue status` lists those it heard"
                )
        if not having and not lacking:
            return None
        return np.array(self._catalog.tracks.with_words(having, lacking), dtype=np.int64)

    def _hits(
        self, seed: _Heard, embedder: EmbedderState, k: int, allowed: NDArray[np.int64] | None
    ) -> tuple[Hit, ...]:
        """Take the nearest songs that are present, each recording once and never the seed."""
        model = self._index.model(embedder)
        wanted = k + 10
        while True:
            asked = Seed(vectors=seed.vector[np.newaxis], allowed=allowed)
            ranking = model.recommend(asked, wanted)
            kept = self._distinct(seed, embedder, ranking.ids.tolist())[:k]
            if len(kept) == k or len(ranking) < wanted:
                break
            if allowed is None:  # songs that have no file now are in the way
                allowed = np.array(self._catalog.tracks.present(), dtype=np.int64)
            else:
                wanted *= 2
        scores = dict(zip(ranking.ids.tolist(), ranking.scores.tolist(), strict=True))
        heard = self._catalog.tracks.words([track.id for track in kept])
        return tuple(
            Hit(track, scores[track.id], _reasons(seed.words, heard[track.id])) for track in kept
        )

    def _distinct(self, seed: _Heard, embedder: EmbedderState, ids: list[int]) -> list[Track]:
        tracks = self._catalog.tracks.get(ids)
        vectors = self._catalog.vectors.get(embedder, ids)
        close = _SAME_COSINE.get(embedder.name, _NEVER)
        kept: list[_Heard] = [seed]
        for id_ in ids:
            track = tracks.get(id_)
            if track is None or track.path is None or id_ == seed.track.id or id_ not in vectors:
                continue
            song = _Heard(track, vectors[id_], {})
            if not any(_same_recording(song, other, close) for other in kept):
                kept.append(song)
        return [song.track for song in kept[1:]]


def _same_recording(one: _Heard, other: _Heard, close: float) -> bool:
    """Return whether two tracks are one recording: of one length, and close or called alike."""
    if abs((one.track.duration or 0) - (other.track.duration or 0)) > _SAME_SECONDS:
        return False
    cosine = float(one.vector @ other.vector)
    if cosine >= close:
        return True
    return cosine >= _SAME_NAME_COSINE and fold(one.track.name) == fold(other.track.name)


def _reasons(seed: dict[str, float], other: dict[str, float]) -> tuple[str, ...]:
    """Return what both songs are, the word that fits both best first."""
    shared = sorted(seed.keys() & other.keys(), key=lambda w: (-min(seed[w], other[w]), w))
    return (f"both: {', '.join(shared[:_SHOWN_WORDS])}",) if shared else ()
