"""Looking over the installation: what is there, what is missing, and how to mend it."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final, Literal

from segue.audio.ear import Ear, installed
from segue.catalog.catalog import Catalog
from segue.config import FILE_NAME, cores
from segue.errors import SegueError

_PACKAGES: Final = (
    "segue av soundfile soxr onnx onnxruntime numpy scipy gensim implicit lightgbm sparse-dot-topn "
    "tinytag rapidfuzz voyager filelock watchfiles click rich pip"
).split()
_DECODERS: Final = {
    "MP3": "mp3float",
    "FLAC": "flac",
    "Ogg Vorbis": "vorbis",
    "Opus": "opus",
    "AAC": "aac",
    "ALAC": "alac",
    "WMA": "wmav2",
    "APE": "ape",
    "WavPack": "wavpack",
    "Musepack": "mpc7",
}
_LOW_SPACE: Final = 500_000_000  # bytes


@dataclass(frozen=True)
class Check:
    """One thing looked at: how it is, what was found, and what to do where it is not well."""

    name: str
    state: Literal["ok", "warning", "bad"]
    found: str
    advice: str = ""


def examine(library: Path, ear_folder: Path) -> list[Check]:
    """Return what was found on this machine; a probe file is made and deleted."""
    return [
        _python(),
        *_packages(),
        _sqlite(),
        *_decoders(),
        _ear(ear_folder),
        *_library(library),
        _space(library),
    ]


def _python() -> Check:
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    found += f", {cores()} cores"
    return Check("Python", "ok", found)


def _packages() -> Iterator[Check]:
    for name in _PACKAGES:
        try:
            yield Check(name, "ok", metadata.version(name))
        except metadata.PackageNotFoundError:
            yield Check(name, "bad", "missing", "install Segue again, the way it was installed")


def _sqlite() -> Check:
    try:
        with sqlite3.connect(":memory:") as connection:
            connection.execute("CREATE VIRTUAL TABLE t USING fts5(x, tokenize = 'trigram')")
        connection.close()
    except sqlite3.OperationalError as error:
        return Check("SQLite", "bad", str(error), "use a Python whose SQLite is 3.34 or newer")
    return Check("SQLite", "ok", sqlite3.sqlite_version)


def _decoders() -> Iterator[Check]:
    try:
        import av
    except ImportError as error:
        yield Check("FFmpeg", "bad", str(error), "install Segue again, the way it was installed")
        return
    missing = [name for name, codec in _DECODERS.items() if codec not in av.codecs_available]
    present = ", ".join(name for name in _DECODERS if name not in missing)
    if missing:
        advice = f"{', '.join(missing)} files will fail; use PyAV's own wheels"
        yield Check("decoders", "warning", present, advice)
    else:
        yield Check("decoders", "ok", present)
    try:
        import soundfile

        yield Check("libsndfile", "ok", soundfile.__libsndfile_version__)
    except (ImportError, OSError) as error:
        advice = "files that FFmpeg refuses will fail; install libsndfile"
        yield Check("libsndfile", "warning", str(error), advice)


def _ear(folder: Path) -> Check:
    if not installed(folder):
        advice = "fetch it with `segue ear install`; until then songs are compared less well"
        return Check("ear", "warning", f"missing at {folder}", advice)
    try:
        ear = Ear(folder)
    except SegueError as error:
        return Check("ear", "bad", str(error), "run `segue ear install --force`")
    return Check("ear", "ok", f"{ear.name} {ear.version} at {folder}")


def _library(path: Path) -> Iterator[Check]:
    if not (path / FILE_NAME).exists():
        yield Check("library", "ok", f"none yet at {path}")
    else:
        try:
            catalog = Catalog(path, read_only=True)
            counts = catalog.counts()
            catalog.close()
            yield Check("library", "ok", f"{counts['tracks']} tracks at {path}")
        except SegueError as error:
            advice = "restore a backup with `segue restore FILE`"
            yield Check("library", "bad", str(error), advice)
    place = _existing(path)
    try:
        with tempfile.TemporaryFile(dir=place):
            yield Check("write access", "ok", f"yes, at {place}")
    except OSError as error:
        advice = f"check who owns {place}, or use --library for another folder"
        yield Check("write access", "bad", error.strerror or str(error), advice)


def _space(path: Path) -> Check:
    free = shutil.disk_usage(_existing(path)).free
    found = f"{free / 1e9:.1f} GB"
    if free < _LOW_SPACE:
        return Check("free space", "warning", found, "20,000 songs take about 0.1 GB; free some")
    return Check("free space", "ok", found)


def _existing(path: Path) -> Path:
    while not os.path.isdir(path):
        path = path.parent
    return path
