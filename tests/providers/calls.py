"""Calls: a few of every SDK's matrix, for what must be true of all SDKs alike."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import pytest
from tools.provider_matrix import tests_of

from providers.matrix import CASES, Case
from submeter.instrumentation import PROVIDERS

if TYPE_CHECKING:
    from providers.play import Play


_LITELLM = [
    # What litellm and its HTTP libraries leave to the collector is theirs.
    pytest.mark.filterwarnings(f"ignore::{kind}Warning")
    for kind in ("Resource", "Deprecation", "User", "Runtime")
]
EVERY_SDK = [pytest.param(package, marks=_LITELLM if package == "litellm" else []) for package in PROVIDERS]
"""The import names of all SDKs, as parameters of a test that makes calls."""


def calls(package: str) -> list[tuple[Play, str, Case]]:
    """An SDK's first call with a whole answer and its first with a stream, synchronous and asynchronous."""
    pytest.importorskip(package)
    plays = _plays(package)
    chosen: list[tuple[Play, str, Case]] = []
    for name in ("whole", "stream"):
        for mode in ("sync", "async"):
            able = (play for play in plays if mode in play.modes and getattr(play, name) is not None)
            chosen.extend((play, mode, CASES[name]) for play in [next(able, None)] if play is not None)
    assert chosen
    return chosen


def _plays(package: str) -> list[Play]:
    if package in {"anthropic", "openai"}:
        clouds = importlib.import_module("providers.test_cloud_clients")
        if package == "openai":
            return [clouds.of_openai("openai", "openai", "OpenAI", api_key="k", base_url="@/v1")]
        return [clouds.of_anthropic("anthropic", "anthropic", "Anthropic", api_key="k", base_url="@")]
    matrix = importlib.import_module(f"providers.{tests_of(package)[0].stem}").test_matrix
    (mark,) = (mark for mark in matrix.pytestmark if mark.name == "parametrize")
    return [parameter.values[0] for parameter in mark.args[1]]
