from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from segue.audio.checkpoint import read_checkpoint
from segue.errors import EarError

# The format, written from its specification: a LevelDB table of BundleEntryProto messages.


def crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(crc: int) -> int:
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def varint(number: int) -> bytes:
    out = b""
    while number >= 0x80:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def entry(
    array: NDArray[np.float32],
    offset: int,
    *,
    shard: int = 0,
    dtype: int = 1,
    crc: int | None = None,
    shape: tuple[int, ...] | None = None,
) -> bytes:
    raw = array.tobytes()
    dims = b"".join(
        b"\x12" + varint(len(dim)) + dim
        for dim in (b"\x08" + varint(size) for size in shape or array.shape)
    )
    message = b"\x08" + varint(dtype) + b"\x12" + varint(len(dims)) + dims
    message += b"\x18" + varint(shard) + b"\x20" + varint(offset) + b"\x28" + varint(len(raw))
    return message + b"\x35" + struct.pack("<I", masked(crc32c(raw)) if crc is None else crc)


def block(entries: list[tuple[bytes, bytes]], compression: int = 0) -> bytes:
    """Return a block with its trailer; keys share prefixes, as LevelDB writes them."""
    body, last = b"", b""
    for key, value in entries:
        shared = 0
        while shared < min(len(last), len(key)) and last[shared] == key[shared]:
            shared += 1
        body += varint(shared) + varint(len(key) - shared) + varint(len(value))
        body += key[shared:] + value
        last = key
    body += struct.pack("<II", 0, 1)
    return body + bytes([compression]) + b"crc-"


def table(blocks: list[list[tuple[bytes, bytes]]], compression: int = 0) -> bytes:
    data, handles = b"", []
    for entries in blocks:
        written = block(entries, compression)
        handles.append((entries[-1][0], varint(len(data)) + varint(len(written) - 5)))
        data += written
    root = block(handles)
    footer = varint(0) + varint(0) + varint(len(data)) + varint(len(root) - 5)
    magic = struct.pack("<Q", 0xDB4775248B80FB57)
    return data + root + footer.ljust(40, b"\0") + magic


KERNEL = np.arange(6, dtype=np.float32).reshape(2, 3) - 2.5
BIAS = np.array([1.5, -0.25], dtype=np.float32)
SHARDS = {0: KERNEL.tobytes(), 1: b"pad!" + BIAS.tobytes()}
HEADER = (b"", b"\x08\x02")  # BundleHeaderProto stands under the empty key
INDEX = table(
    [
        [HEADER, (b"dense/bias", entry(BIAS, 4, shard=1))],
        [(b"dense/kernel", entry(KERNEL, 0)), (b"dense/kernel/Adam", entry(KERNEL, 0, dtype=9))],
    ]
)
NAMES = {"dense/kernel", "dense/bias"}


def index_of(message: bytes) -> bytes:
    return table([[HEADER, (b"dense/kernel", message)]])


def test_the_checksum_here_is_the_published_one() -> None:
    assert crc32c(b"123456789") == 0xE3069283  # RFC 3720, B.4


def test_reads_the_tensors_asked_for_from_their_shards() -> None:
    found = read_checkpoint(INDEX, SHARDS, NAMES)
    assert found.keys() == NAMES
    np.testing.assert_array_equal(found["dense/kernel"], KERNEL)
    np.testing.assert_array_equal(found["dense/bias"], BIAS)
    assert found["dense/kernel"].dtype == np.float32


@pytest.mark.parametrize(
    ("index", "shards", "message"),
    [
        (INDEX[:-1] + b"\0", SHARDS, "not a LevelDB table"),
        (b"", SHARDS, "malformed"),
        (INDEX[-30:], SHARDS, "malformed"),
        (INDEX, {0: SHARDS[0]}, "malformed"),
        (INDEX, {**SHARDS, 0: SHARDS[0][:-1]}, "checksum"),
        (INDEX, {**SHARDS, 0: b"\1" + SHARDS[0][1:]}, "checksum"),
        (index_of(entry(KERNEL, 0, crc=5)), SHARDS, "checksum"),
        (index_of(entry(KERNEL, 0, dtype=2)), SHARDS, "type 2, expected 1"),
        (index_of(entry(KERNEL, 0) + b"\x3b"), SHARDS, "wire type 3"),
        (index_of(entry(KERNEL, 0, shape=(4, 4))), SHARDS, "dense/kernel"),
        (index_of(entry(KERNEL, 0, shape=(2**40, 2**40))), SHARDS, "dense/kernel"),
        (table([[HEADER, (b"dense/kernel", entry(KERNEL, 0))]], compression=1), SHARDS, "compres"),
        (table([[HEADER]]), SHARDS, r"lacks .*dense/kernel"),
    ],
)  # fmt: skip
def test_damage_is_told(index: bytes, shards: dict[int, bytes], message: str) -> None:
    wanted = {"dense/kernel"} if index is not INDEX else NAMES
    with pytest.raises(EarError, match=message):
        read_checkpoint(index, shards, wanted)


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_never_a_checkpoint(data: bytes) -> None:
    with pytest.raises(EarError):
        read_checkpoint(data, SHARDS, NAMES)
    with pytest.raises(EarError):
        read_checkpoint(data + INDEX[-48:], SHARDS, NAMES)


@given(st.integers(0, len(INDEX) - 1), st.binary(min_size=1, max_size=3))
def test_damaged_bytes_give_the_right_tensors_or_an_error(at: int, data: bytes) -> None:
    damaged = INDEX[:at] + data + INDEX[at + len(data) :]
    try:
        found = read_checkpoint(damaged, SHARDS, NAMES)
    except EarError:
        return
    np.testing.assert_array_equal(found["dense/kernel"].ravel(), KERNEL.ravel())
    np.testing.assert_array_equal(found["dense/bias"].ravel(), BIAS)
