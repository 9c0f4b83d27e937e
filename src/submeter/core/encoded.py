"""Encoded: reads a compressed body whose raw bytes the host passes on, so that it counts as a decoded one does.

The decoders are the HTTP library's own, made anew for this, and what they give is bounded: nobody else decodes the
body, so a small one that becomes a huge one must cost the host neither memory nor time.
"""

from __future__ import annotations

import sys
from inspect import isgeneratorfunction
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from submeter.core.body import Reader

MOST_TIMES = 100
"""How many times its size a body may become, beyond `AT_LEAST`; text of models becomes ten to thirty times its size."""

AT_LEAST = 8 * 1024 * 1024
"""Bytes that any body may become."""

_AT_ONCE = 512
"""Bytes that are decoded at once: half a megabyte at most comes of them, where a decoder gives all of it at once."""

_BOUNDED = frozenset({"gzip", "deflate"})
"""Encodings of which no more than a thousand times their size comes; of brotli and zstandard anything may come."""


class EncodedReader:
    """Decodes what passes for `reader`, in whose place it is told of the body.

    Args:
        reader: what reads the decoded bytes.
        decoder: the HTTP library's decoder, fresh.
    """

    def __init__(self, reader: Reader, decoder: Any) -> None:
        self.call = reader.call
        self._reader = reader
        self._decoder = decoder
        # A body that cannot be decoded is the provider's doing, and for who decodes it to find.
        self._broken: type[Exception] = sys.modules[decoder.__class__.__module__].__dict__["DecodingError"]
        self._taken = self._made = 0
        self._is_over = False

    def feed(self, data: bytes) -> None:
        """Takes the next bytes as they came."""
        self._taken += len(data)
        for start in range(0, len(data), _AT_ONCE):
            if not self._is_over:
                self._take(self._decoder.decode, data[start : start + _AT_ONCE])

    def _take(self, decode: Any, *data: bytes) -> None:
        try:
            made = decode(*data)
            for piece in (made,) if isinstance(made, bytes) else made:
                self._made += len(piece)
                if self._made > AT_LEAST + MOST_TIMES * self._taken:
                    self._is_over = True
                    return
                self._reader.feed(piece)
        except self._broken:
            self._is_over = True

    def end(self, error: BaseException | None = None) -> None:
        """The body ended: by itself, or by an error."""
        if error is None and not self._is_over:
            self._take(self._decoder.flush)
        self._reader.end(error)

    def drop(self) -> None:
        """The host stopped reading."""
        self._reader.drop()


def decoding(reader: Reader, response: Any) -> EncodedReader | None:
    """What reads the raw bytes of `response`, `None` where its encoding cannot be read within bounds."""
    kind: Any = response.__class__
    # The response keeps a decoder that it has made, which the host may yet use: this one is a stand-in's.
    decoder: Any = kind._get_content_decoder(SimpleNamespace(headers=response.headers))  # noqa: SLF001
    # httpx2 gives a piece at a time; httpx gives all that becomes of what it was given.
    is_bounded = isgeneratorfunction(decoder.decode) or response.headers["content-encoding"].lower() in _BOUNDED
    return EncodedReader(reader, decoder) if is_bounded else None
