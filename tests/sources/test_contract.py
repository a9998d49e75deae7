"""All sources under the contract, and what they make of each other's files and of none's."""

from __future__ import annotations

import errno
import inspect
import os
import random
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.source import SourceContract, check, flat
from reading import read
from samples import MAKERS, write_sample, write_zip
from segue.catalog.incoming import PlaylistRecord, Record
from segue.errors import SourceError
from segue.service import recognise
from segue.sources.listenbrainz_api import ListenBrainzApi
from segue.sources.source import Source
from segue.sources.subsonic import Subsonic
from servers import listenbrainz, opensubsonic

CLASSES: dict[str, Any] = {kind: recognise._class(kind) for kind in recognise._KINDS}
PLACES = (
    "/x/a.json",
    "/x/a.csv",
    "/x/a.m3u",
    "/x/a.xml",
    "/x/a.zip",
    "/x/\udcff\n",
    "/x/a.listens",
)


@pytest.mark.parametrize("kind", MAKERS)
class TestFiles(SourceContract):
    @pytest.fixture(autouse=True)
    def _named(self, kind: str) -> None:
        self.kind = kind

    @pytest.fixture
    def place(self, kind: str, tmp_path: Path) -> Path:
        return write_sample(kind, tmp_path)

    @pytest.fixture
    def source(self, kind: str, place: Path) -> Source:
        made: Source = CLASSES[kind](place)
        return made

    def test_exactly_one_kind_recognises_it(self, kind: str, place: Path) -> None:
        head = place.read_bytes()[:65_536] if place.is_file() else b""
        assert [each for each in CLASSES if CLASSES[each].recognises(place, head)] == [kind]

    def test_nothing_is_opened_before_parts_are_iterated_over(
        self, kind: str, tmp_path: Path
    ) -> None:
        parts = CLASSES[kind](tmp_path / "absent").parts()
        with pytest.raises(SourceError):
            list(parts)

    def test_a_sample_cut_off_anywhere_raises_nothing_else(self, kind: str, place: Path) -> None:
        place = place / "playlists.ndjson" if place.is_dir() else place
        whole = place.read_bytes()
        os.chmod(place, 0o600)
        for cut in sorted({len(whole) * i // 17 for i in range(17)}):
            place.write_bytes(whole[:cut])
            checked(CLASSES[kind](place))

    def test_a_sample_with_wrong_bytes_raises_nothing_else(self, kind: str, place: Path) -> None:
        place = place / "songs_ids.txt" if place.is_dir() else place
        whole = place.read_bytes()
        os.chmod(place, 0o600)
        chance = random.Random(kind)
        for _ in range(40):
            changed = bytearray(whole)
            for _ in range(chance.randint(1, 8)):
                changed[chance.randrange(len(changed))] = chance.choice(b'\0\xff"<{[9,\n')
            place.write_bytes(changed)
            checked(CLASSES[kind](place))

    def test_what_is_no_file_is_told(self, kind: str, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        (tmp_path / "link").symlink_to("nowhere")
        (tmp_path / "loop").symlink_to("loop")
        for path in (tmp_path / "pipe", tmp_path / "link", tmp_path / "loop", Path("/dev/zero")):
            found, problem = read(CLASSES[kind](path))
            assert problem, path
            assert found == []


def checked(source: Source) -> list[Record]:
    """Return what a source gave, all of it as it should be; `SourceError` may end it."""
    found, _ = read(source)
    for record in found:
        check(record)
    return found


def test_all_kinds_are_here() -> None:
    modules = Path(inspect.getfile(recognise)).parents[1] / "sources"
    found = {
        value.__dict__["kind"]
        for path in modules.glob("*.py")
        for value in vars(import_module(f"segue.sources.{path.stem}")).values()
        if inspect.isclass(value) and isinstance(value.__dict__.get("kind"), str)
    }
    assert found - {"spotify_api"} == set(recognise.KINDS) - {recognise.MUSIC}
    assert set(MAKERS) == set(CLASSES)
    assert set(recognise.NAMES) >= found


@pytest.mark.parametrize("kind", MAKERS)
def test_zipped_samples_are_of_one_kind_at_most(kind: str, tmp_path: Path) -> None:
    place = write_sample(kind, tmp_path)
    files = sorted(place.iterdir()) if place.is_dir() else [place]
    packed = write_zip(tmp_path / "x.zip", *files)
    head = packed.read_bytes()[:65_536]
    found = [each for each in CLASSES if CLASSES[each].recognises(packed, head)]
    assert found in ([], [kind])


NOISE = st.one_of(
    st.binary(max_size=300),
    st.sampled_from(
        [
            b"PK\x03\x04",
            b"PK",
            b"\x1f\x8b",
            b"SQLite format 3\0",
            b'{"playlist": {"track"',
            b'[{"ms_played": 1, "master_metadata_track_name": ',
            b'{"playlists": [{"pid": ',
            b"#EXTM3U\n",
            b"<plist><key>Library Persistent ID</key>",
            b'<?xml version="1.0" encoding="no-such"?><playlist xmlns="http://xspf.org/ns/0/">',
            b'<?xml version="1.0" encoding="utf-16"?><DJ_PLAYLISTS ',
            b"\xff\xfe\x00",
            b"\xfe\xff<\0D\0J",
            b"track_uri,added_at,track_name\n",
            b"track_id,energy,track_name,artist\n" + b'"' * 9,
            b'{"timestamp": 1, "track_metadata": {}, "user_id": 1}\n',
        ]
    ),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.tuples(NOISE, st.binary(max_size=60)).map(b"".join), st.sampled_from(PLACES))
def test_recognising_never_raises(head: bytes, place: str) -> None:
    found = [kind for kind in CLASSES if CLASSES[kind].recognises(Path(place), head)]
    assert len(found) <= 2  # by a name and by the content that belies it


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.tuples(NOISE, st.binary(max_size=60)).map(b"".join))
def test_noise_gives_nothing_or_a_source_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    folder = tmp_path_factory.getbasetemp() / "noise"
    folder.mkdir(exist_ok=True)
    for name in ("YourLibrary.json", "noise.tar", "noise.csv.gz"):
        (folder / name).write_bytes(data)
        for made in CLASSES.values():
            checked(made(folder / name))
    (folder / "playlists.ndjson").write_bytes(data)
    (folder / "songs_ids.txt").write_bytes(data)
    checked(CLASSES["cookbook"](folder))


@pytest.mark.parametrize("kind", MAKERS)
def test_every_kind_reads_every_other_sample_without_harm(kind: str, tmp_path: Path) -> None:
    for other in MAKERS:
        checked(CLASSES[kind](write_sample(other, tmp_path / other)))


def test_names_that_are_no_text_tell_playlists_apart(tmp_path: Path) -> None:
    keys = set()
    for name in (b"\xff.m3u", b"\xfe.m3u", "é.m3u".encode()):
        path = Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name)))
        path.write_text("a.mp3\n")
        (record,) = checked(CLASSES["m3u"](path))
        assert isinstance(record, PlaylistRecord)
        keys.add(record.key)
    assert len(keys) == 3
    assert all(key.isprintable() for key in keys)


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    for kind in MAKERS:
        place = write_sample(kind, tmp_path / kind)
        with monkeypatch.context() as patch:
            patch.setattr("segue.sources.guard.files.open_regular", refuse)
            found, problem = read(CLASSES[kind](place))
        assert found == []
        assert "Permission denied" in problem


class TestSubsonic(SourceContract):
    kind = "subsonic"

    @pytest.fixture
    def source(self) -> Iterator[Source]:
        songs = [opensubsonic.song(i, starred="2024-01-02T03:04:05Z", bpm=90) for i in range(15)]
        server = opensubsonic.OpenSubsonic(songs, [opensubsonic.playlist("p", songs[:3])])
        with server.running() as address:
            yield Subsonic(address, user=opensubsonic.USER, password=opensubsonic.PASSWORD)


class TestListenBrainzApi(SourceContract):
    kind = "listenbrainz_api"

    @pytest.fixture
    def source(self) -> Iterator[Source]:
        listens = [listenbrainz.listen(1_700_000_000 + i, i) for i in range(15)]
        server = listenbrainz.ListenBrainz(listens, [listenbrainz.feedback(1, -1)])
        with server.running() as address:
            yield ListenBrainzApi(listenbrainz.USER, token=listenbrainz.TOKEN, address=address)


def test_flat_tells_playlists_apart(tmp_path: Path) -> None:
    (one,) = checked(CLASSES["xspf"](write_sample("xspf", tmp_path)))
    assert flat(one) != flat(type(one)(**{**vars(one), "name": "another"}))
