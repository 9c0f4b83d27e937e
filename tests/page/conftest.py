"""A real browser on real servers: one with sample data, one with nothing in it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from tests.page.visit import Visitor
from tests.server.running import RunningServer, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
WHY = "no Chromium here: the page is NOT tested (apt-get install chromium, or put chromium on the PATH)"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Its event loop runs in the main thread as long as it lives, so no test of another module may find it there."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip(WHY)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("page") / "data") as running:
        assert running.post("/page/sample", b"").status == 201
        eventually(lambda: running.get("/page/state").json["warnings"] > 0, "warnings of the sample data")
        yield running


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[RunningServer]:
    """A server with nothing in it. Ask for it before `visitor`: the page must be closed before its server."""
    with RunningServer(tmp_path / "data") as running:
        yield running


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[RunningServer]:
    """A server with a token, to be asked for before `visitor`."""
    with RunningServer(tmp_path / "data", (), {"SUBMETER_TOKEN": "s3cret"}) as running:
        yield running


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[RunningServer]:
    """A server that takes fewer questions at once than a dashboard has panels, to be asked for before `visitor`."""
    with RunningServer(tmp_path / "data", ("--max-questions", "2")) as running:
        assert running.post("/page/sample", b"").status == 201
        yield running


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Visitor]:
    """A fresh profile; what the console says is an error."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, color_scheme="light")
    visiting = Visitor(context.new_page())
    yield visiting
    context.close()
    assert visiting.complaints == []
