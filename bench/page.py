"""How soon the page shows a large store: every dashboard in Chromium, by the browser's own clock.

Run: `python bench/page.py [calls] [--folder DIR]` (a million by default, made once per folder). Per dashboard: from
the click to the first panel with data and to all panels in view; then the page's own part, from an answer to its
picture: of the first panel, which must stay under a second, and the longest. Every number of the overview that the REST
interface knows too is compared, and any panel or console error ends the bench.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(1, str(Path(__file__).resolve().parent.parent / "tests"))

from bench.generator import make, period
from playwright.sync_api import sync_playwright
from tests.page.conftest import FLAGS
from tests.page.visit import Visitor
from tests.server.running import RunningServer

from submeter.server.boards import ORDER
from submeter.store import open_store

if TYPE_CHECKING:
    from submeter.store.database import Database

MARKS = """() => performance.getEntriesByType('mark').map((mark) => [mark.name, mark.startTime])"""


def main() -> None:
    """Makes the store where there is none, and prints one line per dashboard."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("calls", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "submeter-bench-page")
    arguments = parser.parse_args()
    folder: Path = arguments.folder / str(arguments.calls)
    if not folder.exists():
        store = open_store(f"chdb://{folder}")
        make(
            cast("Database", store),
            arguments.calls,
            period()[0],
            lambda done: print(f"{done:,} calls made", file=sys.stderr),
        )
        store.close()
    with RunningServer(folder) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
        context = browser.new_context(viewport={"width": 1440, "height": 1000})
        visitor = Visitor(context.new_page())
        sessions = server.ask("sessions?order=calls&limit=1")["sessions"]
        print("| dashboard | panels | first panel, s | all in view, s | answer to picture, ms | longest, ms |")
        print("| --- | ---: | ---: | ---: | ---: | ---: |")
        for name in ORDER:
            session = f"?var-session={sessions[0]['session_id']}" if name == "session" else ""
            visitor.open(f"{server.url}/d/submeter-{name}{session}")
            print(_line(name, cast("list[tuple[str, float]]", visitor.page.evaluate(MARKS))))
        _compared(visitor, server)
        _clicked(visitor, server)
        browser.close()
    if visitor.complaints:
        sys.exit(f"the browser complains: {visitor.complaints}")


def _clicked(visitor: Visitor, server: RunningServer) -> None:
    """From page to page by the links of the menu, and down from the sessions to one of them, a turn and a call."""
    page = visitor.page
    visitor.open(f"{server.url}/d/submeter-overview?live=off")
    for link in page.locator("nav a").all():
        link.click()
        visitor.settle()
        print(f"clicked to {page.title()}: {page.locator('.panel').count()} panels")
    page.locator("nav a", has_text="Sessions").click()
    visitor.settle()
    row = visitor.panel("All sessions").locator("tbody a").first
    session = row.inner_text()
    row.click()
    visitor.until(lambda: "submeter-session" in page.url, "the session's page")
    visitor.settle()
    calls = server.ask(f"sessions/{session}")["session"]["calls"]
    print(f"session {session}: {visitor.stat('Calls')} calls on the page, {calls} over REST")
    visitor.panel("Turn by turn").locator("tbody a").first.click()
    visitor.until(lambda: "var-trace" in page.url, "the address names the turn")
    visitor.settle()
    visitor.panel("Trace").locator("button.span", has_text="chat").first.click()
    page.wait_for_selector("#drawer .facts")
    if session not in page.locator("#drawer").inner_text():
        sys.exit(f"the call that was clicked is not of session {session}")
    print("a turn and a call of it: shown")


def _line(name: str, marks: list[tuple[str, float]]) -> str:
    answered = {mark.removeprefix("answered "): at for mark, at in reversed(marks) if mark.startswith("answered ")}
    painted = {mark.removeprefix("painted "): at for mark, at in reversed(marks) if mark.startswith("painted ")}
    waits = {panel: at - answered[panel] for panel, at in painted.items()}
    first = min(painted, key=lambda panel: painted[panel])
    seconds = [painted[first] / 1000, max(painted.values()) / 1000]
    numbers = f"{seconds[0]:.2f} | {seconds[1]:.2f} | {waits[first]:.0f} | {max(waits.values()):.0f}"
    return f"| {name} | {len(painted)} | {numbers} |"


def _compared(visitor: Visitor, server: RunningServer) -> None:
    """The overview's numbers and those of the REST interface, of the same seven days."""
    visitor.open(f"{server.url}/d/submeter-overview?live=off")
    now = datetime.now(UTC)
    start, end = ((now - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ") for days in (7, 0))
    totals: dict[str, Any] = server.ask(f"summary?start={start}&end={end}")["totals"]
    for title, field in (("Calls", "calls"), ("Sessions", "sessions"), ("Input tokens", "input_tokens")):
        print(f"{title}: {visitor.stat(title)} on the page, {totals[field]:,} over REST")


if __name__ == "__main__":
    main()
