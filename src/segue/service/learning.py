"""What the recommenders learn from: playlists, sessions of listening, or whole histories."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from segue.catalog.catalog import Catalog
from segue.catalog.interactions import load_interactions
from segue.catalog.material import material_state
from segue.catalog.sessions import load_histories, load_sessions
from segue.errors import UsageError
from segue.types import Interactions

SOURCES: Final = ("playlists", "sessions", "histories")
ROW_NAMES: Final = {
    "playlists": ("playlist", "playlists"),
    "sessions": ("session", "sessions"),
    "histories": ("listener", "listeners"),
}
"""What a row of each is called, and several."""


@dataclass(frozen=True)
class LearnFrom:
    """What a fit reads.

    Attributes
    ----------
    source
        ``playlists``, ``sessions``, ``histories``, or None: playlists, or sessions where there are
        no playlists.
    api_content
        With what came from Spotify's Web API, whose terms forbid training on it.
    gap
        Seconds of silence that end a session.
    end_at_skips
        A skipped song ends its session, too.
    """

    source: str | None = None
    api_content: bool = False
    gap: float = 1800.0
    end_at_skips: bool = False


def read_interactions(
    catalog: Catalog, learn_from: LearnFrom
) -> tuple[Interactions, dict[str, Any]]:
    """Return what is to be learned from, and what a model keeps of where it is from.

    Raises
    ------
    UsageError
        If there is nothing of that kind, or nothing that may be learned from.
    """
    source, api_content = learn_from.source, learn_from.api_content
    if source not in (None, *SOURCES):
        raise UsageError(f"from is {source!r}, expected one of {', '.join(SOURCES)}")
    database = catalog.database
    state = material_state(database)  # before the reading: what comes meanwhile is a change
    if source == "histories":
        read = load_histories(database, texts=True, api_content=api_content)
    elif source == "sessions":
        read = _sessions(catalog, learn_from)
    else:
        read = load_interactions(database, texts=True, api_content=api_content)
        if len(read) == 0 and source is None:
            listened = _sessions(catalog, learn_from)
            read, source = (listened, "sessions") if len(listened) else (read, None)
        source = source or "playlists"
    if len(read) == 0:
        playlists, _ = catalog.playlists.counts()
        if source == "playlists" and playlists:
            raise UsageError(
                f"there is nothing to learn from: all {playlists:,} playlists came from Spotify's "
                "Web API, whose terms forbid training on its content; --include-api-content takes "
                "them in all the same"
            )
        raise UsageError(
            f"there is nothing to learn from: the library has no {ROW_NAMES[source][1]}; add "
            "playlists or an export of your listening with `segue add`"
        )
    about: dict[str, Any] = {"from": source, "api_content": api_content, "state": state}
    if source == "sessions":
        about |= {"gap": learn_from.gap, "end_at_skips": learn_from.end_at_skips}
    return read, about


def _sessions(catalog: Catalog, learn_from: LearnFrom) -> Interactions:
    return load_sessions(
        catalog.database,
        learn_from.gap,
        end_at_skips=learn_from.end_at_skips,
        texts=True,
        api_content=learn_from.api_content,
    )
