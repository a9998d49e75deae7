"""Fonts for names in any script: what the drawing library's own font lacks is looked for."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

BASE: Final = "DejaVu Sans"  # comes with matplotlib
# Those that look best beside it; any other font that has the characters will do.
_PREFERRED: Final = (
    "notosanscjk sourcehansans notosans- notosans notoemoji wqy wenquanyi droidsansfallback "
    "pingfang hiragino applesdgothic msyh yugoth malgun arialunicode unifont"
).split()
_INVISIBLE: Final = {0x200D, *range(0xFE00, 0xFE10)}  # joins and variants of emoji


@dataclass(frozen=True)
class Fonts:
    """The fonts that some texts are drawn with.

    Attributes
    ----------
    families
        Names that matplotlib knows, each standing in for what those before it lack.
    lacking
        Characters that no font has.
    """

    families: tuple[str, ...] = (BASE,)
    lacking: frozenset[str] = frozenset()

    def readable(self, text: str) -> bool:
        """Return whether every character can be drawn."""
        return self.lacking.isdisjoint(text)


def plain(text: str) -> str:
    r"""Return a text without what has no shape: controls, joiners, variation selectors.

    >>> plain("a\tb\ufe0f\u202e")
    'a b'
    """
    spaced = (" " if character.isspace() else character for character in text)
    kept = (
        character
        for character in spaced
        if ord(character) not in _INVISIBLE and unicodedata.category(character)[0] != "C"
    )
    return " ".join("".join(kept).split())


def fonts_for(texts: Iterable[str]) -> Fonts:
    """Return fonts of this machine that have the characters of `texts`.

    Fonts are looked for where the system and the user keep them, ``~/.local/share/fonts`` among
    them. Those that hold only pictures of glyphs, such as colour emoji, cannot be drawn with.
    """
    from matplotlib import font_manager

    base = font_manager.get_font(font_manager.findfont(BASE))
    wanted = {character for text in texts for character in text}
    lacking = {c for c in wanted if ord(c) not in base.get_charmap() and not c.isspace()}
    families = [BASE]
    if lacking:
        for path in sorted(font_manager.findSystemFonts(), key=_order):
            family, characters = _read(path)
            found = {c for c in lacking if ord(c) in characters}
            if found:
                families.append(family)
                lacking -= found
            if not lacking:
                break
    return Fonts(tuple(families), frozenset(lacking))


def _order(path: str) -> tuple[int, bool, str]:
    """Sort paths of fonts: preferred ones first, the upright and regular of each before others."""
    name = os.path.basename(path).lower().replace("_", "").replace(" ", "")
    places = [i for i, part in enumerate(_PREFERRED) if part in name]
    odd = any(word in name for word in ("bold", "italic", "oblique", "light", "thin", "black"))
    return (min(places, default=len(_PREFERRED)), odd, path)


def _read(path: str) -> tuple[str, Any]:
    """Return the name of a font that matplotlib now knows, and the characters it has."""
    from matplotlib import font_manager

    try:
        font = font_manager.get_font(path)
        if not font.scalable:
            return "", ()
        characters = font.get_charmap()
        manager = font_manager.fontManager
        if not any(entry.fname == path for entry in manager.ttflist):
            manager.addfont(path)
        # Of a collection the first face: it is the one whose characters were read.
        family = next(entry.name for entry in manager.ttflist if entry.fname == path)
    except (OSError, RuntimeError, ValueError):  # one font that cannot be read of many
        return "", ()
    return family, characters
