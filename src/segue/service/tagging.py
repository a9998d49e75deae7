"""From what a file says of itself to what the catalogue keeps of the song."""

from __future__ import annotations

from segue.catalog.records import TrackRecord
from segue.sources.tags import Tags


def track_record(tags: Tags, duration: float | None) -> TrackRecord:
    """Return the record of a song of `duration` seconds."""
    outside = {
        "isrc": tags.isrc,
        "musicbrainz_recording": tags.musicbrainz_recording_id,
        "musicbrainz_album": tags.musicbrainz_album_id,
        "musicbrainz_artist": tags.musicbrainz_artist_id,
    }
    return TrackRecord(
        title=tags.title or "",
        artist=tags.artist or "",
        album=tags.album or "",
        album_artist=tags.album_artist or "",
        track_number=tags.track,
        disc_number=tags.disc,
        year=tags.year,
        genres=tags.genres,
        duration=duration,
        lyrics=tags.lyrics,
        outside_ids=tuple((kind, value) for kind, value in outside.items() if value),
    )
