"""What sources bring: tracks, playlists, listens, ratings, play counts and feature rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from segue.catalog.records import TrackRecord

ME: Final = "me"
"""The listener where a source is about the library's owner: no user's name is ever stored."""


class TrackList(Sequence[TrackRecord]):
    """The tracks of a playlist in order; a large source describes them only when asked.

    Parameters
    ----------
    keys
        The key of each entry (see `TrackRecord.key`), or an empty string where it has none.
    describe
        Returns the record of the entry at a position; None where an entry with its key, before it
        in the same source, was described.

    Examples
    --------
    >>> songs = TrackList.of([TrackRecord("Teardrop", key="spotify:67Hna13dNDkZvBpTXRIaOJ")])
    >>> songs.keys, songs[0].title
    (['spotify:67Hna13dNDkZvBpTXRIaOJ'], 'Teardrop')
    """

    def __init__(self, keys: Sequence[str], describe: Callable[[int], TrackRecord | None]) -> None:
        self.keys = keys
        self._describe = describe

    @classmethod
    def of(cls, records: Iterable[TrackRecord]) -> TrackList:
        """Return the list of these records."""
        known = list(records)
        return cls([record.key for record in known], known.__getitem__)

    def __getitem__(self, index: int) -> TrackRecord:  # type: ignore[override]  # no slices
        record = self._describe(index)
        if record is None:
            raise LookupError(f"entry {index} was described before")
        return record

    def described(self, index: int) -> TrackRecord | None:
        """Return the record of an entry, or None where it was described before."""
        return self._describe(index)

    def __len__(self) -> int:
        return len(self.keys)

    def __iter__(self) -> Iterator[TrackRecord]:
        return map(self.__getitem__, range(len(self.keys)))


@dataclass(frozen=True)
class PlaylistRecord:
    """A playlist with its entries in order; a song may stand in it twice.

    Attributes
    ----------
    key
        What tells it from every other playlist, for ever: ``service:id``, as for tracks
        (``million_playlist:0``, ``spotify:<id>``, ``path:<absolute path of the file>``); where a
        file holds several, ``path:<file>#<the file's own id or the playlist's name>``. Added
        again under the same key it replaces what was there.
    tags
        Words somebody gave it, its folder or category among them.
    owner
        Who made it, where that is public; an empty string otherwise, and for private exports.
    followers, plays, comments
        Counts, or None where the source has none.
    modified_at
        Seconds since the epoch, or None.
    added_at
        When each entry was added, parallel to `tracks` (seconds since the epoch; 0: unknown), or
        None.
    """

    key: str
    name: str
    tracks: TrackList
    description: str = ""
    tags: tuple[str, ...] = ()
    owner: str = ""
    followers: int | None = None
    plays: int | None = None
    comments: int | None = None
    modified_at: int | None = None
    added_at: Sequence[int] | None = None


@dataclass(frozen=True)
class ListenRecord:
    """One time that somebody listened to a song.

    Attributes
    ----------
    at
        When it ended, or where the source has only that, began: seconds since the epoch, UTC.
    seconds
        How long it played, or None.
    skipped
        Whether it was cut short on purpose; None where the source cannot tell.
    listener
        Who: `ME`, or ``service:<the service's number for a user>``.
    precision
        Seconds within which `at` is true: 60 where the source gives minutes.
    """

    track: TrackRecord
    at: int
    seconds: float | None = None
    skipped: bool | None = None
    listener: str = ME
    precision: int = 1


@dataclass(frozen=True)
class RatingRecord:
    """What somebody thinks of a song.

    Attributes
    ----------
    value
        -1 (banned, hated) .. 1 (liked, starred); ``n`` stars of 5 are ``(n - 3) / 2``; 0 takes a
        rating back.
    at
        Seconds since the epoch, or None.
    """

    track: TrackRecord
    value: float
    at: int | None = None
    listener: str = ME


@dataclass(frozen=True)
class PlayCountRecord:
    """How often somebody played a song, where the single times are not known.

    Attributes
    ----------
    last_at
        The last time, in seconds since the epoch, or None.
    """

    track: TrackRecord
    plays: int
    skips: int | None = None
    last_at: int | None = None
    listener: str = ME


@dataclass(frozen=True)
class FeatureRecord:
    """Properties of a song's sound as somebody else measured or judged them; None where unknown.

    Attributes
    ----------
    valence, energy, danceability, acousticness, instrumentalness, liveness, speechiness
        0..1, as Spotify defines them.
    arousal
        0..1, where people judged the mood itself.
    loudness
        dB, at or below about 0.
    tempo
        BPM.
    key, mode
        0 is C, 11 is B; 1 major, 0 minor.
    popularity
        0..100.
    genres
        As the source words them.
    """

    track: TrackRecord
    valence: float | None = None
    energy: float | None = None
    arousal: float | None = None
    danceability: float | None = None
    acousticness: float | None = None
    instrumentalness: float | None = None
    liveness: float | None = None
    speechiness: float | None = None
    loudness: float | None = None
    tempo: float | None = None
    key: int | None = None
    mode: int | None = None
    popularity: float | None = None
    genres: tuple[str, ...] = ()


@dataclass(frozen=True)
class Skip:
    """Something in a source that was left out.

    Attributes
    ----------
    reason
        A short phrase that is the same for all of a kind, so that they can be counted: "a podcast",
        "no title", "cut off", "not a number".
    where
        Which one it was: a place in the file, a name; at most about 100 characters.
    bad
        Whether something was wrong with it; False where it is left out by rule, as podcasts are.
    """

    reason: str
    where: str = ""
    bad: bool = True


Record = (
    TrackRecord
    | PlaylistRecord
    | ListenRecord
    | RatingRecord
    | PlayCountRecord
    | FeatureRecord
    | Skip
)


@dataclass(frozen=True)
class Part:
    """A piece of a source that is read in one go: a file of a folder, a member of an archive.

    A part that was read to its end is not read again while its stamp stays the same; one that was
    interrupted is read again from its start, and what it brought before is recognised.

    Attributes
    ----------
    name
        Its name within the source.
    stamp
        Changes when the content does: size and time, a checksum of the archive. Empty where that
        cannot be told; then it is always read.
    size
        Bytes, for the progress.
    read
        Yields the records. Raises `SourceError` where nothing more can be read; what came before
        is kept.
    """

    name: str
    stamp: str
    size: int
    read: Callable[[], Iterator[Record]] = field(repr=False)
