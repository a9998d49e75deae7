"""Music whose genre is known: a folder of genre folders, or a table of files and genres."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from segue.catalog.incoming import Skip
from segue.errors import SourceError
from segue.sources.feature_columns import column_name
from segue.sources.guard import clean, open_bytes, read_text, shown
from segue.sources.table import Row, read_table
from segue.sources.tags import guess_from_path, read_tags
from segue.sources.walk import UNREADABLE_FILE, extension, is_audio_name, walk
from segue.types import display_path

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LARGEST: Final = 1_000_000_000  # bytes of a table
_LARGEST_LIST: Final = 100_000_000  # bytes of a split's list
_LISTS: Final = ("train_filtered.txt", "valid_filtered.txt", "test_filtered.txt")
_FIELDS: Final = ("artist", "title", "album")
_SHOWN: Final = 100  # characters of a place
_LAYOUT: Final = "expected a folder for each genre with audio files in it (genres/blues/*.au)"


@dataclass(frozen=True)
class LabelledFile:
    """An audio file and its genre.

    Attributes
    ----------
    path
        Absolute, as bytes of the file system.
    genre
        As people read it, never empty; of names that differ in case alone, the first by path.
    artist, title, album
        Empty where not known.
    """

    path: bytes
    genre: str
    artist: str = ""
    title: str = ""
    album: str = ""


@dataclass(frozen=True)
class Labelled:
    """Files of two or more genres.

    Attributes
    ----------
    files
        In the order of their paths, each path once.
    skipped
        What was left out.
    """

    files: tuple[LabelledFile, ...]
    skipped: tuple[Skip, ...] = ()


@dataclass(frozen=True, eq=False)
class Split:
    """Which files are for what, as positions in `Labelled.files`, rising.

    Attributes
    ----------
    train, valid, test
        int64, no position in two of them; files that no list names are in none.
    skipped
        Lines that name no file, or a file for the second time.
    """

    train: NDArray[np.int64]
    valid: NDArray[np.int64]
    test: NDArray[np.int64]
    skipped: tuple[Skip, ...] = ()


def read_labelled(source: Path) -> Labelled:
    """Return the files and genres of a folder of genre folders, or of a table; no audio is opened.

    Of a folder, each folder in it is a genre, with the audio files at any depth below it; which
    files count, see `walk`. Artist, title and album are those of the tags; where there are none,
    what ``Artist - Title`` or ``Artist/Album/01 - Title`` below the genre's folder tells. A name
    that tells no artist tells nothing: ``blues.00029`` would tell the genre to what reads titles.

    A table has a header with the columns ``file`` and ``genre``, perhaps ``artist``, ``title`` and
    ``album``, in any order and among others; see `read_table`. Paths are relative to its folder.
    What its cells leave open the files' tags tell.

    Raises
    ------
    SourceError
        If there is nothing, no genre folder or no such column, if it cannot be read, or if fewer
        than two genres have files.
    """
    source = Path(os.path.abspath(source))
    try:
        status = source.stat()
    except (OSError, ValueError) as error:
        raise SourceError(
            f"{shown(source)} cannot be reached ({error}); give a folder of genre folders, or a "
            "CSV file with the columns file and genre"
        ) from error
    skipped: list[Skip] = []
    if stat.S_ISDIR(status.st_mode):
        found = _of_folder(source, skipped)
    elif is_audio_name(os.fsencode(source)):
        raise SourceError(f"{shown(source)} is one audio file; {_LAYOUT}, or a CSV file")
    else:
        found = _of_table(source, skipped)
    files = _one_spelling(sorted(found, key=lambda file: file.path))
    genres = sorted({file.genre for file in files})
    if len(genres) < 2:
        raise SourceError(_too_few(source, genres, skipped))
    return Labelled(tuple(files), tuple(skipped))


def _of_folder(top: Path, skipped: list[Skip]) -> Iterator[LabelledFile]:
    root = os.fsencode(top)

    def tell(path: bytes, kind: str, message: str) -> None:
        if path == root:
            raise SourceError(message)
        what = "file" if kind == UNREADABLE_FILE else "folder"
        skipped.append(Skip(f"{what} cannot be read", _where(path, root)))

    filled = set()
    for file in walk(root, on_problem=tell):
        folder, _, below = file.path[len(root.rstrip(b"/")) + 1 :].partition(b"/")
        if not below:
            skipped.append(Skip("not in a genre's folder", _where(file.path, root)))
            continue
        filled.add(folder)
        genre = clean(folder.decode("utf-8", "replace"))
        if genre:
            yield _described(LabelledFile(file.path, genre), below)
        else:
            skipped.append(Skip("no genre", _where(file.path, root)))
    empty = (name for name in _folders(root) if name not in filled)
    skipped.extend(Skip("a genre's folder without audio", _where(name, root)) for name in empty)


def _folders(root: bytes) -> list[bytes]:
    """Return the names of the visible folders in a folder, sorted; none where it is unreadable."""
    try:
        with os.scandir(root) as entries:
            return sorted(e.name for e in entries if e.is_dir() and not e.name.startswith(b"."))
    except OSError:
        return []


def _of_table(path: Path, skipped: list[Skip]) -> Iterator[LabelledFile]:
    seen: set[bytes] = set()
    try:
        with open_bytes(path, _LARGEST) as stream:
            header, rows = read_table(stream)
            columns = _columns(header)
            for row in rows:
                found = row if isinstance(row, Skip) else _of_row(row, columns, path.parent)
                if isinstance(found, LabelledFile) and found.path in seen:
                    found = Skip("listed twice", _where(found.path, os.fsencode(path.parent)))
                if isinstance(found, Skip):
                    skipped.append(found)
                else:
                    seen.add(found.path)
                    yield _described(found)
    except SourceError as error:
        message = str(error)
        named = message if shown(path) in message else f"{shown(path)}: {message}"
        raise SourceError(named) from error


def _columns(header: Sequence[str]) -> Mapping[str, int]:
    names = [column_name(cell) for cell in header]
    wanted: tuple[str, ...] = ("file", "genre", *_FIELDS)
    columns = {name: names.index(name) for name in wanted if name in names}
    if missing := [name for name in ("file", "genre") if name not in columns]:
        raise SourceError(
            f"the table has no column {' and no column '.join(missing)} "
            f"(its first line: {clean(', '.join(header), 200) or 'empty'}); expected a header "
            "such as file,genre,artist,title,album"
        )
    return columns


def _of_row(row: Row, columns: Mapping[str, int], folder: Path) -> LabelledFile | Skip:
    cells = {name: row.cells[column] for name, column in columns.items()}
    # A path is not normalised: on most systems a name is its bytes.
    location = cells.pop("file").replace("\0", "").strip()
    genre = clean(cells.pop("genre"))
    if not location:
        return Skip("no file", f"line {row.line}")
    if not genre:
        return Skip("no genre", f"line {row.line}")
    for name in (location, location.replace("\\", "/")):  # the second as Windows writes it
        try:
            path = os.path.abspath(os.fsencode(folder / name))
            if stat.S_ISREG(os.stat(path).st_mode):
                return LabelledFile(path, genre, **{k: clean(v) for k, v in cells.items()})
        except (OSError, ValueError):  # not there, too long, or with a lone surrogate
            continue
    return Skip("no such file", f"line {row.line}: {clean(location)}"[:_SHOWN])


def _described(file: LabelledFile, below: bytes = b"") -> LabelledFile:
    """Fill in what is not known of a file: from its tags, then from its path below the genre's."""
    tags = read_tags(file.path)
    told = {
        "artist": tags.artist or tags.album_artist or "",
        "title": tags.title or "",
        "album": tags.album or "",
    }
    guess = guess_from_path(below) if below else None
    if guess is not None and guess.artist:
        guessed = {"artist": guess.artist, "title": guess.title, "album": guess.album}
        told = {name: told[name] or clean(guessed[name] or "") for name in _FIELDS}
    return replace(
        file,
        artist=file.artist or clean(told["artist"]),
        title=file.title or clean(told["title"]),
        album=file.album or clean(told["album"]),
    )


def _one_spelling(files: Sequence[LabelledFile]) -> list[LabelledFile]:
    spelling: dict[str, str] = {}
    return [
        replace(file, genre=spelling.setdefault(file.genre.casefold(), file.genre))
        for file in files
    ]


def _too_few(source: Path, genres: Sequence[str], skipped: Sequence[Skip]) -> str:
    why = Counter(skip.reason for skip in skipped).most_common(3)
    left_out = f" (left out: {', '.join(f'{n} {reason}' for reason, n in why)})" if why else ""
    if not genres:
        return f"{shown(source)} holds no audio file with a genre{left_out}; {_LAYOUT}"
    inner = os.fsencode(source / genres[0])
    deeper = _folders(inner)
    hint = f"; if its folders are the genres, give {display_path(inner)}" if deeper[1:] else ""
    return (
        f"{shown(source)} has one genre only, {genres[0]}{left_out}; expected two or more, "
        f"a folder for each{hint}"
    )


def _where(path: bytes, root: bytes) -> str:
    below = path.removeprefix(root.rstrip(b"/") + b"/")
    return display_path(below)[-_SHOWN:]


def read_split(path: Path, labelled: Labelled) -> Split:
    """Return the split that the lists in a folder tell, made for GTZAN without its faults.

    ``train_filtered.txt``, ``valid_filtered.txt`` and ``test_filtered.txt`` have a line such as
    ``blues/blues.00029.wav`` for each file. Files are told by genre and name, in any case and with
    any extension; where several have the same, all are meant. Kereliuk, Sturm and Larsen, "Deep
    learning and music adversaries", IEEE Transactions on Multimedia 2015.

    Raises
    ------
    SourceError
        If a list cannot be read, names no file at all, or names one that another names, too.
    """
    import numpy as np

    positions: dict[tuple[str, str], list[int]] = {}
    for i, file in enumerate(labelled.files):
        positions.setdefault(_name(file.genre, os.fsdecode(file.path)), []).append(i)
    taken: dict[int, str] = {}
    skipped: list[Skip] = []
    for list_name in _LISTS:
        for number, line in enumerate(read_text(path / list_name, _LARGEST_LIST).splitlines(), 1):
            if not (location := line.replace("\\", "/").strip()):
                continue
            where = f"{list_name}, line {number}: {clean(location)}"[:_SHOWN]
            named = positions.get(_name(location.rpartition("/")[0].rpartition("/")[2], location))
            if named is None:
                skipped.append(Skip("no such file", where))
            elif (other := taken.get(named[0], list_name)) != list_name:
                raise SourceError(
                    f"{where} stands in {other}, too; a file must be in one list alone"
                )
            elif named[0] in taken:
                skipped.append(Skip("listed twice", where))
            else:
                taken.update(dict.fromkeys(named, list_name))
        if list_name not in taken.values():
            raise SourceError(
                f"{shown(path / list_name)} names none of the {len(labelled.files)} files; "
                "expected lines such as blues/blues.00029.wav, the genre's folder first"
            )
    train, valid, test = (
        np.array(sorted(i for i, name in taken.items() if name == list_name), dtype=np.int64)
        for list_name in _LISTS
    )
    return Split(train, valid, test, tuple(skipped))


def _name(genre: str, path: str) -> tuple[str, str]:
    """Return genre and file name without its extension, as they are compared."""
    name = path.rpartition("/")[2]
    raw = name.encode("utf-8", "replace")
    ending = len(extension(raw)) if is_audio_name(raw) else 0  # ASCII: a byte a character
    return clean(genre).casefold(), clean(name[: len(name) - ending]).casefold()
