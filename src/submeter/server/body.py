"""Bodies of OTLP/HTTP requests: unpacked under a size limit, read as protobuf or as OTLP's own JSON.

OTLP's JSON is protobuf's JSON mapping but for one point: trace and span ids are hexadecimal, not base64.
"""

from __future__ import annotations

import base64
import json
import zlib
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, cast

import zstandard
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from google.protobuf.message import DecodeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from submeter.server.signals import Request, Response, Signal

PROTOBUF: Final = "application/x-protobuf"
JSON: Final = "application/json"
ENCODINGS: Final = ("gzip", "zstd", "deflate", "identity")
SLICE: Final = 4096
"""Bytes of a compressed body that are unpacked at a time."""

_ID_FIELDS: Final = frozenset({"traceId", "spanId", "parentSpanId", "trace_id", "span_id", "parent_span_id"})
_GZIP_OR_ZLIB: Final = zlib.MAX_WBITS | 32
_ZSTD_SLICE: Final = 256
_ZSTD_WINDOW: Final = 8 * 2**20
"""Bytes of history a zstd frame may ask for: what RFC 8878 tells decoders to support, and no more."""


class BodyError(Exception):
    """A body that cannot be taken; `status` is the HTTP answer, `kind` the word it is counted under."""

    def __init__(self, status: HTTPStatus, kind: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind


def too_large(limit: int) -> BodyError:
    """The answer to a body of more than `limit` bytes, packed or unpacked."""
    return BodyError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "too_large",
        f"the body is larger than {limit} bytes: send smaller batches (OTEL_BSP_MAX_EXPORT_BATCH_SIZE)",
    )


def malformed(message: str) -> BodyError:
    """The answer to a body that is not what it says it is."""
    return BodyError(HTTPStatus.BAD_REQUEST, "malformed", message)


def unpacked(body: bytes, encoding: str, limit: int) -> bytes:
    """`body` without its content encoding, never more than `limit` bytes of it.

    Raises:
        BodyError: 413 too large once unpacked, 415 unknown encoding, 400 damaged.
    """
    name = encoding.strip().lower() or "identity"
    if name == "identity":
        plain = body
    elif name in {"gzip", "x-gzip", "deflate"}:
        plain = _inflated(body, limit)
    elif name == "zstd":
        plain = _zstd(body, limit)
    else:
        raise BodyError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "unsupported",
            f"content encoding {name!r} is not understood: use {', '.join(ENCODINGS)}",
        )
    if len(plain) > limit:
        raise too_large(limit)
    return plain


def joined(
    body: bytes, limit: int, size: int, opened: Callable[[], Any], fed: Callable[[Any, bytes, int], bytes]
) -> bytes:
    """What the compressed members in `body` hold, one after another, each of which must be whole.

    `opened` makes a member's decompressor, with `eof` and `unused_data`; `fed` feeds it a part, of which no more than
    so many bytes are wanted, and gives what the part holds. Parts have `size` bytes, because what a member leaves is
    copied: of many small members all that follow, each time.

    Raises:
        BodyError: 413 more than `limit` bytes, 400 the last member is cut.
    """
    plain, at = bytearray(), 0
    while at < len(body):
        member = opened()
        while at < len(body) and not member.eof:
            plain += fed(member, body[at : at + size], limit + 1 - len(plain))
            at += size
            if len(plain) > limit:
                raise too_large(limit)
        if not member.eof:
            raise malformed("the compressed body ends too early")
        at = min(at, len(body)) - len(member.unused_data or b"")
    return bytes(plain)


def _inflated(body: bytes, limit: int) -> bytes:
    try:
        return joined(
            body,
            limit,
            SLICE,
            lambda: zlib.decompressobj(_GZIP_OR_ZLIB),
            lambda one, part, most: one.decompress(part, most),
        )
    except zlib.error as error:
        raise malformed(f"the body is not valid gzip or deflate: {error}") from error


def _zstd(body: bytes, limit: int) -> bytes:
    """Fed in small slices, because the decompressor takes no limit: a slice of 256 bytes holds 8 MiB at most."""
    opener = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    try:
        return joined(body, limit, _ZSTD_SLICE, opener.decompressobj, lambda one, part, _: one.decompress(part))
    except zstandard.ZstdError as error:
        raise malformed(f"the body is not valid zstd: {error}") from error


def decoded(signal: Signal, body: bytes, content_type: str) -> Request:
    """The request in an unpacked `body`.

    Raises:
        BodyError: 415 for another content type, 400 for a body that is not what its type says.
    """
    media = content_type.partition(";")[0].strip().lower()
    if media in {PROTOBUF, "application/protobuf"}:
        try:
            return signal.request.FromString(body)
        except DecodeError as error:
            raise malformed(f"the body is not an OTLP {signal.name} request in protobuf: {error}") from error
    if media == JSON:
        return _of_json(signal, body)
    raise BodyError(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "unsupported",
        f"content type {media or 'missing'!r} is not understood: use {PROTOBUF} or {JSON}",
    )


def encoded(answer: Response, content_type: str) -> tuple[bytes, str]:
    """An answer in the format of the request, with its content type."""
    if content_type.partition(";")[0].strip().lower() == JSON:
        return json.dumps(MessageToDict(answer)).encode(), JSON
    return answer.SerializeToString(), PROTOBUF


def _of_json(signal: Signal, body: bytes) -> Request:
    try:
        tree: object = json.loads(body)
        if not isinstance(tree, dict):
            raise malformed("the JSON body is not an object")
        _ids_to_base64(cast("dict[str, Any]", tree))
        return ParseDict(cast("dict[str, Any]", tree), signal.request(), ignore_unknown_fields=True)
    except RecursionError as error:
        raise malformed("the JSON body is nested too deeply") from error
    except (ParseError, ValueError, TypeError, AttributeError) as error:
        first_line = str(error).partition("\n")[0]
        raise malformed(f"the body is not an OTLP {signal.name} request in JSON: {first_line}") from error


def _ids_to_base64(node: Any) -> None:
    """Rewrites hexadecimal ids in place. Attribute names are values of `key`, so no attribute is mistaken for one."""
    if isinstance(node, list):
        for part in cast("list[Any]", node):
            _ids_to_base64(part)
    elif isinstance(node, dict):
        fields = cast("dict[str, Any]", node)
        for name, part in fields.items():
            if name in _ID_FIELDS and isinstance(part, str):
                fields[name] = base64.b64encode(bytes.fromhex(part)).decode("ascii")
            else:
                _ids_to_base64(part)
