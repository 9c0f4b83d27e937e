"""Every test starts from the built-in table alone, as a fresh process would."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from submeter import catalog

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(autouse=True)
def fresh(fresh_catalog: None) -> None:
    """Every test here reads the price table anew."""


@pytest.fixture
def prices_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Makes `SUBMETER_PRICES` name a file with the text given."""

    def write(text: str) -> Path:
        path = tmp_path / "prices.toml"
        path.write_text(text, encoding="utf-8")
        monkeypatch.setenv("SUBMETER_PRICES", str(path))
        catalog.reload()
        return path

    return write
