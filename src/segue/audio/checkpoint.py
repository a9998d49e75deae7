"""Read TensorFlow "tensor bundle" checkpoints with numpy alone.

A checkpoint is an index beside one or more data shards. The index is a LevelDB table
(https://github.com/google/leveldb/blob/main/doc/table_format.md) from tensor name to a
``BundleEntryProto``; a shard holds the tensors' little-endian bytes one after another
(tensorflow/core/protobuf/tensor_bundle.proto). TensorFlow writes the index uncompressed.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.errors import EarError

_TABLE_MAGIC = 0xDB4775248B80FB57
_FOOTER_BYTES = 48
_DT_FLOAT = 1


@dataclass(frozen=True)
class _Entry:
    """Where one tensor lies: its type, shape, shard, byte range and checksum."""

    dtype: int
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int
    crc32c: int


def read_checkpoint(
    index: bytes, shards: Mapping[int, bytes], names: set[str]
) -> dict[str, NDArray[np.float32]]:
    """Return the named float32 tensors of a checkpoint, each checked against its CRC-32C.

    Parameters
    ----------
    index
        Content of the ``.index`` file.
    shards
        Content of each ``.data-0000i-of-0000n`` file, by its number ``i``.
    names
        The tensors wanted; every other one (optimiser slots, counters) is passed over.

    Raises
    ------
    EarError
        If the table is malformed, a name is missing, a tensor is not float32, or a checksum is
        wrong.
    """
    try:
        entries = {
            key.decode(): value for key, value in _table(index) if key and key.decode() in names
        }
        missing = names - entries.keys()
        if missing:
            raise EarError(f"the checkpoint lacks the tensors {sorted(missing)}")
        return {name: _tensor(name, _entry(value), shards) for name, value in entries.items()}
    except (IndexError, KeyError, ValueError, struct.error) as error:
        raise EarError(f"the checkpoint is malformed: {error!r}") from error


def _tensor(name: str, entry: _Entry, shards: Mapping[int, bytes]) -> NDArray[np.float32]:
    raw = shards[entry.shard][entry.offset : entry.offset + entry.size]
    if entry.dtype != _DT_FLOAT:
        raise EarError(f"tensor {name} has type {entry.dtype}, expected {_DT_FLOAT} (float32)")
    if _masked_crc32c(raw) != entry.crc32c:
        raise EarError(f"tensor {name} does not match its checksum; fetch the weights again")
    if len(raw) != 4 * math.prod(entry.shape):
        raise EarError(f"tensor {name} has {len(raw)} bytes, too few or many for {entry.shape}")
    return np.frombuffer(raw, "<f4").reshape(entry.shape).astype(np.float32)


def _table(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield (key, value) over every data block of a LevelDB table, in key order."""
    if struct.unpack_from("<Q", data, len(data) - 8)[0] != _TABLE_MAGIC:
        raise EarError("the checkpoint index is not a LevelDB table")
    position = len(data) - _FOOTER_BYTES
    for _ in range(2):  # the meta-index handle's two numbers, which nothing here needs
        _, position = _varint(data, position)
    root, _ = _handle(data, position)
    for _, handle in _block(data, *root):
        yield from _block(data, *_handle(handle, 0)[0])


def _handle(data: bytes, position: int) -> tuple[tuple[int, int], int]:
    offset, position = _varint(data, position)
    size, position = _varint(data, position)
    return (offset, size), position


def _block(data: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield the entries of one block; keys share prefixes with the key before them."""
    if data[offset + size] != 0:
        raise EarError("the checkpoint index is compressed, expected it plain")
    block = data[offset : offset + size]
    restarts = struct.unpack_from("<I", block, len(block) - 4)[0]
    end = len(block) - 4 * (restarts + 1)
    position, key = 0, b""
    while position < end:
        shared, position = _varint(block, position)
        unshared, position = _varint(block, position)
        length, position = _varint(block, position)
        key = key[:shared] + block[position : position + unshared]
        position += unshared
        yield key, block[position : position + length]
        position += length


def _entry(message: bytes) -> _Entry:
    """Parse a ``BundleEntryProto``: 1 dtype, 2 shape, 3 shard, 4 offset, 5 size, 6 crc32c."""
    numbers: dict[int, int] = {}
    shape: tuple[int, ...] = ()
    for field, value in _fields(message):
        if isinstance(value, int):
            numbers[field] = value
        elif field == 2:
            shape = tuple(_dimension(dim) for _, dim in _fields(value) if isinstance(dim, bytes))
    return _Entry(
        numbers.get(1, 0),
        shape,
        numbers.get(3, 0),
        numbers.get(4, 0),
        numbers.get(5, 0),
        numbers.get(6, 0),
    )


def _dimension(message: bytes) -> int:
    return next((v for field, v in _fields(message) if field == 1 and isinstance(v, int)), 0)


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield (field number, value) of a protocol-buffer message."""
    position = 0
    while position < len(message):
        key, position = _varint(message, position)
        field, wire = key >> 3, key & 7
        value: int | bytes
        if wire == 0:
            value, position = _varint(message, position)
        elif wire == 2:
            length, position = _varint(message, position)
            value = message[position : position + length]
            position += length
        elif wire == 5:
            value = struct.unpack_from("<I", message, position)[0]
            position += 4
        elif wire == 1:
            value = struct.unpack_from("<Q", message, position)[0]
            position += 8
        else:
            raise EarError(f"the checkpoint has an unknown protocol-buffer wire type {wire}")
        yield field, value


def _varint(data: bytes, position: int) -> tuple[int, int]:
    result = shift = 0
    while True:
        byte = data[position]
        position += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result, position
        shift += 7


def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


def _masked_crc32c(data: bytes) -> int:
    """CRC-32C (Castagnoli), rotated and offset as LevelDB and TensorFlow store it."""
    table = _crc_table()
    crc = 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF
