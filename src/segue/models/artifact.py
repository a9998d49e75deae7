"""A fitted model on disk: a folder of `.npy` files and a `model.json`, replaced as a whole.

``models/NAME/`` holds one folder a fit and the file ``current``, which names the one that counts.
A fit is written beside the old one, synced, and named in ``current`` last: whoever reads finds
either the old model or the new one, whole.
"""

from __future__ import annotations

import json
import mmap
import os
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from segue.errors import LibraryError, NotFoundError
from segue.models.recommender import Arrays

FORMAT: Final = 1
_CURRENT: Final = "current"
_META: Final = "model.json"
_FAR_APART: Final = 2**29  # bytes; smaller files are soon in memory when they are read ahead
_TYPES: Final[dict[str, type | tuple[type, ...]]] = {  # of what `model.json` may say
    "arrays": list,
    "options": dict,
    "parts": dict,
    "state": (dict, type(None)),
    "versions": dict,
    "rows": int,
    "tracks": int,
    "entries": int,
    "fitted_at": (int, float),
    "fit_seconds": (int, float),
    "peak_rss_mb": (int, float),
}


@dataclass(frozen=True)
class Artifact:
    """A model as stored.

    Attributes
    ----------
    name
        Of the model, such as ``item_knn``.
    folder
        Where its files are.
    meta
        What ``model.json`` says: ``format``, ``name``, ``options``, ``fingerprint`` of the data,
        ``metrics``, ``versions`` of libraries, ``fitted_at`` and what the fitter adds.
    """

    name: str
    folder: Path
    meta: dict[str, Any]

    @property
    def size(self) -> int:
        """Bytes of its files."""
        return sum(file.stat().st_size for file in self.folder.iterdir())

    def arrays(self) -> Arrays:
        """Return its arrays, mapped from their files: only what is touched is read.

        Raises
        ------
        LibraryError
            If a file is missing or damaged.
        """
        try:
            return {name: _mapped(self.folder / f"{name}.npy") for name in self.meta["arrays"]}
        except (OSError, ValueError, EOFError) as error:  # the last for a file that is empty
            raise _unreadable(self.folder, self.name, error) from error


def _unreadable(folder: Path, name: str, error: Exception) -> LibraryError:
    return LibraryError(
        f"the model in {folder} cannot be read ({error}); fit it again with `segue fit {name}`"
    )


def _mapped(path: Path) -> np.ndarray[Any, Any]:
    array: np.ndarray[Any, Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    if array.ndim == 1 and array.nbytes > _FAR_APART:
        # Read in places far apart; what the system would read ahead of each, no one asks for.
        mapped: Any = array.base
        mapped.madvise(mmap.MADV_RANDOM)
    # A plain view: every slice of a memmap object costs microseconds that a query has not got.
    return array.view(np.ndarray)


def save_artifact(models: Path, name: str, arrays: Arrays, meta: dict[str, Any]) -> Artifact:
    """Write a model in place of the one of that name.

    Parameters
    ----------
    models
        The folder of all models; made where it is missing.
    meta
        JSON values for ``model.json``; `format`, `name` and `arrays` are added.

    Raises
    ------
    LibraryError
        If it cannot be written; the old model then stays.
    """
    home = models / name
    folder = home / f"fit-{uuid.uuid4().hex[:12]}"
    full = {"format": FORMAT, "name": name, **meta, "arrays": sorted(arrays)}
    try:
        home.mkdir(parents=True, exist_ok=True)
        folder.mkdir()
        for key, array in arrays.items():
            _write_array(folder / f"{key}.npy", array)
        _write_synced(folder / _META, json.dumps(full, ensure_ascii=False, indent=1).encode())
        aside = home / f".{_CURRENT}-{folder.name}"
        _write_synced(aside, folder.name.encode())
        os.replace(aside, home / _CURRENT)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise LibraryError(
            f"the model {name} cannot be written to {home}: {error.strerror or error}; "
            "the one before it is still in place"
        ) from error
    for other in home.iterdir():  # older fits, and what an interrupted one left
        if other.name not in (_CURRENT, folder.name):
            shutil.rmtree(other, ignore_errors=True)
            other.unlink(missing_ok=True) if other.is_file() else None
    return Artifact(name, folder, full)


def _write_array(path: Path, array: np.ndarray[Any, Any]) -> None:
    with path.open("wb") as file:
        np.save(file, np.ascontiguousarray(array), allow_pickle=False)
        file.flush()
        os.fsync(file.fileno())


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def load_artifact(models: Path, name: str) -> Artifact:
    """Return the current model of a name; its arrays are not read yet.

    Raises
    ------
    NotFoundError
        If there is none.
    LibraryError
        If it was written by another version, is damaged, or was replaced while it was read.
    """
    home = models / name
    try:
        current = (home / _CURRENT).read_text(encoding="utf-8").strip()
    except FileNotFoundError as error:
        raise NotFoundError(
            f"the model {name} is not fitted yet; fit it with `segue fit {name}`"
        ) from error
    except (OSError, ValueError) as error:
        raise _unreadable(home, name, error) from error
    folder = home / current
    try:
        meta = json.loads((folder / _META).read_bytes())
    except (OSError, ValueError) as error:
        raise _unreadable(home, name, error) from error
    if not isinstance(meta, dict) or meta.get("format") != FORMAT:
        found = meta.get("format") if isinstance(meta, dict) else None
        raise LibraryError(
            f"the model in {folder} is of format {found}, this version reads {FORMAT}; "
            f"fit it again with `segue fit {name}`"
        )
    if "arrays" not in meta or (wrong := _of_wrong_type(meta)):
        what = "names no arrays" if "arrays" not in meta else f"has no sense in {wrong!r}"
        raise LibraryError(
            f"the {_META} of the model in {folder} {what}; fit it again with `segue fit {name}`"
        )
    return Artifact(name, folder, meta)


def _of_wrong_type(meta: dict[str, Any]) -> str | None:
    """Return the first key whose value is none that `save_artifact` writes."""
    wrong = (k for k, kind in _TYPES.items() if k in meta and not isinstance(meta[k], kind))
    return next(wrong, None)


def list_artifacts(models: Path) -> list[str]:
    """Return the names of the models that are fitted, in order."""
    if not models.is_dir():
        return []
    return sorted(home.name for home in models.iterdir() if (home / _CURRENT).is_file())


def delete_artifact(models: Path, name: str) -> None:
    """Delete a model, if there is one."""
    shutil.rmtree(models / name, ignore_errors=True)
