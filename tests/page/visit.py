"""A visitor of the page: opens dashboards, waits for their panels, and notes every complaint of the browser."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import ConsoleMessage, Locator, Page

PATIENCE_S = 40.0
# What is in view, or nearly: the rest asks when it is scrolled to.
_UNSETTLED = """() => [...document.querySelectorAll('.panel')]
    .filter((panel) => !['ready', 'error'].includes(panel.dataset.state))
    .filter((panel) => {
        const { top, bottom } = panel.getBoundingClientRect();
        return top < innerHeight && bottom > 0;
    })
    .map((panel) => `${panel.dataset.title}: ${panel.dataset.state}`)"""
_FAILED = "() => [...document.querySelectorAll('.panel[data-state=error]')].map((panel) => panel.innerText)"


class Visitor:
    """One page of the browser."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.set_default_timeout(PATIENCE_S * 1000)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.type}: {message.text}")

    def open(self, url: str) -> None:
        """Opens an address and waits for its panels."""
        self.page.goto(url)
        self.page.wait_for_selector("#board:not([hidden]) .panel")
        self.settle()

    def settle(self) -> None:
        """Waits until every panel in view shows its answer, and none an error."""
        self.until(lambda: not self.page.evaluate(_UNSETTLED), lambda: self.page.evaluate(_UNSETTLED))
        assert self.page.evaluate(_FAILED) == []

    def see_all(self) -> None:
        """Makes the window as tall as the dashboard, so that every panel is in view."""
        tall = int(self.page.evaluate("document.documentElement.scrollHeight"))
        width = (self.page.viewport_size or {"width": 1440})["width"]
        self.page.set_viewport_size({"width": width, "height": min(tall + 40, 8000)})
        self.settle()

    def panel(self, title: str) -> Locator:
        """The panel with this title."""
        return self.page.locator(f'.panel[data-title="{title}"]')

    def stat(self, title: str) -> str:
        """The number that a panel shows."""
        panel = self.panel(title)
        panel.scroll_into_view_if_needed()
        self.settle()
        return panel.locator(".number").inner_text()

    def until(self, condition: Callable[[], Any], what: Callable[[], Any] | str) -> None:
        """Waits for something. The page's policy evaluates no text as a script, so Python asks again and again."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, what if isinstance(what, str) else what()
            self.page.wait_for_timeout(50)  # unlike sleep(), it lets the browser's news in, such as a new address
