"""Who may speak to a server: this machine under its own names, or whoever shows the token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.server.running import RunningServer, submeter_command
from tests.server.telemetry import calls

if TYPE_CHECKING:
    from pathlib import Path

EVERYWHERE = "0.0.0.0"  # noqa: S104  (what must not be bound without a token)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:4318", "127.0.0.1.evil.example", "", "10.0.0.1"])
@pytest.mark.parametrize("path", ["/", "/api/v1/sessions", "/metrics", "/health"])
def test_a_foreign_host_name_is_turned_away(server: RunningServer, host: str, path: str) -> None:
    answer = server.get(path, Host=host)
    assert answer.status == 421
    assert "localhost" in answer.message


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:1", "LOCALHOST", "[::1]:4318", "127.0.0.2"])
def test_this_machines_own_names_are_welcome(server: RunningServer, host: str) -> None:
    assert server.get("/health", Host=host).status == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
def test_other_sites_pages_may_neither_read_nor_write(server: RunningServer, origin: str) -> None:
    assert server.get("/api/v1/sessions", Origin=origin).status == 403
    assert server.send("traces", calls("x"), Origin=origin).status == 403


def test_the_servers_own_page_may_ask(server: RunningServer) -> None:
    assert server.get("/api/v1/sessions", Origin=server.url).status == 200


def test_with_a_token_only_who_shows_it_may_read_or_write(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data", variables={"SUBMETER_TOKEN": "s3cret"}) as server:
        for wrong in ({}, {"Authorization": "Bearer s3cre"}, {"Authorization": "Basic s3cret"}, {"Authorization": ""}):
            assert server.get("/api/v1/sessions", **wrong).status == 401
            assert server.get("/metrics", **wrong).status == 401
            refused = server.send("traces", calls("x"), **wrong)
            assert refused.status == 401
            assert "OTEL_EXPORTER_OTLP_HEADERS" in refused.message
        right = {"Authorization": "Bearer s3cret"}
        assert server.send("traces", calls("mine"), **right).status == 200
        assert server.get("/api/v1/sessions", **right).json["sessions"][0]["session_id"] == "mine"
        assert server.get("/health").status == 200, "whoever watches the process needs no token"
        assert b"s3cret" not in server.get("/").body
        assert server.get("/health", Host="any.name.example").status == 200


def test_beyond_this_machine_without_a_token_is_refused(tmp_path: Path) -> None:
    refused = submeter_command("up", "--host", EVERYWHERE, "--port", "0", "--data", str(tmp_path))
    assert refused.returncode == 1
    assert "SUBMETER_TOKEN" in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_beyond_this_machine_with_a_token_is_served(tmp_path: Path) -> None:
    arguments = ("--host", EVERYWHERE)
    with RunningServer(tmp_path / "data", arguments, {"SUBMETER_TOKEN": "s3cret"}) as server:
        server.url = server.url.replace(EVERYWHERE, "127.0.0.1")
        assert server.get("/api/v1/sessions").status == 401
        assert server.get("/api/v1/sessions", Authorization="Bearer s3cret").status == 200


def test_the_page_loads_nothing_from_elsewhere(server: RunningServer) -> None:
    page = server.get("/")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for name in ("page.js", "theme.js", "page.css", "icon.svg"):
        file = server.get(f"/web/{name}")
        assert file.status == 200
        assert b"https://" not in file.body
        assert f"/web/{name}".encode() in page.body
    assert b"https://" not in page.body


@pytest.mark.parametrize("name", ["../app.py", "..%2fapp.py", "%2e%2e/app.py", "index.py", "", "."])
def test_only_the_pages_own_files_are_served(server: RunningServer, name: str) -> None:
    assert server.get(f"/web/{name}").status == 404
