"""Which embedder listens: the ear where it is installed, else plain descriptors."""

from __future__ import annotations

from pathlib import Path

from segue.audio.ear import Ear, installed
from segue.audio.embedder import Embedder
from segue.audio.plain import PlainEmbedder


def current_name(ear_folder: Path) -> tuple[str, str]:
    """Return name and version of what listens to new files, without loading it."""
    kind = Ear if installed(ear_folder) else PlainEmbedder
    return kind.name, kind.version


def embedder_named(name: str, ear_folder: Path) -> Embedder:
    """Return an embedder by its name.

    Raises
    ------
    EarError
        If it is the ear, and that is missing or cannot be loaded.
    """
    return Ear(ear_folder) if name == Ear.name else PlainEmbedder()
