"""A fingerprint of a file's content, by which it is known again under another name."""

from __future__ import annotations

import hashlib
from typing import Final

from segue.paths import open_regular

_PIECE: Final = 65_536  # bytes read at the start, the middle and the end


def fingerprint(path: bytes, size: int) -> bytes:
    """Return 16 bytes that two different pieces of music practically never share.

    BLAKE2b of the size and of three pieces; a file of a gigabyte costs no more than a small one.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    digest = hashlib.blake2b(str(size).encode(), digest_size=16)
    with open_regular(path) as file:
        for start in sorted({0, max(0, size // 2 - _PIECE // 2), max(0, size - _PIECE)}):
            file.seek(start)
            digest.update(file.read(_PIECE))
    return digest.digest()
