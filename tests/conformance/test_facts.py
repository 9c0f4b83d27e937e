"""The table of facts is what the conventions' own data says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conformance.facts import AT_START, ENUMS, EVENTS, METRICS, PARTS, PEERS, PROVIDERS, SPANS, TYPES
from submeter import settings

FOLDER = settings.variable("SUBMETER_TEST_SEMCONV")

pytestmark = pytest.mark.skipif(not FOLDER, reason="SUBMETER_TEST_SEMCONV names no folder of the conventions' data")


@pytest.fixture(scope="module")
def resolved() -> dict[str, Any]:
    return json.loads((Path(FOLDER) / "resolved" / "genai-resolved.json").read_text())


def levels(group: dict[str, Any]) -> dict[str, str]:
    return {name: told["level"] for name, told in group["attributes"].items()}


def test_types_of_attributes(resolved: dict[str, Any]) -> None:
    known = {name: told["type"] for name, told in resolved["attributes"].items()}
    core = {
        "error.type",
        "exception.message",
        "exception.stacktrace",
        "exception.type",
        "server.address",
        "server.port",
    }
    assert {name: kind for name, kind in TYPES.items() if known.get(name, "core") != kind} == {
        name: TYPES[name] for name in core if name not in known
    }


def test_values_of_enumerations(resolved: dict[str, Any]) -> None:
    for name, values in ENUMS.items():
        known = set(resolved["attributes"][name]["enum"])
        assert values <= known if name == "gen_ai.operation.name" else values == known, name
    assert set(resolved["attributes"]["gen_ai.provider.name"]["enum"]) == PROVIDERS


@pytest.mark.parametrize("name", SPANS)
def test_spans(resolved: dict[str, Any], name: str) -> None:
    told, facts = resolved["spans"][name], SPANS[name]
    assert told["kind"] == "client"
    assert facts.name in told["name_rule"]
    assert facts.levels == levels(told)
    assert facts.operations == {kind for kind, span in resolved["operation_to_span"].items() if span == name}
    conditional = {one for one, how in told["attributes"].items() if how["level"] == "recommended" and how.get("when")}
    assert facts.when == conditional


def test_attributes_at_the_start_of_a_span(resolved: dict[str, Any]) -> None:
    attributes = resolved["spans"]["gen_ai.client.inference"]["attributes"]
    assert {name for name, told in attributes.items() if told.get("sampling_relevant")} == AT_START


@pytest.mark.parametrize("name", METRICS)
def test_metrics(resolved: dict[str, Any], name: str) -> None:
    told, facts = resolved["metrics"][name], METRICS[name]
    assert (told["instrument"], told["unit"]) == (facts.instrument, facts.unit)
    assert tuple(told.get("explicit_bucket_boundaries") or ()) == facts.boundaries
    assert levels(told) == facts.levels


@pytest.mark.parametrize("name", EVENTS)
def test_events(resolved: dict[str, Any], name: str) -> None:
    assert levels(resolved["events"][name]) == EVENTS[name][2]


def test_parts_of_messages() -> None:
    schema = next(Path(FOLDER).glob("main-*/model/gen-ai/gen-ai-output-messages.json"))
    defined = json.loads(schema.read_text())["$defs"].values()
    known = {
        told["properties"]["type"]["const"]: told
        for told in defined
        if "const" in told.get("properties", {}).get("type", {})
    }
    for kind, required in PARTS.items():
        assert set(known[kind]["required"]) == {"type", *required}


def test_counts_of_the_peers() -> None:
    files = {
        "openai": "openai__opentelemetry-openai",
        "langchain over openai": "openai__opentelemetry-langchain-openai",
        "anthropic": "anthropic__opentelemetry-anthropic",
        "langchain over anthropic": "anthropic__opentelemetry-langchain-anthropic",
        "google-genai": "google-genai__opentelemetry-google-genai",
        "langchain": "langchain__opentelemetry-langchain",
        "botocore": "bedrock__opentelemetry-botocore",
    }
    assert set(files) == set(PEERS)
    for peer, file in files.items():
        told = json.loads((Path(FOLDER) / "conformance" / f"{file}.data.json").read_text())
        counted = {
            "gen_ai.client.inference": len(told["spans"].get("gen_ai.inference.client", [])),
            "gen_ai.embeddings.client": len(told["spans"].get("gen_ai.embeddings.client", [])),
            "details": len(told["events"].get("gen_ai.client.inference.operation.details", [])),
            "duration": len(told["metrics"]["gen_ai.client.operation.duration"]),
        }
        assert {name: count for name, count in counted.items() if count} == PEERS[peer]
