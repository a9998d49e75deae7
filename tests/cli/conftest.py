from __future__ import annotations

from pathlib import Path

import pytest

import libraries
from segue.config import EAR_VARIABLE


@pytest.fixture(scope="session")
def demo_library(
    tmp_path_factory: pytest.TempPathFactory, demo_music: Path, ear_folder: Path
) -> Path:
    """Return a library with the demo music, heard by the ear; copy it before changing it."""
    assert ear_folder
    return libraries.demo_library(tmp_path_factory.getbasetemp(), demo_music)


@pytest.fixture
def no_ear(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let songs be compared by plain descriptors, as before the ear is installed."""
    monkeypatch.setenv(EAR_VARIABLE, str(tmp_path / "no-ear"))
