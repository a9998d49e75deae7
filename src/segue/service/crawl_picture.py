"""The picture of what was crawled: how far it is from a fair sample."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from segue.catalog.catalog import Catalog
from segue.catalog.crawl_picture import CrawlPicture, crawl_states
from segue.errors import NotFoundError
from segue.service.crawl_report import KIND
from segue.types import SCHEMA_VERSION

_WORDS: Final = 20


def crawl_picture(catalog: Catalog) -> dict[str, Any]:
    """Return what was crawled so far, as JSON values.

    Crawling the most frequent words first brings more and more of what is common. What tells:

    `words`
        The words that found most, each with its `share` of all playlists found; `effective_words`
        is how many words it would take if all had found the same (the exponential of the shares'
        entropy).
    `artists`, `tracks`
        How the entries of playlists are spread over them: the Gini coefficient (0: all the same,
        towards 1: all of one) and the share of the most frequent hundredth.
    `days`
        What each day brought.

    Raises
    ------
    NotFoundError
        If nothing was crawled.
    """
    sources = [source for source in catalog.provenance.listed() if source.kind == KIND]
    if not sources:
        raise NotFoundError("nothing was crawled yet; begin with `segue crawl spotify`")
    return {
        "schema": SCHEMA_VERSION,
        "sources": [_picture(catalog, s.id, s.location) for s in sources],
    }


def _picture(catalog: Catalog, source_id: int, location: str) -> dict[str, Any]:
    picture = CrawlPicture(catalog.database, source_id)
    states = crawl_states(catalog.database, source_id)
    words = picture.words()
    found = np.array([word.found for word in words], dtype=np.int64)
    total = int(found.sum())
    tracks, artists = picture.entry_counts()
    return {
        "location": location,
        "playlists": states["playlist"],
        "words": {
            "states": states["word"],
            "tried": len(words),
            "effective_words": _effective(found),
            "top": [
                {**vars(word), "share": word.found / total if total else 0.0}
                for word in words[:_WORDS]
            ],
        },
        "genres": states["genre"],
        "entries": int(tracks.sum()),
        "tracks": {
            **_spread(tracks),
            "once": float(np.mean(tracks == 1)) if len(tracks) else 0.0,
        },
        "artists": _spread(artists),
        "days": [
            {"day": day, "found": found_, "read": read, "entries": entries}
            for day, found_, read, entries in picture.days()
        ],
    }


def _spread(counts: NDArray[np.int64]) -> dict[str, Any]:
    return {"count": len(counts), "gini": gini(counts), "top_percent_share": top_share(counts)}


def gini(counts: NDArray[np.int64]) -> float:
    """Return the Gini coefficient of positive counts [shape=(n,)]; 0 where there is none.

    >>> gini(np.array([5, 5, 5])), gini(np.array([0, 0, 0, 12]))
    (0.0, 0.75)
    """
    if not len(counts) or not counts.sum():
        return 0.0
    ranked = np.sort(counts).astype(float)
    n = len(ranked)
    return float(2 * (np.arange(1, n + 1) @ ranked) / (n * ranked.sum()) - (n + 1) / n)


def top_share(counts: NDArray[np.int64], part: float = 0.01) -> float:
    """Return the share of all that the largest `part` of the counts have, at least one of them.

    >>> top_share(np.array([1] * 99 + [101]))
    0.505
    """
    if not len(counts) or not counts.sum():
        return 0.0
    most = max(1, round(part * len(counts)))
    return float(np.sort(counts)[-most:].sum() / counts.sum())


def _effective(found: NDArray[np.int64]) -> float:
    shares = found[found > 0] / max(1, found.sum())
    return float(np.exp(-(shares * np.log(shares)).sum())) if len(shares) else 0.0
