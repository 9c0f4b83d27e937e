"""Bodies whose raw bytes the host passes on, plain and compressed: what it reads is as it came, and it counts."""

from __future__ import annotations

import functools
import gzip
import zlib
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from instrumentation.host import Host, watched
from instrumentation.http_library import httpx2
from instrumentation.openai_dialects import CHAT
from instrumentation.transport import Reply, encoded
from instrumentation.whole import passed_on, passed_on_in_part
from metering import metered, usage_of

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("clean_gc")

MODES = pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
FORMS = pytest.mark.parametrize("is_stream", [False, True], ids=["plain", "stream"])

ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "GZIP": gzip.compress,
    "deflate": zlib.compress,
    "Deflate": lambda data: zlib.compress(data)[2:-4],  # without head and tail, as some servers send it
}
if httpx2.__name__ == "httpx2":  # httpx before it gives all that becomes of a piece at once, and is not asked for these
    ENCODINGS.update(
        {
            "gzip, identity": gzip.compress,
            "gzip, deflate": lambda data: zlib.compress(gzip.compress(data)),
            "unheard-of": bytes,
            "identity": bytes,
        }
    )
    for _module in filter(find_spec, ("backports", "compression")):
        ENCODINGS["zstd"] = import_module(f"{_module}.zstd").compress


@MODES
@FORMS
@pytest.mark.parametrize("encoding", ["", *ENCODINGS])
def test_a_body_whose_raw_bytes_the_host_passes_on_counts(encoding: str, is_stream: bool, is_async: bool) -> None:
    reply = CHAT.stream() if is_stream else CHAT.document()
    reply = encoded(reply, encoding, ENCODINGS[encoding]) if encoding else reply
    play = functools.partial(passed_on, **({"stream": True} if is_stream else {}))
    bare = watched(play, Host(CHAT, [reply], is_async=is_async))
    with metered() as metering:
        assert watched(play, Host(CHAT, [reply], is_async=is_async)) == bare
        (span,) = metering.ended()
        assert usage_of(span) == CHAT.truth
        assert not (span.attributes or {}).keys() & {"submeter.usage.partial", "error.type"}


@MODES
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_damaged_body_is_passed_on_as_it_came(encoding: str, is_async: bool) -> None:
    whole = ENCODINGS[encoding](CHAT.document().whole)
    for body in (whole[:20] + bytes(8) + whole[28:], whole[:-9], b"no such thing", b""):
        reply = Reply([body], headers={"content-type": "application/json", "content-encoding": encoding})
        bare = watched(passed_on, Host(CHAT, [reply], is_async=is_async))
        with metered() as metering:
            assert watched(passed_on, Host(CHAT, [reply], is_async=is_async)) == bare
            assert len(metering.ended()) == 1


@MODES
def test_a_compressed_stream_that_the_host_leaves_ends_with_what_was_said(is_async: bool) -> None:
    reply = encoded(CHAT.stream(), "gzip", gzip.compress)
    play = functools.partial(passed_on_in_part, count=len(reply.pieces) - 4)
    bare = watched(play, Host(CHAT, [reply], is_async=is_async))
    with metered() as metering:
        assert watched(play, Host(CHAT, [reply], is_async=is_async)) == bare
        (span,) = metering.ended()
        attributes = span.attributes or {}
        assert attributes["gen_ai.response.model"] == CHAT.answer["model"]
        assert attributes["submeter.usage.partial"] is True
