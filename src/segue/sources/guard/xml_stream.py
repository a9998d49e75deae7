"""XML of strangers, as a stream, without entities."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, Final

from segue.errors import SourceError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_CHUNK: Final = 1 << 16
_DEEPEST: Final = 100
_MOST_CHILDREN: Final = 1_000_000  # that the caller has not cleared
_LONGEST: Final = 64 << 20  # bytes of one text
_CONTROLS: Final = bytes(set(range(32)) - set(b"\t\n\r"))


class _WithoutControls:
    """A file less the control characters that XML forbids and that tags bring along."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._wide: bool | None = None
        self.quiet = 0  # bytes since an element began or ended

    def read(self, size: int = _CHUNK) -> bytes:
        while data := self._file.read(size):
            self.quiet += len(data)
            if self.quiet > _LONGEST:
                raise SourceError(
                    f"this XML has a text of more than {_LONGEST:,} bytes: it is an attack, or "
                    "damaged"
                )
            if self._wide is None:  # UTF-16 and UTF-32 have a mark or a NUL at their beginning
                self._wide = data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data[:2]
            kept = data if self._wide else data.translate(None, _CONTROLS)
            if kept:
                return kept
        return b""


def iter_xml(file: BinaryIO) -> Iterator[tuple[str, Element]]:
    """Yield ("start" or "end", element) through an XML document, whose size does not matter.

    An element's text and children are there at its end; the caller clears it then. Nothing
    outside the document is ever fetched.

    Raises
    ------
    SourceError
        At what is no XML, an entity declared, more than 100 levels, more than 1,000,000 children
        that were not cleared, a text of more than 64 MiB, or where it is cut off; what came before
        has been given.
    """
    from xml.etree.ElementTree import ParseError

    from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]
    from defusedxml.ElementTree import iterparse  # type: ignore[import-untyped]

    above: list[Element] = []
    source = _WithoutControls(file)
    try:
        for event, element in iterparse(source, ("start", "end")):
            source.quiet = 0
            if event == "end":
                above.pop()
            elif above and len(above[-1]) > _MOST_CHILDREN:
                raise SourceError(
                    f"this XML has more than {_MOST_CHILDREN:,} elements side by side where few "
                    "were expected: it is an attack, or damaged"
                )
            else:
                above.append(element)
            if len(above) > _DEEPEST:
                raise SourceError(f"this XML is nested more than {_DEEPEST} levels deep")
            yield event, element
    except ParseError as error:
        line, column = error.position
        why = str(error).partition(":")[0]
        raise SourceError(f"this XML cannot be read on: {why}, line {line}, {column=}") from error
    except DefusedXmlException as error:
        raise SourceError("this XML declares entities, as only attacks do") from error
    except (LookupError, ValueError) as error:  # an encoding that does not exist
        raise SourceError(f"this XML cannot be read: {error}") from error
