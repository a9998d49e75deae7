"""What is written to the catalogue about one recording or file, and what is read back of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class TrackRecord:
    """What a source says of a recording; see `segue.types.Track` for the fields.

    Attributes
    ----------
    outside_ids
        (kind, value) pairs: ``isrc`` (12 characters, no hyphens), ``musicbrainz_recording``,
        ``musicbrainz_album``, ``musicbrainz_artist`` (lower-case UUIDs), ``path`` (absolute).
    key
        What the source itself knows the recording by, ``service:id``: ``spotify:<22 characters>``,
        ``deezer:<number>``, ``netease:<number>``, ``subsonic:<server>:<id>``,
        ``musicbrainz:<recording UUID>``, ``path:<absolute path>``. Empty where only the names are
        known, and for files, which the `file` table knows.
    artists
        Every artist's name in order, where the source lists them apart; else empty.
    artist_keys
        Their keys, parallel to `artists` (``spotify:<id>``, ``musicbrainz:<UUID>``), or empty.
    album_key
        The album's key, or empty.
    """

    title: str
    artist: str = ""
    album: str = ""
    album_artist: str = ""
    track_number: int | None = None
    disc_number: int | None = None
    year: int | None = None
    genres: tuple[str, ...] = ()
    duration: float | None = None
    lyrics: str | None = None
    outside_ids: tuple[tuple[str, str], ...] = ()
    key: str = ""
    artists: tuple[str, ...] = ()
    artist_keys: tuple[str, ...] = ()
    album_key: str = ""


@dataclass(frozen=True)
class DescriptorRecord:
    """Measured properties of a song's sound; None where they cannot be told."""

    tempo: float | None = None
    tempo_certainty: float | None = None
    key: int | None = None
    mode: int | None = None
    key_certainty: float | None = None
    loudness: float | None = None
    brightness: float | None = None
    onset_rate: float | None = None
    silence: float | None = None
    tagged_tempo: float | None = None


@dataclass(frozen=True)
class VectorRecord:
    """A song's vectors by one embedder: unit length, float32."""

    embedder: str
    version: str
    track: NDArray[np.float32]  # (d,)
    windows: NDArray[np.float32]  # (n, d)


@dataclass(frozen=True)
class FileStamp:
    """What tells, without reading a file, whether it changed."""

    path: bytes
    size: int
    mtime_ns: int


@dataclass(frozen=True)
class FileRecord:
    """A file that could be used."""

    stamp: FileStamp
    fingerprint: bytes
    codec: str
    sample_rate: int
    channels: int
    has_cover: bool = False
    track_gain: float | None = None
    album_gain: float | None = None
    problem: tuple[str, str] | None = None  # kind and message, where it is damaged in part


@dataclass(frozen=True)
class KnownFile:
    """A file as the catalogue has it."""

    id: int
    stamp: FileStamp
    state: str
    track_id: int | None
    fingerprint: bytes | None
    problem_kind: str | None


@dataclass(frozen=True)
class Analysis:
    """Everything learned of one file."""

    file: FileRecord
    track: TrackRecord
    descriptors: DescriptorRecord
    vectors: tuple[VectorRecord, ...]
    words: tuple[tuple[str, float], ...] = field(default=())


@dataclass(frozen=True)
class Problem:
    """Why a file could not be used, or only in part."""

    path: bytes
    kind: str
    message: str
    state: str
