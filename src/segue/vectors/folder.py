"""How an index lies on disk: a folder of arrays that map into memory, and a `model.json`."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from segue.errors import LibraryError, UsageError

FORMAT: Final = 1
MODEL: Final = "model.json"


@dataclass(frozen=True)
class SavedIndex:
    """What a saved index says of itself, and its arrays.

    Attributes
    ----------
    dimensions, count
        Length and number of its vectors.
    options
        What it was built with.
    arrays
        Mapped into memory, by name.
    """

    dimensions: int
    count: int
    options: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, NDArray[np.generic]] = field(default_factory=dict)


def write_folder(
    folder: Path,
    kind: str,
    dimensions: int,
    count: int,
    *,
    arrays: Mapping[str, NDArray[np.generic]],
    others: Mapping[str, Callable[[BinaryIO], None]] | None = None,
    options: Mapping[str, Any] | None = None,
    versions: Mapping[str, str] | None = None,
) -> None:
    """Write an index aside, sync it to disk and rename it into place.

    An index that is already there stays until the new one is whole; one that is mapped by a
    running process stays readable to it.

    Parameters
    ----------
    kind
        Which index this is; only the same kind reads it.
    arrays
        Written as ``name.npy``.
    others
        File names, and what writes each.
    options, versions
        Put into ``model.json``: what the index was built with, and by which libraries.

    Raises
    ------
    UsageError
        If `folder` exists and holds anything else than a saved index.
    LibraryError
        If it cannot be written.
    """
    writers: dict[str, Callable[[BinaryIO], None]] = {
        f"{name}.npy": _array_writer(array) for name, array in arrays.items()
    } | dict(others or {})
    mark = f"{os.getpid()}-{secrets.token_hex(4)}"
    fresh = folder.with_name(f".{folder.name}.new-{mark}")
    old = folder.with_name(f".{folder.name}.old-{mark}")
    try:
        replaces = folder.exists()
        if replaces and not (folder / MODEL).is_file() and any(folder.iterdir()):
            raise UsageError(
                f"{folder} holds no saved index, and would be replaced by one: name a new folder"
            )
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh.mkdir()
        sizes = {name: _write(fresh / name, writer) for name, writer in writers.items()}
        model = {
            "format": FORMAT,
            "kind": kind,
            "dimensions": dimensions,
            "count": count,
            "options": dict(options or {}),
            "files": sizes,
            "versions": {"numpy": np.__version__, **(versions or {})},
        }
        text = json.dumps(model, indent=2) + "\n"
        _write(fresh / MODEL, lambda file: file.write(text.encode()))
        _sync(fresh)
        if replaces:
            folder.rename(old)
        fresh.rename(folder)
        _sync(folder.parent)
    except OSError as error:
        raise LibraryError(
            f"the index cannot be written to {folder} ({error}): free space or rights are missing"
        ) from error
    finally:
        if old.exists() and not folder.exists():
            old.rename(folder)
        for rest in (fresh, old):
            shutil.rmtree(rest, ignore_errors=True)


def read_folder(folder: Path, kind: str) -> SavedIndex:
    """Return the index saved in `folder`, its arrays mapped into memory.

    Raises
    ------
    LibraryError
        If the folder or a file of it is missing, cut short or malformed, or was saved as another
        kind of index or in another format.
    """
    again = "delete it and build the index again"
    try:
        model = json.loads((folder / MODEL).read_bytes())
        version = model["format"]
        if version != FORMAT:
            raise LibraryError(
                f"{folder} was saved in format {version}, expected {FORMAT}:"
                f" use the version of Segue that wrote it, or {again}"
            )
        if model["kind"] != kind:
            raise LibraryError(f"{folder} holds an index of kind {model['kind']}, expected {kind}")
        for name, size in model["files"].items():
            found = (folder / name).stat().st_size
            if found != size:
                raise LibraryError(
                    f"{folder / name} has {found} bytes, expected {size}: it is damaged, {again}"
                )
        arrays = {
            Path(name).stem: np.load(folder / name, mmap_mode="r", allow_pickle=False)
            for name in model["files"]
            if name.endswith(".npy")
        }
        dimensions, count = int(model["dimensions"]), int(model["count"])
        if dimensions < 1 or count < 0:
            raise ValueError(f"{count} vectors of {dimensions} dimensions")
        return SavedIndex(dimensions, count, dict(model["options"]), arrays)
    except OSError as error:
        raise LibraryError(f"the index in {folder} cannot be read ({error}); {again}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LibraryError(f"the index in {folder} is damaged ({error!r}); {again}") from error


def _array_writer(array: NDArray[np.generic]) -> Callable[[BinaryIO], None]:
    return lambda file: np.save(file, array, allow_pickle=False)


def _write(path: Path, write: Callable[[BinaryIO], Any]) -> int:
    """Write a file through to the disk and return its size in bytes."""
    with path.open("wb") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())
        return file.tell()


def _sync(folder: Path) -> None:
    if os.name != "posix":
        return  # elsewhere a folder cannot be opened to be synced
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
