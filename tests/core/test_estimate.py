"""Estimates by tiktoken, where it is installed: by an encoding that is on this machine, and by none that is not."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from submeter import semconv, settings
from submeter.core import estimate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

tiktoken: Any = pytest.importorskip("tiktoken", reason="tiktoken is not installed")
registry: Any = pytest.importorskip("tiktoken.registry")

NAME = "o200k_base"
ADDRESS = f"https://openaipublic.blob.core.windows.net/encodings/{NAME}.tiktoken"
TEXT = "Wo ist Ülm? " * 3
MODEL, OTHER = "gpt-4o-of-this-test", "gpt-4o-of-that-test"
"""Names that nobody else asks for: which encoding a model has is found out once in a process."""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache of encodings, and a real encoding of single bytes under the name of that of gpt-4o."""
    letters = {bytes([byte]): byte for byte in range(256)}
    made = tiktoken.Encoding(name=NAME, pat_str=r".|\s", mergeable_ranks=letters, special_tokens={"<|end|>": 256})
    monkeypatch.setitem(registry.ENCODINGS, NAME, made)
    settings.set_variable("TIKTOKEN_CACHE_DIR", str(tmp_path))
    yield tmp_path
    settings.set_variable("TIKTOKEN_CACHE_DIR", "")


def test_a_text_is_counted_by_the_encoding_of_its_model(cache: Path) -> None:
    (cache / hashlib.sha1(ADDRESS.encode(), usedforsecurity=False).hexdigest()).write_bytes(b"on this machine")
    found, method = estimate.estimated(semconv.KIND_CHAT, MODEL, {"output_tokens": 5}, TEXT, "five tokens, it said")
    assert method == f"tiktoken {NAME}"
    assert found == {"input_tokens": len(TEXT.encode()), "output_tokens": 5}
    assert estimate.estimated(semconv.KIND_CHAT, MODEL, {}, "<|end|>", "")[0] == {"input_tokens": len("<|end|>")}


def test_an_encoding_that_is_not_on_this_machine_is_not_fetched() -> None:
    found, method = estimate.estimated(semconv.KIND_CHAT, OTHER, {}, "x" * 9, "")
    assert (found, method) == ({"input_tokens": 3}, "characters")
