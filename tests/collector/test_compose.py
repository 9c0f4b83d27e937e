"""compose.yaml and what it mounts: all of it that runs without containers is run."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from collector.build import BINARY, FOLDER
from tests.collector.running import RunningCollector

if TYPE_CHECKING:
    from pathlib import Path

COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]


def interpolated(value: str) -> str:
    """A value as Compose reads it where none of its variables is set."""
    return re.sub(r"\$\{\w+(?::-([^}]*))?\}", lambda found: found[1] or "", value.replace("$$", "\0")).replace(
        "\0", "$"
    )


def test_every_file_that_is_mounted_or_built_from_is_there() -> None:
    for name, service in SERVICES.items():
        for mount in service.get("volumes", ()):
            source = mount.split(":")[0]
            if source.startswith("."):
                assert (FOLDER / source).exists(), f"{name} mounts {source}"
            else:
                assert source in COMPOSE["volumes"], f"{name} uses the volume {source}"
        if "build" in service:
            assert (FOLDER.parent / service["build"]["dockerfile"]).is_file()


def test_every_port_is_open_to_this_machine_alone() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert published
    assert [port for port in published if not port.startswith("127.0.0.1:")] == []


@pytest.mark.usefixtures("lean")
def test_the_collector_starts_with_what_compose_tells_it(tmp_path: Path) -> None:
    service = SERVICES["collector"]
    mounted = {target: FOLDER / source for source, target, *_ in (row.split(":") for row in service["volumes"])}
    configs = tuple(mounted[word.removeprefix("--config=")] for word in service["command"])
    told = {name: interpolated(value) for name, value in service["environment"].items()}
    listening = ("SUBMETER_COLLECTOR_HEALTH", "SUBMETER_COLLECTOR_METRICS_HOST")
    collector = RunningCollector(tmp_path, configs, {k: v for k, v in told.items() if k not in listening})
    read = set(re.findall(r"\$\{env:(\w+)", "".join(config.read_text() for config in configs)))
    assert {name for name in told if name.startswith("SUBMETER")} <= read, "nothing is set that nobody reads"
    checked = collector.validate()
    assert checked.returncode == 0, checked.stderr
    with collector:
        pass
    assert "deprecated" not in collector.log.read_text().lower()


def test_the_collectors_image_runs_what_is_built() -> None:
    dockerfile = (FOLDER / "compose" / "collector.Dockerfile").read_text()
    assert f"/{BINARY}" in dockerfile
    assert "python3 -m collector.build" in dockerfile


PROMTOOL = shutil.which("promtool")


@pytest.mark.skipif(PROMTOOL is None, reason="no promtool on this machine")
def test_prometheus_accepts_its_configuration() -> None:
    command = [str(PROMTOOL), "check", "config", "--syntax-only", FOLDER / "compose" / "prometheus.yaml"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
