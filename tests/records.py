"""What the catalogue is given, made up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segue.catalog.records import (
    Analysis,
    DescriptorRecord,
    FileRecord,
    FileStamp,
    TrackRecord,
    VectorRecord,
)


def vector(seed: int, dimensions: int = 8) -> NDArray[np.float32]:
    raw = np.random.default_rng(seed).standard_normal(dimensions).astype(np.float32)
    unit: NDArray[np.float32] = raw / np.linalg.norm(raw)
    return unit


def analysis(
    path: bytes,
    title: str = "A Song",
    artist: str = "Somebody",
    album: str = "",
    *,
    content: bytes | None = None,
    size: int = 1000,
    mtime_ns: int = 1,
    duration: float = 180.0,
    seed: int = 0,
    embedder: tuple[str, str] = ("test", "1"),
    words: tuple[tuple[str, float], ...] = (),
    lyrics: str | None = None,
    outside_ids: tuple[tuple[str, str], ...] = (),
    problem: tuple[str, str] | None = None,
) -> Analysis:
    """Return an analysis of a file whose content is its path, unless told otherwise."""
    return Analysis(
        file=FileRecord(
            FileStamp(path, size, mtime_ns), content or path, "flac", 44_100, 2, problem=problem
        ),
        track=TrackRecord(
            title,
            artist,
            album,
            genres=("Rock",),
            duration=duration,
            lyrics=lyrics,
            outside_ids=outside_ids,
        ),
        descriptors=DescriptorRecord(tempo=120.0, key=9, mode=0, loudness=-14.0),
        vectors=(
            VectorRecord(*embedder, vector(seed), np.stack([vector(seed + 1), vector(seed + 2)])),
        ),
        words=words,
    )
