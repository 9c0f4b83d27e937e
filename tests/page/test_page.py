"""The page in Chromium: every dashboard, numbers as the store has them, drilling down, variables, small windows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.server.telemetry import add_call, traces

if TYPE_CHECKING:
    from tests.page.visit import Visitor
    from tests.server.running import RunningServer

BOARDS = ("overview", "cost", "sessions", "users", "warnings", "models", "pipeline")
SCALES = {"K": 1e3, "M": 1e6, "B": 1e9}

_CUT = """() => [...document.querySelectorAll('.panel h2')]
    .filter((title) => title.scrollWidth > title.clientWidth)
    .map((title) => title.innerText)"""
"""The titles that do not fit into their panels."""


def number(text: str) -> float:
    """What a number made for people stands for."""
    found = re.fullmatch(r"(?:< )?\$?([\d,.]+)\s*([KMB%]?)", text.strip())
    assert found, text
    return float(found[1].replace(",", "")) * SCALES.get(found[2], 1)


@pytest.mark.parametrize("name", BOARDS)
def test_every_panel_of_every_dashboard_shows_something(visitor: Visitor, filled: RunningServer, name: str) -> None:
    visitor.open(f"{filled.url}/d/submeter-{name}")
    visitor.see_all()
    bodies = visitor.page.locator(".panel .body")
    for index in range(bodies.count()):
        body = bodies.nth(index)
        assert body.inner_text().strip() or body.locator("canvas, svg").count(), index
    assert visitor.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_numbers_are_the_stores(visitor: Visitor, filled: RunningServer) -> None:
    visitor.open(f"{filled.url}/")
    totals = filled.ask("summary?since=7d")["totals"]
    for title, field in (
        ("Calls", "calls"),
        ("Input tokens", "input_tokens"),
        ("Cost", "cost_usd"),
        ("Sessions", "sessions"),
    ):
        assert number(visitor.stat(title)) == pytest.approx(totals[field], rel=0.006), title
    assert number(visitor.stat("Unpriced calls")) == totals["unpriced_calls"]
    assert number(visitor.stat("Error rate")) == pytest.approx(100 * totals["errors"] / totals["calls"], abs=0.06)
    rows = visitor.panel("Models by cost").locator("li")
    usage = [row for row in filled.ask("usage?by=model&since=7d")["usage"] if row["cost_usd"]]
    for index, row in enumerate(usage[: rows.count()]):
        assert rows.nth(index).locator(".bar-name").inner_text() == row["key"]
        assert number(rows.nth(index).locator(".bar-value").inner_text()) == pytest.approx(row["cost_usd"], rel=0.006)


def open_the_busiest_session(visitor: Visitor, filled: RunningServer) -> str:
    """From the overview by clicking; the session's id."""
    visitor.open(f"{filled.url}/d/submeter-overview")
    visitor.page.locator("nav a", has_text="Sessions").click()
    visitor.page.wait_for_selector('.panel[data-title="All sessions"] tbody a')
    visitor.panel("All sessions").locator("thead button", has_text="Calls").click()
    link = visitor.panel("All sessions").locator("tbody a").first
    name = link.inner_text()
    link.click()
    visitor.page.wait_for_selector('.panel[data-title="Turn by turn"] tbody a')
    visitor.settle()
    return name


def test_from_a_session_to_a_turn_to_a_call_by_clicking(visitor: Visitor, filled: RunningServer) -> None:
    page = visitor.page
    name = open_the_busiest_session(visitor, filled)
    detail = filled.ask(f"sessions/{name}")
    assert page.locator("#var-session").input_value() == name
    assert number(visitor.stat("Calls")) == detail["session"]["calls"]
    assert number(visitor.stat("Cost")) == pytest.approx(detail["session"]["cost_usd"], rel=0.006)
    visitor.panel("Turn by turn").locator("tbody a").first.click()
    visitor.until(lambda: "var-trace" in page.url, "the address names the turn")
    visitor.settle()
    trace = parse_qs(urlsplit(page.url).query)["var-trace"][0]
    visitor.until(lambda: visitor.panel("Trace").locator("code").inner_text() == trace, "the turn's spans")
    visitor.panel("Trace").locator("button.span", has_text="chat").first.click()
    page.wait_for_selector("#drawer .facts")
    text = page.locator("#drawer").inner_text()
    assert name in text
    assert "Attributes" in text
    address = page.url
    assert "call=" in address
    page.keyboard.press("Escape")
    visitor.until(lambda: "call=" not in page.url, "the address forgets the call")
    page.go_back()
    page.go_back()
    page.wait_for_selector('.panel[data-title="All sessions"] tbody a')
    page.goto(address)
    page.wait_for_selector("#drawer[open] .facts")


def test_a_call_shows_its_tokens_price_and_messages(visitor: Visitor, filled: RunningServer) -> None:
    page = visitor.page
    visitor.open(f"{filled.url}/d/submeter-models")
    visitor.panel("Slowest calls").scroll_into_view_if_needed()
    visitor.settle()
    visitor.panel("Slowest calls").locator("tbody button").first.click()
    page.wait_for_selector("#drawer .facts")
    text = page.locator("#drawer").inner_text()
    for said in ("Tokens", "Cost", "Messages", "Measured by", "gen_ai.request.model"):
        assert said in text
    call = parse_qs(urlsplit(page.url).query)["call"][0].split(":")
    known = filled.get(f"/page/calls/{call[0]}/{call[1]}").json
    assert f"{known['call']['output_tokens']:,}" in text
    if known["price"]:
        assert known["price"]["version"] in text


def test_a_variable_narrows_every_panel_and_stays_in_the_address(visitor: Visitor, filled: RunningServer) -> None:
    page = visitor.page
    visitor.open(f"{filled.url}/d/submeter-overview")
    page.locator('summary[data-variable="service"]').click()
    page.locator(".options label", has_text="demo-review").click()
    page.keyboard.press("Escape")
    wanted = filled.ask("summary?since=7d&service=demo-review")["totals"]["calls"]
    visitor.until(lambda: number(visitor.stat("Calls")) == pytest.approx(wanted, rel=0.006), "the calls of one service")
    assert "var-service=demo-review" in page.url
    page.locator("nav a", has_text="Cost").click()
    page.wait_for_selector('.panel[data-title="Cost by service and model"]')
    visitor.see_all()
    names = visitor.panel("Cost by service and model").locator("tbody td:first-child").all_inner_texts()
    assert set(names) == {"demo-review"}
    visitor.open(page.url)
    assert page.locator('summary[data-variable="service"]').inner_text().endswith("demo-review")


def test_a_value_that_is_markup_or_sql_is_only_text(visitor: Visitor, filled: RunningServer) -> None:
    odd = "<img src=x onerror=alert(1)>' OR 1=1 --"
    request, spans = traces()
    add_call(spans, odd, {"user.id": "<b>bold</b>"})
    assert filled.send("traces", request).status == 200
    visitor.open(f"{filled.url}/d/submeter-sessions?var-session=onerror")
    cell = visitor.panel("All sessions").locator("tbody a").first
    assert cell.inner_text() == odd
    cell.click()
    visitor.page.wait_for_selector('.panel[data-title="Turn by turn"] tbody a')
    assert visitor.page.locator("#var-session").input_value() == odd
    assert visitor.page.locator("main img, main b:has-text('bold')").count() == 0


@pytest.mark.parametrize("width", [390, 820, 1280])
def test_a_small_window_holds_everything(visitor: Visitor, filled: RunningServer, width: int) -> None:
    visitor.page.set_viewport_size({"width": width, "height": 844})
    for name in ("overview", "session"):
        visitor.open(f"{filled.url}/d/submeter-{name}")
        assert visitor.page.evaluate("document.documentElement.scrollWidth") <= width
        assert visitor.page.evaluate(_CUT) == []


def test_the_keyboard_reaches_what_the_mouse_does(visitor: Visitor, filled: RunningServer) -> None:
    page = visitor.page
    visitor.open(f"{filled.url}/d/submeter-overview")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.locator('summary[data-variable="model"]').focus()
    page.keyboard.press("Enter")
    visitor.until(lambda: page.evaluate("document.activeElement.type") == "search", "the search has the focus")
    page.keyboard.type("gpt-4o")
    page.keyboard.press("Enter")
    visitor.until(lambda: "var-model=gpt-4o" in page.url, "the typed value is chosen")
    visitor.settle()
    flip = visitor.panel("Cost by model").locator("button.flip")
    flip.focus()
    page.keyboard.press("Enter")
    assert visitor.panel("Cost by model").locator("table tbody tr").count() > 0
    unnamed = page.evaluate(
        "[...document.querySelectorAll('button, a, input, select, [role=img]')].filter((one) => one.offsetParent"
        " && !(one.textContent.trim() || one.getAttribute('aria-label') || one.title || one.labels?.length))"
        ".map((one) => one.outerHTML.slice(0, 200))"
    )
    assert unnamed == []


def test_an_empty_store_says_what_to_do_and_shows_the_first_call_by_itself(
    empty: RunningServer, visitor: Visitor
) -> None:
    page = visitor.page
    page.goto(empty.url)
    page.wait_for_selector("#first:not([hidden])")
    assert page.locator("#first-state").inner_text() == "Waiting for the first span"
    command = f"SUBMETER=1 OTEL_EXPORTER_OTLP_ENDPOINT={empty.url} python app.py"
    assert command in page.locator("#first").inner_text()
    for name in BOARDS[1:]:
        visitor.open(f"{empty.url}/d/submeter-{name}")
    page.goto(empty.url)
    request, spans = traces()
    add_call(spans, "first", tokens=1234)
    assert empty.send("traces", request).status == 200
    page.wait_for_selector("#board:not([hidden]) .panel")
    visitor.settle()
    assert visitor.stat("Calls") == "1"
    add_call(spans, "second", tokens=1)
    assert empty.send("traces", request).status == 200
    visitor.until(lambda: visitor.stat("Calls") == "2", "the second call appears by itself")
    page.locator("#live").click()
    assert page.locator("#live").inner_text() == "Paused"
    visitor.until(lambda: "live=off" in page.url, "the address says so")


def test_a_server_with_a_token_opens_with_it(locked: RunningServer, visitor: Visitor) -> None:
    page = visitor.page
    page.goto(locked.url)
    page.wait_for_selector("#locked:not([hidden])")
    page.locator("#token").fill("s3cret")
    page.keyboard.press("Enter")
    page.wait_for_selector("#first:not([hidden])")
    assert all("401" in complaint for complaint in visitor.complaints)
    visitor.complaints.clear()


def test_a_dashboard_waits_its_turn_where_it_asks_too_much_at_once(slow: RunningServer, visitor: Visitor) -> None:
    visitor.open(slow.url)
    visitor.see_all()
    assert number(visitor.stat("Calls")) > 0
    assert visitor.complaints, "the browser says what was refused at first"
    assert all("429" in complaint for complaint in visitor.complaints)
    visitor.complaints.clear()


def test_dark_and_light_are_chosen_and_remembered(visitor: Visitor, filled: RunningServer) -> None:
    page = visitor.page
    visitor.open(f"{filled.url}/d/submeter-overview")
    grounds = list[str]()
    for _ in range(3):
        grounds.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        page.locator("#theme").click()
    assert grounds[0] == grounds[1] != grounds[2]
    page.locator("#theme").click()
    page.locator("#theme").click()
    visitor.open(f"{filled.url}/d/submeter-cost")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
