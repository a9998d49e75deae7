"""One file, from its bytes to everything that is kept of it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from segue.audio.decode import decode
from segue.audio.descriptors import describe
from segue.audio.embedder import hear
from segue.audio.embedders import current_name, embedder_named
from segue.catalog.records import (
    Analysis,
    DescriptorRecord,
    FileRecord,
    FileStamp,
    VectorRecord,
)
from segue.errors import AudioError
from segue.service.tagging import track_record
from segue.sources.fingerprint import fingerprint
from segue.sources.tags import describe_file


class Analyser:
    """Analyses files with one embedder; callable, so that it is a worker's job.

    Parameters
    ----------
    ear_folder
        Where the ear is kept.
    """

    def __init__(self, ear_folder: Path) -> None:
        name, _ = current_name(ear_folder)
        self.embedder = embedder_named(name, ear_folder)

    def __call__(self, stamp: FileStamp) -> Analysis | tuple[FileStamp, str, str]:
        """Return what is learned of a file, or (stamp, kind, message) of why nothing is."""
        try:
            return self.analyse(stamp)
        except AudioError as error:
            return stamp, error.kind, str(error)

    def analyse(self, stamp: FileStamp) -> Analysis:
        """Return what is learned of a file.

        Raises
        ------
        AudioError
            As `segue.audio.decode.decode` does.
        """
        recording = decode(stamp.path)
        try:
            content = fingerprint(stamp.path, stamp.size)
        except OSError as error:
            raise AudioError("unreadable", f"the file cannot be read: {error.strerror}") from error
        tags = describe_file(stamp.path)
        heard = hear(self.embedder, [window.mono for window in recording.windows])
        measured = dataclasses.asdict(describe(recording.windows))
        return Analysis(
            file=FileRecord(
                stamp=stamp,
                fingerprint=content,
                codec=recording.codec,
                sample_rate=recording.sample_rate,
                channels=recording.channels,
                has_cover=tags.has_cover,
                track_gain=tags.replaygain_track_gain,
                album_gain=tags.replaygain_album_gain,
                problem=("damaged", recording.problem) if recording.problem else None,
            ),
            track=track_record(tags, recording.duration),
            descriptors=DescriptorRecord(**measured, tagged_tempo=tags.bpm),
            vectors=(
                VectorRecord(self.embedder.name, self.embedder.version, heard.track, heard.windows),
            ),
            words=heard.words,
        )
