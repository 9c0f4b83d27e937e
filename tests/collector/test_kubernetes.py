"""The files for Kubernetes: what the gateway is told there is what its configuration asks for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from collector.build import FOLDER
from tests.collector.gateway import variables
from tests.collector.running import NORMALISE, RunningCollector

if TYPE_CHECKING:
    from pathlib import Path

KUBERNETES = FOLDER / "kubernetes"
GATEWAY_FILE = (KUBERNETES / "collector.yaml").read_text()
STATEFUL: dict[str, Any] = next(made for made in yaml.safe_load_all(GATEWAY_FILE) if made["kind"] == "StatefulSet")
POD: dict[str, Any] = STATEFUL["spec"]["template"]["spec"]
CONTAINER: dict[str, Any] = POD["containers"][0]
CONFIG = (FOLDER / "gateway.yaml").read_text() + NORMALISE.read_text()
OF_SECRETS = set(re.findall(r"--from-literal=(\w+)=", GATEWAY_FILE))
OF_FILES = {"SUBMETER_TOKENS_FILE", "SUBMETER_TLS_CERT", "SUBMETER_TLS_KEY"}


def test_the_gateway_is_told_all_that_it_asks_for_and_nothing_else() -> None:
    told = {entry["name"] for entry in CONTAINER["env"]} | OF_SECRETS
    asked = set(re.findall(r"\$\{env:(\w+)", CONFIG))
    needed = set(re.findall(r"\$\{env:(\w+)\}", CONFIG))
    assert needed <= told
    assert {name for name in told if name.startswith("SUBMETER")} <= asked


def test_every_mount_has_its_volume_and_every_file_its_mount() -> None:
    volumes = {volume["name"] for volume in POD["volumes"]}
    volumes |= {claim["metadata"]["name"] for claim in STATEFUL["spec"]["volumeClaimTemplates"]}
    mounts = {mount["name"]: mount["mountPath"] for mount in CONTAINER["volumeMounts"]}
    assert mounts.keys() == volumes
    files = [entry["value"] for entry in CONTAINER["env"] if entry["name"] in OF_FILES]
    files += [word.partition("=")[2] for word in CONTAINER["args"]]
    for file in files:
        assert file.rpartition("/")[0] in mounts.values(), file


@pytest.mark.usefixtures("lean")
def test_the_collector_starts_with_what_kubernetes_tells_it(tmp_path: Path) -> None:
    """With its own ports and files in place of the pod's."""
    ours = variables(tmp_path)
    told = {entry["name"]: entry["value"] for entry in CONTAINER["env"]} | dict.fromkeys(OF_SECRETS, "x" * 32)
    elsewhere = OF_FILES | {"SUBMETER_COLLECTOR_HEALTH", "SUBMETER_COLLECTOR_METRICS_HOST"}
    told = {name: value for name, value in told.items() if name not in elsewhere}
    told |= {name: ours[name] for name in OF_FILES}
    configs = (FOLDER / "gateway.yaml", NORMALISE)
    with RunningCollector(tmp_path / "run", configs, told, trusted=tmp_path / "shown.pem") as collector:
        pass
    assert "deprecated" not in collector.log.read_text().lower()


def test_the_operators_injection_switches_submeter_on_and_names_the_gateway() -> None:
    made = yaml.safe_load((KUBERNETES / "instrumentation.yaml").read_text())
    python = made["spec"]["python"]
    names = {entry["name"]: entry.get("value") for entry in python["env"]}
    service = next(made for made in yaml.safe_load_all(GATEWAY_FILE) if made["kind"] == "Service")
    host = f"{service['metadata']['name']}.{service['metadata']['namespace']}"
    ports = {port["name"]: port["port"] for port in service["spec"]["ports"]}
    assert names["SUBMETER"] == "1"
    assert made["spec"]["exporter"]["endpoint"] == f"https://{host}:{ports['otlp-http']}"
