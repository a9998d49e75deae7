from __future__ import annotations

import gzip
import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.catalog.incoming import Skip
from segue.errors import SourceError
from segue.sources.export import Export, ExportFile
from segue.sources.table import Row, header_of, open_table, read_table


def table(data: bytes) -> tuple[tuple[str, ...], list[Row | Skip]]:
    header, rows = read_table(io.BytesIO(data))
    return header, list(rows)


def on_disk(path: Path) -> ExportFile:
    (file,) = Export(path, re.compile("")).files()
    return file


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_told_by_the_header(separator: str) -> None:
    data = f'a{separator}"b, c; d"{separator}e\n1{separator}2{separator}3\n'.encode()
    assert table(data) == (("a", "b, c; d", "e"), [Row(2, ["1", "2", "3"])])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_of_the_whole_file(encoding: str) -> None:
    data = 'artist,song\r\nBjörk,"Jóga\r\n(live)"\r\n'.encode(encoding)
    assert table(data) == (("artist", "song"), [Row(3, ["Björk", "Jóga\r\n(live)"])])


def test_a_line_in_another_encoding_harms_no_other() -> None:
    _, rows = table("a,b\nBjörk,1\n".encode() + "Sigur Rós,2\n".encode("latin-1"))
    assert rows == [Row(2, ["Björk", "1"]), Row(3, ["Sigur Rós", "2"])]


def test_rows_of_another_length_are_left_out_and_blank_lines_passed_by() -> None:
    _, rows = table(b"\n\na,b\n\n1,2\n1\n1,2,3\n,\n")
    assert rows == [
        Row(5, ["1", "2"]),
        Skip("wrong number of cells", "line 6"),
        Skip("wrong number of cells", "line 7"),
        Row(8, ["", ""]),
    ]


def test_a_quote_never_closed_costs_only_what_it_swallows() -> None:
    _, rows = table(b'a,b\n1,2\n3,"4\n' + b"5,6\n" * 100_000)
    reasons = [row.reason for row in rows if isinstance(row, Skip)]
    assert reasons == ["a quote without its end"]
    assert rows[0] == Row(2, ["1", "2"])
    assert rows[-1] == Row(100_003, ["5", "6"])


@pytest.mark.parametrize("data", [b"", b"\n \n", b"a"])
def test_next_to_nothing(data: bytes) -> None:
    header, rows = table(data)
    assert len(header) < 2
    assert rows == []


def test_all_on_one_line_is_refused_after_what_was_good() -> None:
    _, rows = read_table(io.BytesIO(b"a,b\n1,2\n" + b"x" * 3_000_000))
    assert next(rows) == Row(2, ["1", "2"])
    with pytest.raises(SourceError, match="longer than"):
        next(rows)


def test_gzip_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(gzip.compress(b"a,b\n1,2\n"))
    with open_table(on_disk(path)) as file:
        header, rows = read_table(file)
        assert (header, list(rows)) == (("a", "b"), [Row(2, ["1", "2"])])


def test_a_gzip_file_cut_off_gives_what_came_before(tmp_path: Path) -> None:
    whole = gzip.compress("".join(f"{n},{n * n}\n" for n in range(50_000)).encode())
    path = tmp_path / "t.csv.gz"
    path.write_bytes(whole[: len(whole) // 2])
    with open_table(on_disk(path)) as file:
        header, rows = read_table(file)
        assert header == ("0", "0")
        assert next(rows) == Row(2, ["1", "1"])
        with pytest.raises(SourceError, match="damaged"):
            list(rows)


def test_a_gzip_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segue.sources.table._SUSPICIOUS", 100_000)
    path = tmp_path / "t.csv.gz"
    with gzip.open(path, "wb", compresslevel=9) as file:
        file.write(b"a,b\n" + b"1,2\n" * 400_000)
    with open_table(on_disk(path)) as stream:
        _, rows = read_table(stream)
        with pytest.raises(SourceError, match="times its size"):
            list(rows)


@given(st.binary(max_size=400))
def test_any_bytes_give_a_header_and_rows_of_its_width(data: bytes) -> None:
    assert header_of(data) == table(data)[0] or data.startswith(b"\x1f\x8b")
    header, rows = table(data)
    assert all(len(row.cells) == len(header) for row in rows if isinstance(row, Row))


_CELL = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='"'), max_size=9)


@given(st.lists(st.lists(_CELL, min_size=2, max_size=2), max_size=9), st.sampled_from(",;\t"))
def test_what_is_written_is_read(rows: list[list[str]], separator: str) -> None:
    lines = [separator.join(f'"{cell}"' for cell in row) for row in (["a", "b"], *rows)]
    header, found = table("\n".join(lines).encode())
    assert header == ("a", "b")
    assert [row.cells for row in found if isinstance(row, Row)] == rows
