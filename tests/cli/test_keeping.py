"""The commands that move data: demo, export, purge; and those that need none: prices, token."""

from __future__ import annotations

import json
from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest
import yaml
from tests.server.running import RunningServer, submeter_command
from tests.server.telemetry import calls

from submeter.server.options import OptionError
from submeter.server.principal import Principals, hashed

if TYPE_CHECKING:
    from pathlib import Path


def test_made_up_calls_are_stored_exported_and_erased(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path / "data"))
    made = submeter_command("demo", "--days", "1", *data)
    assert made.returncode == 0, made.stderr
    calls = int(made.stdout.split()[0].replace(",", ""))
    file = tmp_path / "calls.jsonl"
    assert submeter_command("export", "--format", "jsonl", "-o", str(file), *data).returncode == 0
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert 0 < len(rows) <= calls
    assert "exists already" in submeter_command("export", "-o", str(file), *data).stderr
    user = next(row["user_id"] for row in rows if row["user_id"])
    unasked = submeter_command("purge", "--user", user, *data)
    assert (unasked.returncode, "--yes" in unasked.stderr) == (1, True)
    with RunningServer(tmp_path / "data"):
        purged = submeter_command("purge", "--user", user, "--yes", "--json", *data)
        assert json.loads(purged.stdout)["rows"]["llm_call_rows"] > 0
        left = submeter_command("sessions", "--user", user, "--json", *data)
        assert json.loads(left.stdout)["sessions"] == []


def test_prices_need_no_store() -> None:
    found = json.loads(submeter_command("prices", "gpt-5-mini", "--json").stdout)
    assert any(model["provider"] == "openai" and model["is_priced"] for model in found["models"])


def test_a_token_is_shown_once_and_kept_as_a_hash() -> None:
    made = submeter_command("token", "grafana", "--service", "shop")
    token = next(word for word in made.stderr.split() if word.startswith("submeter-"))
    (entry,) = yaml.safe_load(made.stdout)
    assert entry == {"name": "grafana", "role": "reader", "hash": hashed(token), "services": ["shop"]}
    assert "reader" in submeter_command("token", "x", "--role", "admin", "--service", "shop").stderr


def test_tokens_are_added_one_after_the_other(tmp_path: Path) -> None:
    file, shown = tmp_path / "tokens.yaml", dict[str, str]()
    for name, role in (("ann", "reader"), ("bo ü: #", "writer"), ("cy", "admin")):
        made = submeter_command("token", name, "--role", role)
        file.write_text((file.read_text() if file.exists() else "") + made.stdout)
        shown[name] = made.stderr.partition("once: ")[2].split()[0]
    for text in (file.read_text(), "tokens:\n" + file.read_text()):
        file.write_text(text)
        principals = Principals(file=file)
        found = [principals.of(f"Bearer {token}") for token in shown.values()]
        roles = [(who.name, who.role) for who in found if who]
        assert roles == [
            ("ann", "reader"),
            ("bo ü: #", "writer"),
            ("cy", "admin"),
        ]
    file.write_text(file.read_text() + "tokens:\n" + submeter_command("token", "dee").stdout)
    with pytest.raises(OptionError, match="more than once"):
        Principals(file=file)
    assert "1 to 100" in submeter_command("token", "").stderr


def test_limits_need_a_server(tmp_path: Path) -> None:
    refused = submeter_command("limits", "--data", str(tmp_path))
    assert (refused.returncode, "submeter up" in refused.stderr) == (1, True)


@pytest.mark.parametrize("is_running", [True, False])
def test_a_store_is_kept_backed_up_restored_and_recomputed(tmp_path: Path, is_running: bool) -> None:
    data, file = ("--data", str(tmp_path / "data")), tmp_path / "file.tar"
    with RunningServer(tmp_path / "data") as server:
        server.send("traces", calls("s-1", 3))
    with RunningServer(tmp_path / "data") if is_running else nullcontext():
        kept = submeter_command("retention", "traces=30", "--json", *data)
        assert json.loads(kept.stdout)["traces"] == 30, kept.stderr
        told = submeter_command("prices", "recompute", "--since", "2d", "--dry-run", "--json", *data)
        assert json.loads(told.stdout)["dry_run"], told.stderr
        for since, calls_changed in (("10s", 0), ("2d", 3), ("2d", 0)):
            done = submeter_command("prices", "recompute", "--since", since, "--json", *data)
            assert json.loads(done.stdout)["calls"] == calls_changed, done.stderr
        made = submeter_command("backup", str(file), *data)
        assert made.returncode == 0, made.stderr
    restored = submeter_command("restore", str(file), "--data", str(tmp_path / "again"))
    assert ": 3 calls" in restored.stdout, restored.stderr
    refused = submeter_command("restore", str(file), *data)
    assert (refused.returncode, "has a store already" in refused.stderr) == (1, True)


@pytest.mark.parametrize("change", ["traces", "traces=x", "nothing=3"])
def test_a_retention_that_is_none_names_the_form(tmp_path: Path, change: str) -> None:
    refused = submeter_command("retention", change, "--data", str(tmp_path))
    assert (refused.returncode, "KIND=DAYS" in refused.stderr) == (2, True)


def test_the_schema_is_printed_for_a_server_and_for_a_cluster() -> None:
    plain = submeter_command("schema").stdout
    assert plain.count("CREATE ") == plain.count(";\n")
    assert "ON CLUSTER 'prod'" in submeter_command("schema", "--cluster", "prod").stdout
    assert "no cluster can be called" in submeter_command("schema", "--cluster", "a'b").stderr
    fills = submeter_command("schema", "--fill").stdout
    assert (fills.count("INSERT INTO otel.llm_session_traces"), "{" in fills) == (1, False)


def test_orders_that_the_store_would_refuse_are_told_in_one_line(tmp_path: Path) -> None:
    assert submeter_command("demo", "--days", "1", "--data", str(tmp_path / "data")).returncode == 0
    data = ("--data", str(tmp_path / "data"))
    for code, command, word in (
        (2, ("retention", "traces=99999999999"), "traces=0 for good"),
        (2, ("purge", "--user", "x" * 16_385, "--dry-run"), "16384 letters"),
        (1, ("restore", str(tmp_path / "none.tar")), "`submeter backup` wrote"),
        (1, ("restore", __file__, "--data", str(tmp_path / "again")), "`submeter backup` wrote, whole?"),
    ):
        place = () if "--data" in command else data
        refused = submeter_command(*command, *place)
        assert (refused.returncode, refused.stdout) == (code, "")
        assert refused.stderr.count("\n") == 1, refused.stderr
        assert word in refused.stderr


def test_made_up_calls_are_counted_as_the_store_counts_them(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path / "data"))
    said = submeter_command("demo", "--days", "2", *data).stdout
    stored = json.loads(submeter_command("summary", "--json", *data).stdout)["totals"]["calls"]
    assert said.startswith(f"{stored:,} made-up calls")
