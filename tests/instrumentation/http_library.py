"""The HTTP library beneath the SDKs under test: httpx2 from openai 3 and anthropic 2 on, and httpx before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import openai._base_client

if TYPE_CHECKING:
    import httpx2
else:
    _beneath: Any = vars(openai._base_client)
    httpx2 = _beneath.get("httpx2") or _beneath["httpx"]

__all__ = ["httpx2"]
