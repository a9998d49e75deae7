"""Where things lie on this machine, and how many threads may work."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

HOME_VARIABLE: Final = "SEGUE_HOME"
EAR_VARIABLE: Final = "SEGUE_EAR"
FILE_NAME: Final = "segue.db"  # of the catalogue, in the library's folder

_MEMORY_VARIABLES: Final = ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_")  # glibc's
_THREAD_VARIABLES: Final = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def library_path(path: str | os.PathLike[str] | None = None) -> Path:
    """Return the library's folder: `path`, else ``SEGUE_HOME``, else the platform's data folder."""
    chosen = path or os.environ.get(HOME_VARIABLE)
    if chosen:
        return Path(os.path.expanduser(chosen)).absolute()
    return _data_path() / "library"


def ear_path() -> Path:
    """Return the folder of the network that listens, shared by all libraries of a user."""
    chosen = os.environ.get(EAR_VARIABLE)
    return Path(os.path.expanduser(chosen)).absolute() if chosen else _data_path() / "ear"


def music_path() -> Path:
    """Return the user's music folder, which may not exist."""
    import platformdirs

    return platformdirs.user_music_path()


def _data_path() -> Path:
    import platformdirs

    return platformdirs.user_data_path("segue", appauthor=False)


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def no_telemetry() -> None:
    """Keep ONNX Runtime from reporting its use; to be called before it is imported."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"


def worker_environment() -> dict[str, str]:
    """Return this process's environment for one that works beside others like it.

    Its numeric libraries keep to one thread: workers share the cores by being many. And the C
    library keeps the memory of large arrays for the next ones, rather than giving each back to
    the system, which would take a tenth of the time.
    """
    return {
        **os.environ,
        **dict.fromkeys(_THREAD_VARIABLES, "1"),
        **dict.fromkeys(_MEMORY_VARIABLES, str(256 << 20)),
    }
