"""Text as it is compared: without case, accents, width and punctuation."""

from __future__ import annotations

import unicodedata
from typing import Final

_ASCII: Final = "".join(chr(c).lower() if chr(c).isalnum() else " " for c in range(128))


def fold(text: str) -> str:
    """Return text for comparing: NFKD without marks, case folded, words parted by one space.

    >>> fold("Sigur Rós - (Ágætis byrjun)")
    'sigur ros agætis byrjun'
    >>> fold("ＡＢＢＡ　宇多田ヒカル")
    'abba 宇多田ヒカル'
    """
    if text.isascii():
        return " ".join(text.translate(_ASCII).split())
    # Marks go only from letters that can stand without them: those of kana and of Indic scripts
    # tell syllables apart.
    decomposed = unicodedata.normalize("NFKD", text.casefold()).casefold()
    kept = (c for c in decomposed if not "\u0300" <= c <= "\u036f")
    composed = unicodedata.normalize("NFC", "".join(kept))
    return " ".join("".join(c if _is_word(c) else " " for c in composed).split())


def _is_word(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character).startswith("M")
