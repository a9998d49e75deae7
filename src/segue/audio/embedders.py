"""Which embedder listens: the ear where it is installed, else plain descriptors."""

from __future__ import annotations

from pathlib import Path

from segue.audio.ear import Ear, installed
from segue.audio.embedder import Embedder
from segue.audio.plain import PlainEmbedder


def choose_embedder(ear_folder: Path) -> Embedder:
    """Return the ear where it is installed, else the embedder of plain descriptors."""
    return Ear(ear_folder) if installed(ear_folder) else PlainEmbedder()


def embedder_named(name: str, ear_folder: Path) -> Embedder:
    """Return the embedder that a library's vectors came from, by its name."""
    return Ear(ear_folder) if name == Ear.name else PlainEmbedder()
