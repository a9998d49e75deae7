from __future__ import annotations

import errno
import json
import os
import zipfile
from pathlib import Path

import pytest

import segue
from samples import MAKERS, netease, write_sample
from segue.catalog.catalog import Catalog
from segue.errors import SegueError, SourceError, UsageError
from segue.paths import open_regular
from segue.service.recognise import KINDS, MUSIC, NAMES, recognise


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog(tmp_path / "library")


def kinds(catalog: Catalog, what: Path | str, kind: str | None = None) -> list[str]:
    found = recognise(catalog, str(what), kind)
    return [MUSIC] if found is None else [source.kind for source in found]


@pytest.mark.parametrize("kind", MAKERS)
def test_each_sample_and_as_what_it_is_said_to_be(
    catalog: Catalog, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = write_sample(kind, tmp_path / "in")
    assert kinds(catalog, place) == [kind]
    assert kinds(catalog, tmp_path / "in") == [kind]
    monkeypatch.chdir(tmp_path)
    (source,) = recognise(catalog, os.path.join("in", place.name)) or ()
    assert os.path.isabs(source.location)
    assert kinds(catalog, place, "m3u") == ["m3u"]
    assert kinds(catalog, place, MUSIC) == [MUSIC]


def test_a_folder_of_everything_is_all_of_it(catalog: Catalog, tmp_path: Path) -> None:
    for number, kind in enumerate(MAKERS):
        write_sample(kind, tmp_path / "in" / (str(number) if number % 2 else "."))
    found = recognise(catalog, str(tmp_path / "in")) or ()
    assert sorted({source.kind for source in found}) == sorted(MAKERS)
    pairs = [(source.kind, source.location) for source in found]
    assert len(set(pairs)) == len(pairs)


def test_music_among_exports_is_still_music(catalog: Catalog, tmp_path: Path) -> None:
    for kind in MAKERS:
        write_sample(kind, tmp_path / "in")
    (tmp_path / "in" / "album" / "disc 1").mkdir(parents=True)
    (tmp_path / "in" / "album" / "disc 1" / "song.mp3").write_bytes(b"x")
    assert kinds(catalog, tmp_path / "in") == [MUSIC]
    assert kinds(catalog, tmp_path / "in" / "album" / "disc 1" / "song.mp3") == [MUSIC]


def test_empty_folders_and_circles(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    assert kinds(catalog, tmp_path / "in") == [MUSIC]
    (tmp_path / "in" / "deep" / "up").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "self").symlink_to("self")
    (tmp_path / "in" / "gone.m3u").symlink_to("nowhere")
    os.mkfifo(tmp_path / "in" / "pipe.m3u")
    assert kinds(catalog, tmp_path / "in") == [MUSIC]
    write_sample("m3u", tmp_path / "in" / "deep")
    assert kinds(catalog, tmp_path / "in") == ["m3u"]


@pytest.mark.parametrize("name", ["notes.txt", "empty.m3u", "empty.json", "photo.jpg", "x"])
def test_what_nobody_knows(catalog: Catalog, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"" if "empty" in name else b"Dear diary")
    with pytest.raises(SourceError, match=r"(empty|nothing).*million_playlist.*--as") as caught:
        recognise(catalog, str(tmp_path / name))
    assert name in str(caught.value)


def test_what_is_wrong_with_an_archive_is_told(catalog: Catalog, tmp_path: Path) -> None:
    def message(name: str, members: dict[str, bytes]) -> str:
        with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, data in members.items():
                archive.writestr(member, data)
        with pytest.raises(SourceError) as caught:
            recognise(catalog, str(tmp_path / name))
        return str(caught.value)

    assert "notes.txt" in message("other.zip", {"notes.txt": b"Dear diary"})
    out = message("out.zip", {"../../endsong_0.json": b"[]"})
    assert "leads out of the archive" in out
    assert "attack" in message("bomb.zip", {"endsong_0.json": bytes(120_000_000)})
    torn = tmp_path / "other.zip"
    torn.write_bytes(torn.read_bytes()[:-9])
    with pytest.raises(SourceError, match="is not a zip, or is damaged"):
        recognise(catalog, str(torn))


def test_what_is_not_there(catalog: Catalog, tmp_path: Path) -> None:
    for what in (tmp_path / "absent", "", "x" * 5_000):
        with pytest.raises(SegueError):
            recognise(catalog, str(what))
    with pytest.raises(UsageError, match="does not exist"):
        recognise(catalog, str(tmp_path / "absent.m3u"), "m3u")
    with pytest.raises(UsageError, match=r"no kind 'mp3'.*jspf"):
        recognise(catalog, str(tmp_path), "mp3")


@pytest.mark.parametrize("name", ["pipe", "link", "loop", "device"])
def test_what_is_no_file(catalog: Catalog, tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "device").symlink_to("/dev/zero")
    with pytest.raises(SourceError, match="cannot be read"):
        recognise(catalog, str(tmp_path / name))


def test_a_file_that_may_not_be_read_is_told_and_the_others_are_taken(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_sample("m3u", tmp_path / "in")
    (tmp_path / "in" / "secret.xspf").write_bytes(b"")
    opened = open_regular

    def refuse(path: bytes) -> object:
        if path.endswith(b"secret.xspf"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return opened(path)

    monkeypatch.setattr("segue.service.recognise.open_regular", refuse)
    with pytest.raises(SourceError, match="Permission denied"):
        recognise(catalog, str(tmp_path / "in" / "secret.xspf"))
    with segue.open(tmp_path / "other") as library:
        first, second = library.add(tmp_path / "in").sources
    assert (first.kind, first.playlists, first.failed) == ("m3u", 1, 0)
    assert second.failed == 1
    assert "secret.xspf" in second.location
    assert "Permission denied" in second.problems[0][1]
    assert second.kind in NAMES


def test_addresses_and_users(catalog: Catalog) -> None:
    for address in ("http://ann:geheim@music.lan:4533", "HTTPS://ann:geheim@music.lan/music"):
        (source,) = recognise(catalog, address) or ()
        assert source.kind == "subsonic"
        assert "geheim" not in source.location + repr(source)
    assert kinds(catalog, "subsonic+http://music.lan") == ["subsonic"]
    assert kinds(catalog, "listenbrainz:rob") == ["listenbrainz_api"]
    assert kinds(catalog, "rob", "listenbrainz_api") == ["listenbrainz_api"]


@pytest.mark.parametrize(
    "address", ["ftp://ann:geheim@music.lan", "subsonic://ann:geheim@music.lan", "http://:geheim@"]
)
def test_no_password_is_repeated(catalog: Catalog, address: str) -> None:
    for kind in (None, "m3u", "subsonic"):
        with pytest.raises(UsageError) as caught:
            recognise(catalog, address, kind)
        assert "geheim" not in str(caught.value)


def test_every_kind_has_a_name() -> None:
    assert set(NAMES) >= set(KINDS) - {MUSIC}


def test_songs_named_by_a_later_playlist_get_their_names(tmp_path: Path) -> None:
    """NetEase describes only the first songs of a long playlist."""
    (tmp_path / "in").mkdir()
    for number, named in ((1, 1), (2, 3)):
        document = json.dumps(netease(number, 1, 2, 3, named=named))
        (tmp_path / "in" / f"{number}.json").write_text(document)
    with segue.open(tmp_path / "library") as library:
        (report,) = library.add(tmp_path / "in").sources
        assert (report.tracks, report.playlists, report.entries) == (3, 2, 6)
        assert len(library.search("歌 3")) == 1
