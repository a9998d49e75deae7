"""Sources that are services: whom to ask, with which secrets, and from where on."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Iterator
from typing import Final

from segue.catalog.catalog import Catalog
from segue.catalog.incoming import Part
from segue.sources.listenbrainz_api import ADDRESS, ListenBrainzApi
from segue.sources.source import Source
from segue.sources.subsonic import Subsonic

SUBSONIC_USER: Final = "SEGUE_SUBSONIC_USER"
SUBSONIC_PASSWORD: Final = "SEGUE_SUBSONIC_PASSWORD"  # noqa: S105 - the name of a variable
SUBSONIC_API_KEY: Final = "SEGUE_SUBSONIC_API_KEY"
LISTENBRAINZ_TOKEN: Final = "SEGUE_LISTENBRAINZ_TOKEN"  # noqa: S105 - the name of a variable
LISTENBRAINZ_ADDRESS: Final = "SEGUE_LISTENBRAINZ_API"
_LATE: Final = 7 * 86400  # seconds by which players without a network hand listens in late


def subsonic_server(address: str) -> Source:
    """Return an OpenSubsonic server; who logs in is told by the address or the environment."""
    return Subsonic(
        address,
        user=os.environ.get(SUBSONIC_USER, ""),
        password=os.environ.get(SUBSONIC_PASSWORD, ""),
        api_key=os.environ.get(SUBSONIC_API_KEY, ""),
    )


class ListenBrainzUser:
    """A user's listens at ListenBrainz, from where the last sync of this library ended.

    They come newest first. A first sync that is broken off is gone on with below the oldest that
    it brought, and then from where it began; later ones begin a week before the one last done.
    """

    kind: str = "listenbrainz_api"

    def __init__(self, catalog: Catalog, user: str) -> None:
        self._catalog = catalog
        self._user = user
        self._whole = self._api()

    @property
    def location(self) -> str:
        """The address of the user's listens."""
        return self._whole.location

    def parts(self) -> Iterator[Part]:
        """Yield the listens that are missing, then what the user loved and hated."""
        provenance = self._catalog.provenance
        source_id = provenance.id_of(self.kind, self.location)
        now = str(int(time.time()))
        done = provenance.stamp(source_id, "listens")
        begun = provenance.stamp(source_id, "begun")
        oldest = self._catalog.history.oldest(source_id)
        if done is not None:
            api = self._api(since=int(done) - _LATE)
        elif begun is not None and oldest is not None:
            older = next(iter(self._api(until=oldest).parts()))
            yield dataclasses.replace(older, name="older listens")
            api = self._api(since=int(begun) - _LATE)
        else:
            provenance.mark_read(source_id, "begun", now)
            api = self._whole
        for part in api.parts():
            listens = part.name == "listens"
            yield dataclasses.replace(part, stamp=now) if listens else part

    def _api(self, *, since: int | None = None, until: int | None = None) -> ListenBrainzApi:
        return ListenBrainzApi(
            self._user,
            token=os.environ.get(LISTENBRAINZ_TOKEN, ""),
            address=os.environ.get(LISTENBRAINZ_ADDRESS) or ADDRESS,
            since=since,
            until=until,
        )
