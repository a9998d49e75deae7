from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from records import analysis
from segue.catalog.catalog import Catalog
from segue.errors import NotFoundError, UsageError
from segue.service.resolve import resolve


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("music")
    for name in ("known.mp3", "unknown.mp3", "3"):
        (folder / name).write_bytes(b"music")
    (folder / "link.mp3").symlink_to(folder / "known.mp3")
    return folder


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory, music: Path) -> Iterator[Catalog]:
    catalog = Catalog(tmp_path_factory.mktemp("library"))
    catalog.write(
        [
            analysis(os.fsencode(music / "known.mp3"), "Known", "Somebody"),  # 1
            analysis(b"/gone.mp3", "Gone", "Somebody"),
            analysis(b"/x.mp3", "1979", "The Smashing Pumpkins"),
            analysis(b"/y.mp3", "Intro", "The xx"),
            analysis(b"/z.mp3", "Intro", "M83"),
        ]
    )
    yield catalog
    catalog.close()


def test_an_id(catalog: Catalog) -> None:
    for song in (3, "3"):
        resolved = resolve(catalog, song)
        assert resolved.track is not None
        assert resolved.track.title == "1979"


@pytest.mark.parametrize("song", [99, -1, 10**30, 0])
def test_an_id_that_is_not_there(catalog: Catalog, song: int) -> None:
    with pytest.raises(NotFoundError):
        resolve(catalog, song)


def test_a_number_that_is_no_id_is_a_title(catalog: Catalog) -> None:
    resolved = resolve(catalog, "1979")
    assert resolved.track is not None
    assert resolved.track.id == 3


def test_a_file_of_the_library(
    catalog: Catalog, music: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(music)
    for song in (music / "known.mp3", str(music / "known.mp3"), "known.mp3", "./link.mp3"):
        resolved = resolve(catalog, song)
        assert resolved.track is not None
        assert resolved.track.id == 1
        assert resolved.file is None


def test_a_file_outside_the_library(catalog: Catalog, music: Path) -> None:
    resolved = resolve(catalog, music / "unknown.mp3")
    assert resolved.track is None
    assert resolved.file == os.fsencode(music / "unknown.mp3")


def test_a_file_of_the_library_that_is_not_there_now(catalog: Catalog) -> None:
    resolved = resolve(catalog, "/gone.mp3")
    assert resolved.track is not None
    assert resolved.track.title == "Gone"


def test_a_path_that_is_nothing(catalog: Catalog, music: Path) -> None:
    with pytest.raises(NotFoundError, match="no file"):
        resolve(catalog, music / "absent.mp3")


def test_words_with_the_others_that_may_have_been_meant(catalog: Catalog) -> None:
    resolved = resolve(catalog, "intro")
    assert resolved.track is not None
    assert resolved.track.artist == "The xx"
    assert [track.artist for track in resolved.others] == ["M83"]
    one = resolve(catalog, "m83 intro")
    assert one.track is not None
    assert one.track.artist == "M83"
    assert one.others == ()


def test_words_that_name_nothing(catalog: Catalog) -> None:
    with pytest.raises(NotFoundError, match="segue search"):
        resolve(catalog, "qqqq zzzz")


@given(st.text(st.characters(exclude_categories=()), max_size=40) | st.integers())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_anything_resolves_or_is_not_found(catalog: Catalog, song: str | int) -> None:
    try:
        resolved = resolve(catalog, song)
    except NotFoundError:
        return
    except UsageError:
        assert not str(song).strip()
        return
    assert (resolved.track is None) != (resolved.file is None)
