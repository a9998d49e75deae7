"""Opening files that strangers put in a folder."""

from __future__ import annotations

import errno
import os
import stat
from typing import BinaryIO


def open_regular(path: bytes) -> BinaryIO:
    """Open a regular file for reading.

    Raises
    ------
    OSError
        If it cannot be opened; with `errno.ENODEV` if it is a pipe, a device or a folder. A pipe
        is never waited for.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    number = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise OSError(errno.ENODEV, "this is a pipe, a device or a folder, not a file")
    return os.fdopen(number, "rb")
