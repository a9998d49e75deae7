from __future__ import annotations

import os
import re
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from segue.errors import SourceError
from segue.sources import export
from segue.sources.export import Export, export_names

WANTED = re.compile(r"(?:^|/)plays\d*\.json$")


def rows(exported: Export) -> dict[str, list[object]]:
    return {file.name: list(file.rows()) for file in exported.files()}


def test_a_zip_a_folder_and_a_file_give_the_same_rows(tmp_path: Path) -> None:
    folder = tmp_path / "unpacked"
    (folder / "Deep" / "Deeper").mkdir(parents=True)
    (folder / "Deep" / "Deeper" / "plays1.json").write_text("[1, 2]")
    (folder / "plays0.json").write_text("[3]")
    (folder / "other.json").write_text("[4]")
    packed = tmp_path / "export.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(folder.rglob("*.json")):
            archive.write(path, path.relative_to(folder).as_posix())
    expected = {"Deep/Deeper/plays1.json": [1, 2], "plays0.json": [3]}
    assert rows(Export(folder, WANTED)) == rows(Export(packed, WANTED)) == expected
    assert rows(Export(folder / "other.json", WANTED)) == {"other.json": [4]}
    assert set(export_names(folder)) == set(export_names(packed)) == {*expected, "other.json"}


def test_a_stamp_changes_with_the_content(tmp_path: Path) -> None:
    path = tmp_path / "plays.json"
    path.write_text("[1]")
    os.utime(path, (1, 1))
    (before,) = Export(tmp_path, WANTED).files()
    os.utime(path, (2, 2))
    (after,) = Export(tmp_path, WANTED).files()
    assert before.stamp != after.stamp


def test_nothing_wanted_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no file with a name like"):
        Export(tmp_path, WANTED).files()
    with pytest.raises(SourceError, match="cannot be read"):
        Export(tmp_path / "gone", WANTED).files()
    assert list(export_names(tmp_path / "gone")) == ["gone"]
    assert list(export_names(Path("nul\0"))) in (["nul\0"], [])


def test_a_name_that_leads_out_of_a_zip_is_left_out_and_told(tmp_path: Path) -> None:
    path = tmp_path / "evil.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../plays.json", "[1]")
        archive.writestr("../elsewhere.txt", "[1]")
    exported = Export(path, WANTED)
    assert exported.files() == []
    (part,) = exported.left_out()
    (skip,) = part.read()
    assert skip == next(iter(part.read()))
    assert "leads out" in getattr(skip, "reason", "")


def test_links_are_not_followed_and_hidden_files_not_read(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "plays.json").write_text("[1]")
    (tmp_path / "a" / "back").symlink_to(tmp_path)
    (tmp_path / ".plays.json").write_text("[1]")
    assert [file.name for file in Export(tmp_path, WANTED).files()] == ["a/plays.json"]


def test_a_dangling_link_is_told(tmp_path: Path) -> None:
    (tmp_path / "plays.json").symlink_to(tmp_path / "gone")
    exported = Export(tmp_path, WANTED)
    assert exported.files() == []
    assert [part.name for part in exported.left_out()] == ["files left out"]


@pytest.mark.parametrize("limit", [1, 1 << 20])
def test_a_file_cut_off_gives_what_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(export, "_AT_ONCE", limit)  # both ways of parsing
    path = tmp_path / "plays.json"
    path.write_text('[{"a": 1}, {"a": 2}, {"a"')
    (file,) = Export(path, WANTED).files()
    rows = file.rows()
    assert [next(rows), next(rows)] == [{"a": 1}, {"a": 2}]
    with pytest.raises(SourceError, match="cut off"):
        next(rows)
    path.write_text('{"a": []}')
    (file,) = Export(path, WANTED).files()
    with pytest.raises(SourceError):
        list(file.rows())


def test_no_file_is_read_whole_that_is_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "_WHOLE", 3)
    path = tmp_path / "plays.json"
    path.write_text("[1, 2]")
    (file,) = Export(path, WANTED).files()
    with pytest.raises(SourceError, match="at most 3"):
        file.read()


def test_what_is_left_out_is_read_as_every_part_is(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("../plays1.json", "[]")
    export_ = Export(tmp_path / "a.zip", WANTED)
    export_.files()
    (part,) = export_.left_out()
    with closing(part.read()) as records:  # type: ignore[type-var]  # they are generators
        assert len(list(records)) == 1
