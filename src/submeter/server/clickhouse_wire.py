"""Bytes as ClickHouse's clients pack them: the engine's own compressed frames, and HTTP's content encodings.

A frame is a CityHash128 of all that follows, one byte for the method, two sizes and the data; bodies are
frames one after another.
"""

from __future__ import annotations

import struct
import zlib
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import lz4.block  # pyright: ignore[reportMissingTypeStubs]
import lz4.frame  # pyright: ignore[reportMissingTypeStubs]
import zstandard
from clickhouse_cityhash.cityhash import (
    CityHash128,  # pyright: ignore[reportUnknownVariableType]
)

from submeter.server.body import ENCODINGS, SLICE, BodyError, joined, malformed, too_large, unpacked

if TYPE_CHECKING:
    from collections.abc import Callable

_LZ4: Final = 0x82
_ZSTD: Final = 0x90
_NONE: Final = 0x02
_OTHER_NAMES: Final = frozenset({"", "x-gzip"})
"""What else names a content encoding that is understood."""

_CHECKSUM: Final = 16
_HEADER: Final = struct.Struct("<BII")
_FRAME_BYTES: Final = 2**20
_HALF: Final = 64

_hash: Any = CityHash128  # pyright: ignore[reportUnknownVariableType]
_block: Any = lz4.block
_frame: Any = lz4.frame


def unframed(body: bytes, limit: int) -> bytes:
    """What the frames in `body` hold, never more than `limit` bytes of it.

    Raises:
        BodyError: 413 too large, 400 damaged.
    """
    plain = bytearray()
    position = 0
    while position < len(body):
        start = position + _CHECKSUM
        if len(body) < start + _HEADER.size:
            raise malformed("a compressed frame ends too early")
        method, packed_size, plain_size = _HEADER.unpack_from(body, start)
        end = start + packed_size
        if packed_size < _HEADER.size or end > len(body):
            raise malformed("a compressed frame ends too early")
        if len(plain) + plain_size > limit:
            raise too_large(limit)
        if body[position:start] != checksum(body[start:end]):
            raise malformed("a compressed frame is damaged: its checksum is another")
        plain += _opened(method, body[start + _HEADER.size : end], plain_size)
        position = end
    return bytes(plain)


def framed(plain: bytes, method: str) -> bytes:
    """`plain` as frames; `method` is what ClickHouse's setting calls it: ZSTD, else LZ4."""
    is_zstd = method.upper() == "ZSTD"
    out = bytearray()
    for start in range(0, len(plain), _FRAME_BYTES):
        part = plain[start : start + _FRAME_BYTES]
        packed: bytes = _zstd(part) if is_zstd else _block.compress(part, store_size=False)
        frame = _HEADER.pack(_ZSTD if is_zstd else _LZ4, len(packed) + _HEADER.size, len(part)) + packed
        out += checksum(frame) + frame
    return bytes(out)


def checksum(frame: bytes) -> bytes:
    """The sixteen bytes before a frame: its CityHash128 (version 1.0.2), high half first."""
    number: int = _hash(frame)
    return struct.pack("<QQ", number >> _HALF, number & (2**_HALF - 1))


def decoded(body: bytes, encoding: str, limit: int) -> bytes:
    """`body` without its content encoding, never more than `limit` bytes of it.

    Raises:
        BodyError: 413 too large once unpacked, 415 unknown encoding, 400 damaged.
    """
    name = encoding.strip().lower()
    if name == "lz4":
        return _unpacked_lz4(body, limit)
    if name not in ENCODINGS and name not in _OTHER_NAMES:
        message = f"content encoding {name!r} is not understood: use lz4, {', '.join(ENCODINGS)}"
        raise BodyError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported", message)
    return unpacked(body, name, limit)


def _unpacked_lz4(body: bytes, limit: int) -> bytes:
    """Each frame must be whole, as half of a block may look like rows."""
    try:
        return joined(
            body,
            limit,
            SLICE,
            _frame.LZ4FrameDecompressor,
            lambda one, part, most: one.decompress(part, max_length=most),
        )
    except RuntimeError as error:
        raise malformed(f"the body is not valid lz4: {error}") from error


def encoded(body: bytes, accepted: str) -> tuple[bytes, str]:
    """`body` in the best encoding that `accepted` (an Accept-Encoding header) names, and that encoding's name."""
    names = {name.partition(";")[0].strip().lower() for name in accepted.split(",")}
    for name, pack in _PACKERS.items():
        if name in names:
            return pack(body), name
    return body, ""


def _opened(method: int, data: bytes, size: int) -> bytes:
    try:
        if method == _LZ4:
            plain: bytes = _block.decompress(data, uncompressed_size=size)
        elif method == _ZSTD:
            plain = zstandard.ZstdDecompressor().decompress(data, max_output_size=size)
        elif method == _NONE:
            plain = data
        else:
            raise malformed(f"compressed frames of method {method:#x} are not understood: use LZ4 or ZSTD")
    except (_block.LZ4BlockError, zstandard.ZstdError, ValueError) as error:
        raise malformed(f"a compressed frame is damaged: {error}") from error
    if len(plain) != size:
        raise malformed("a compressed frame is damaged: it holds another number of bytes than it says")
    return plain


def _gzip(body: bytes) -> bytes:
    packer = zlib.compressobj(1, wbits=zlib.MAX_WBITS | 16)
    return packer.compress(body) + packer.flush()


def _zstd(body: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=1).compress(body)


def _lz4(body: bytes) -> bytes:
    return _frame.compress(body)


_PACKERS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "zstd": _zstd,
    "lz4": _lz4,
    "gzip": _gzip,
    "deflate": zlib.compress,
}
