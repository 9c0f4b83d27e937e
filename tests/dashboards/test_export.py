"""`submeter dashboards export` and "Open in Grafana": whole, loadable, with the store's address in it."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING

import pytest
import yaml
from tests.server.running import RunningServer, submeter_command

from submeter.server.grafana import Source, archive, files, source_of

if TYPE_CHECKING:
    from pathlib import Path

DATASOURCE = "provisioning/datasources/submeter.yaml"


def test_every_file_of_the_bundle_can_be_read_by_grafana() -> None:
    found = dict(files(Source(host="db.example", port=9123, user="o'brien", is_secure=True)))
    assert {name for name in found if name.startswith("submeter-")} >= {
        "submeter-overview.json",
        "submeter-pipeline.json",
    }
    for name, text in found.items():
        if name.endswith(".json"):
            assert json.loads(text)["uid"].startswith("submeter-")
        elif name.endswith(".yaml"):
            assert yaml.safe_load(text)
    (source,) = yaml.safe_load(found[DATASOURCE])["datasources"]
    assert (
        source["jsonData"] | {"host": "db.example", "port": 9123, "username": "o'brien", "secure": True}
        == source["jsonData"]
    )
    assert source["secureJsonData"]["password"] == "${SUBMETER_CLICKHOUSE_PASSWORD}"
    assert not [name for name in found if name.endswith(".in")]


@pytest.mark.parametrize(
    ("url", "port", "expected"),
    [
        ("", 8123, Source(host="here", port=8123)),
        ("chdb:///data", 9000, Source(host="here", port=9000)),
        ("clickhouse://bob:pw@db/otel", None, Source(host="db", port=8123, user="bob")),
        ("clickhouses://db:9440/", None, Source(host="db", port=9440, is_secure=True)),
    ],
)
def test_the_address_is_that_of_the_store(url: str, port: int | None, expected: Source) -> None:
    assert source_of(url, "here", port) == expected


def test_without_an_endpoint_the_bundle_says_what_to_start() -> None:
    assert "--clickhouse-port" in source_of("", "localhost", None).note


def test_the_archive_holds_the_same_files_and_is_the_same_every_time() -> None:
    packed = archive(Source())
    assert packed == archive(Source())
    with zipfile.ZipFile(io.BytesIO(packed)) as opened:
        assert {name.removeprefix("submeter-grafana/") for name in opened.namelist()} == {
            name for name, _ in files(Source())
        }


def test_the_command_writes_a_folder_once_and_an_archive(tmp_path: Path) -> None:
    first = submeter_command("dashboards", "export", str(tmp_path / "out"), "--store", "clickhouse://db.example/")
    assert first.returncode == 0, first.stderr
    assert (tmp_path / "out" / "submeter-overview.json").is_file()
    (source,) = yaml.safe_load((tmp_path / "out" / DATASOURCE).read_text())["datasources"]
    assert source["jsonData"]["host"] == "db.example"
    again = submeter_command("dashboards", "export", str(tmp_path / "out"), "--store", "clickhouse://db.example/")
    assert again.returncode == 1
    assert "--force" in again.stderr
    packed = submeter_command("dashboards", "export", str(tmp_path / "out.zip"), "--store", "clickhouse://db.example/")
    assert packed.returncode == 0, packed.stderr
    assert zipfile.is_zipfile(tmp_path / "out.zip")


def test_the_page_offers_the_bundle_with_this_servers_endpoint(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data") as server:
        answer = server.get("/page/grafana.zip")
        assert answer.status == 200
        with zipfile.ZipFile(io.BytesIO(answer.body)) as opened:
            (source,) = yaml.safe_load(opened.read(f"submeter-grafana/{DATASOURCE}"))["datasources"]
        port = json.loads((tmp_path / "data" / "server.json").read_text())["clickhouse"]
        if port is not None:
            assert source["jsonData"]["port"] == port
        assert source["jsonData"]["host"] == "127.0.0.1"
