"""docs/coverage.md says what is so: of the newest releases all of it, of older ones how many methods they have."""

from __future__ import annotations

import pytest

from coverage_page import FILE, SDKS, SECTIONS, inside, release, start
from instrumentation import releases
from submeter import settings

AGAIN = "run `make coverage-page`"


@pytest.fixture(autouse=True)
def untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts back what the page's writer sets."""
    monkeypatch.setattr(settings, "set_variable", monkeypatch.setenv)


@pytest.mark.parametrize("name", SECTIONS)
def test_the_page_is_true(name: str) -> None:
    if releases.ARE_OLD and name != "releases":
        pytest.skip("the page is about the newest releases")
    text = FILE.read_text(encoding="utf-8")
    assert start(name) in text
    assert inside(text, name) == SECTIONS[name](inside(text, name)), AGAIN


@pytest.mark.parametrize("sdk", SDKS)
def test_the_installed_release_is_on_the_page(sdk: str) -> None:
    assert f"| {release(sdk)[0]} |" in FILE.read_text(encoding="utf-8"), AGAIN
