"""Estimate: counts that no provider gave, only on request (`SUBMETER_ESTIMATE`) and always marked as such.

A total is estimated of calls whose tokens are those of their texts, in the protocols of OpenAI and Anthropic.
With tiktoken and its data on this machine, by the model's own encoding; else by characters. Nothing is downloaded:
tiktoken would fetch an encoding it has not got, so it is asked only for those in its cache.
"""

from __future__ import annotations

import hashlib
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from submeter import semconv, settings
from submeter.core.guard import attempt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CHARACTERS_PER_TOKEN = 4
"""A rule of thumb for English text in current models' encodings."""

UNKNOWN_MODEL_ENCODING = "cl100k_base"

KINDS = frozenset({semconv.KIND_CHAT, semconv.KIND_TEXT_COMPLETION, semconv.KIND_EMBEDDINGS})
"""Whose tokens are those of their texts: not a picture's, a recording's, or those that a fetched answer took before."""


def estimated(
    kind: str, model: str, counts: Mapping[str, int | None], asked: str, answered: str
) -> tuple[dict[str, int | None], str]:
    """`counts` with missing totals estimated from the texts, and the method; the method is empty if none was missing.

    A provider's own count always stands.
    """
    missing = {name: text for name, text in (("input_tokens", asked), ("output_tokens", answered)) if text}
    missing = {name: text for name, text in missing.items() if counts.get(name) is None}
    if not missing or kind not in KINDS:
        return dict(counts), ""
    method, count = _counter(model)
    return {**counts, **{name: count(text) for name, text in missing.items()}}, method


def _counter(model: str) -> tuple[str, Callable[[str], int]]:
    encoding = attempt(_encoding, model)
    if encoding is None:
        return "characters", lambda text: -(-len(text) // CHARACTERS_PER_TOKEN)
    return f"tiktoken {encoding.name}", lambda text: len(encoding.encode(text, disallowed_special=()))


@cache
def _encoding(model: str) -> Any:
    """The model's encoding, if tiktoken is installed and has it on disk."""
    try:
        import tiktoken  # noqa: PLC0415  # pyright: ignore[reportMissingImports]
        from tiktoken.model import encoding_name_for_model  # noqa: PLC0415  # pyright: ignore[reportMissingImports, reportUnknownVariableType]
    except ImportError:
        return None
    try:
        name = str(encoding_name_for_model(model))  # pyright: ignore[reportUnknownArgumentType]
    except KeyError:
        name = UNKNOWN_MODEL_ENCODING
    return tiktoken.get_encoding(name) if _is_cached(name) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


def _is_cached(name: str) -> bool:
    # Where tiktoken 0.9 to 0.14 keeps an encoding: the folder of `load.py: read_file_cached`, the hash of its address.
    folder = settings.variable("TIKTOKEN_CACHE_DIR") or settings.variable("DATA_GYM_CACHE_DIR")
    base = Path(folder) if folder else Path(tempfile.gettempdir()) / "data-gym-cache"
    address = f"https://openaipublic.blob.core.windows.net/encodings/{name}.tiktoken"
    return (base / hashlib.sha1(address.encode(), usedforsecurity=False).hexdigest()).is_file()
