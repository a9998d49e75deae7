"""What many tests share: an environment of their own, the ear, the demo library, real data."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings

from segue.audio.demo import write_library
from segue.audio.ear import installed
from segue.config import EAR_VARIABLE, HOME_VARIABLE

settings.register_profile("segue", deadline=None)  # a slow machine is no fault
settings.load_profile("segue")

STRICT = bool(os.environ.get("SEGUE_TEST_STRICT"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In strict mode a skipped test is a failure: something was to be installed and is not."""
    report = yield
    if STRICT and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped in strict mode: {report.longrepr}"
    return report


@pytest.fixture(autouse=True)
def own_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Keep every test away from the user's own libraries and settings."""
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path_factory.mktemp("home") / "library"))
    monkeypatch.setenv("XDG_MUSIC_DIR", str(tmp_path_factory.mktemp("music")))


@pytest.fixture(scope="session")
def ear_folder() -> Path:
    """Return the folder of an installed ear."""
    folder = Path(os.environ.get(EAR_VARIABLE, "no-ear"))
    if not installed(folder):
        pytest.skip("the ear is not installed: `segue ear install`, with SEGUE_EAR set")
    return folder


@pytest.fixture(scope="session")
def demo_music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the demo library."""
    folder = tmp_path_factory.mktemp("demo")
    write_library(folder)
    return folder


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of real data beside the repository."""
    folder = Path(os.environ.get("SEGUE_SHARED", Path(__file__).parents[2] / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip("no folder of real data beside the repository (or at SEGUE_SHARED)")
    return folder
