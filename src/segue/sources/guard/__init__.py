"""Reading what strangers wrote, each thing with a limit.

Everything that a source takes from a file goes through here, so that no other module has to think
of bombs, broken encodings or wrong types.
"""

from segue.sources.guard.archive import Archive, Member, archive_names
from segue.sources.guard.files import file_stamp, open_bytes, position, read_bytes, read_text, shown
from segue.sources.guard.json_stream import iter_json_array, load_json
from segue.sources.guard.strings import byte_lines, clean, decode_text, text_lines
from segue.sources.guard.values import integer, number, text, timestamp
from segue.sources.guard.xml_stream import iter_xml

__all__ = [
    "Archive",
    "Member",
    "archive_names",
    "byte_lines",
    "clean",
    "decode_text",
    "file_stamp",
    "integer",
    "iter_json_array",
    "iter_xml",
    "load_json",
    "number",
    "open_bytes",
    "position",
    "read_bytes",
    "read_text",
    "shown",
    "text",
    "text_lines",
    "timestamp",
]
