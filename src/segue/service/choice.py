"""What of a ranking is shown: each song once, as the track it is read as."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from segue.catalog.catalog import Catalog
from segue.catalog.groups import Place, places
from segue.types import Track

_AT_ONCE: Final = 500  # looked up in one go


class Choice:
    """Takes of a ranking each song once, and none of some songs.

    Parameters
    ----------
    never
        Track ids, each the one it is read as: neither these come nor others of their songs.
    versions
        Let other pressings of the same songs through; merged tracks are one all the same.
    """

    def __init__(self, catalog: Catalog, never: Iterable[int], *, versions: bool = False) -> None:
        self._catalog = catalog
        self._places = places(catalog.database, never)
        self._never = {self._key(place, versions) for place in self._places.values()}
        self._versions = versions

    def of(self, ids: Sequence[int], k: int) -> list[int]:
        """Return the first `k` that may be answered."""
        kept: list[int] = []
        seen = set(self._never)
        for first in range(0, len(ids), _AT_ONCE):
            part = ids[first : first + _AT_ONCE]
            self._places |= places(
                self._catalog.database, [id_ for id_ in part if id_ not in self._places]
            )
            for id_ in part:
                place = self._places.get(id_)  # None where the track went after the fit
                if place is None or self._key(place, self._versions) in seen:
                    continue
                seen.add(self._key(place, self._versions))
                kept.append(id_)
                if len(kept) == k:
                    return kept
        return kept

    def shown(self, ids: Sequence[int], *, owned: bool = False) -> dict[int, Track]:
        """Return the track to show for each: the one it is read as, or one that is a file."""
        roots = {id_: self._places[id_].root for id_ in ids}
        if owned:
            first = self._catalog.versions(list(roots.values()))
            roots = {id_: first.get(root, [root])[0] for id_, root in roots.items()}
        tracks = self._catalog.tracks.get(roots.values())
        return {id_: tracks[root] for id_, root in roots.items() if root in tracks}

    @staticmethod
    def _key(place: Place, versions: bool) -> int:
        return place.root if versions else place.song
