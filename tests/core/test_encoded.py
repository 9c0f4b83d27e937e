"""Compressed bodies that would become huge: what is decoded for the count is bounded, whatever the decoder gives."""

from __future__ import annotations

import tracemalloc
import zlib
from importlib import import_module
from typing import Any, cast

import httpx2
import pytest

from submeter.core.encoded import AT_LEAST, MOST_TIMES, EncodedReader, decoding

MILLION = 1_000_000


class DecodingError(Exception):
    """As the HTTP library has one, beside its decoders."""


class AtOnce:
    """A decoder as httpx (0.28) has it: it gives all that becomes of what it is given."""

    def __init__(self) -> None:
        self._decoder = zlib.decompressobj(zlib.MAX_WBITS | 16)

    def decode(self, data: bytes) -> bytes:
        try:
            return self._decoder.decompress(data)
        except zlib.error as error:
            raise DecodingError(str(error)) from error

    def flush(self) -> bytes:
        return self._decoder.flush()


class Reading:
    """What a reader is told."""

    def __init__(self) -> None:
        self.call = self
        self.told = self.largest = 0
        self.ends: list[object] = []

    def feed(self, data: bytes) -> None:
        self.told += len(data)
        self.largest = max(self.largest, len(data))

    def end(self, error: BaseException | None = None) -> None:
        self.ends.append(error)


class Response(httpx2.Response):
    """A response whose class has decoders as httpx has them."""

    def _get_content_decoder(self) -> Any:
        return AtOnce()


def inflating(encoding: str, size: int) -> bytes:
    """A small body that becomes one of `size` bytes."""
    if encoding == "zstd":
        return cast("bytes", zstandard().compress(bytes(size)))
    maker = zlib.compressobj(9, wbits=zlib.MAX_WBITS | 16)
    return b"".join(maker.compress(bytes(MILLION)) for _ in range(size // MILLION)) + maker.flush()


def zstandard() -> Any:
    try:
        return import_module("compression.zstd")
    except ImportError:
        return pytest.importorskip("backports.zstd")


@pytest.mark.parametrize(
    ("kind", "encoding"), [(httpx2.Response, "gzip"), (Response, "gzip"), (httpx2.Response, "zstd")]
)
def test_a_small_body_that_becomes_a_huge_one_is_decoded_no_further_than_that(kind: Any, encoding: str) -> None:
    body = inflating(encoding, 200 * MILLION)
    reader = Reading()
    encoded = decoding(cast("Any", reader), kind(200, headers={"content-encoding": encoding}))
    assert encoded is not None
    tracemalloc.start()
    for start in range(0, len(body), 65_536):
        encoded.feed(body[start : start + 65_536])
    encoded.end()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert AT_LEAST / 2 < reader.told <= AT_LEAST + MOST_TIMES * len(body) < 100 * MILLION
    assert reader.largest <= 2**20
    assert peak < 8 * 2**20
    assert reader.ends == [None]


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip"])
def test_what_a_decoder_gives_at_once_without_a_bound_is_not_read(encoding: str) -> None:
    assert decoding(cast("Any", Reading()), Response(200, headers={"content-encoding": encoding})) is None


def test_an_ordinary_body_is_read_to_its_end_with_a_decoder_of_its_own() -> None:
    text = "".join(f"{number} words, " for number in range(1_000_000)).encode()
    assert len(text) > AT_LEAST
    maker = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    body = maker.compress(text) + maker.flush()
    for kind in (httpx2.Response, Response):
        reader = Reading()
        response = kind(200, headers={"content-encoding": "gzip"}, stream=httpx2.ByteStream(body))
        encoded = decoding(cast("Any", reader), response)
        assert encoded is not None
        encoded.feed(body)
        encoded.end()
        assert reader.told == len(text)
        assert not hasattr(response, "_decoder")


def test_a_body_that_breaks_off_tells_its_error_and_no_more() -> None:
    reader, error = Reading(), ConnectionError("reset")
    encoded = EncodedReader(cast("Any", reader), AtOnce())
    encoded.feed(b"no such thing")
    encoded.feed(b"nor this")
    encoded.end(error)
    assert (reader.told, reader.ends) == (0, [error])
