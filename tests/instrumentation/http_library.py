"""The HTTP library beneath the SDKs under test: httpx2 from openai 3 and anthropic 2 on, and httpx before."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import openai._base_client

if TYPE_CHECKING:
    import httpx2
else:
    _beneath: Any = vars(openai._base_client)
    httpx2 = _beneath.get("httpx2") or _beneath["httpx"]

__all__ = ["httpx2"]

# openai (3.57) reads what follows a stream's last word for a tenth of a second at most, and then closes the body: on a
# loaded machine, that would be seen earlier in one run than in the other.
if find_spec("openai._streaming_cleanup"):
    vars(import_module("openai._streaming_cleanup"))["_DRAIN_TIMEOUT"] = 60.0
