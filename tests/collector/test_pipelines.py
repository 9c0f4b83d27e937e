"""Every configuration that ships: accepted by the collector itself, started, and free of what is going away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from collector.build import FOLDER
from tests.collector.gateway import AUTHORIZED, STORE, variables
from tests.collector.running import NORMALISE, Destination, RunningCollector, eventually, free_port
from tests.server.telemetry import calls

if TYPE_CHECKING:
    from pathlib import Path

LEAN = {
    "laptop": (FOLDER / "laptop.yaml", NORMALISE),
    "agent": (FOLDER / "agent.yaml",),
    "gateway": (FOLDER / "gateway.yaml", NORMALISE),
}
KAFKA = (*LEAN["gateway"], FOLDER / "kafka.yaml")


def told(folder: Path) -> dict[str, str]:
    """Every variable that a configuration may ask for."""
    known = variables(folder)
    gateway = f"127.0.0.1:{free_port()}"
    return {**known, "SUBMETER_GATEWAY": gateway, "SUBMETER_TLS_CA": known["SUBMETER_TLS_CERT"]}


@pytest.mark.usefixtures("lean")
@pytest.mark.parametrize("name", LEAN)
def test_a_configuration_is_accepted_starts_and_uses_nothing_deprecated(name: str, tmp_path: Path) -> None:
    collector = RunningCollector(tmp_path / "run", LEAN[name], told(tmp_path))
    checked = collector.validate()
    assert checked.returncode == 0, checked.stderr
    with collector:
        pass
    assert "deprecated" not in collector.log.read_text().lower()


@pytest.mark.usefixtures("full")
def test_kafka_laid_over_the_gateway_acknowledges_nothing_while_brokers_are_away(tmp_path: Path) -> None:
    known = {**told(tmp_path), "SUBMETER_KAFKA": f"[127.0.0.1:{free_port()}]"}
    collector = RunningCollector(tmp_path / "run", KAFKA, known, "full", trusted=tmp_path / "shown.pem")
    checked = collector.validate()
    assert checked.returncode == 0, checked.stderr
    with collector:
        assert collector.send("traces", calls("s"), **AUTHORIZED) == 503
    assert "deprecated" not in collector.log.read_text().lower()


@pytest.mark.usefixtures("lean")
def test_a_gateway_without_its_secrets_does_not_start_open_to_all(tmp_path: Path) -> None:
    for missing in ("SUBMETER_TOKENS_FILE", "SUBMETER_TLS_CERT", "SUBMETER_PSEUDONYM_KEY"):
        known = told(tmp_path)
        del known[missing]
        checked = RunningCollector(tmp_path / "run", LEAN["gateway"], known).validate()
        assert checked.returncode != 0, f"{missing} is not needed"


@pytest.mark.usefixtures("lean")
def test_an_agent_hands_over_to_a_gateway_that_was_away(tmp_path: Path) -> None:
    with Destination() as store:
        known = {**told(tmp_path), "STORE": store.url}
        (tmp_path / "store.yaml").write_text(STORE)
        gateway = RunningCollector(tmp_path / "gateway", (*LEAN["gateway"], tmp_path / "store.yaml"), known)
        known["SUBMETER_GATEWAY"] = gateway.grpc
        with RunningCollector(tmp_path / "agent", LEAN["agent"], known) as agent:
            for _ in range(10):
                assert agent.send("traces", calls("s", 5)) == 200
            assert store.spans() == []
            with gateway:
                assert gateway.send("traces", calls("s")) != 200, "the gateway speaks TLS only"
                eventually(lambda: len(store.spans()) >= 50, "the agent's spans")
    assert len({span.span_id for span in store.spans()}) == len(store.spans()) == 50
