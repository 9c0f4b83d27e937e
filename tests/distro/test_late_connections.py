"""Modules of connections are imported when a program first uses them, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import openai

from distro.programs import run

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import json
from threading import Thread
import submeter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

spans, traces = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
traces.add_span_processor(SimpleSpanProcessor(spans))
submeter.instrument(tracer_provider=traces)

import openai
from websockets.sync.server import serve

def handle(connection):
    response = {"id": "resp_1", "object": "response", "model": "gpt-5", "output": []}
    connection.send(json.dumps({"type": "response.created", "sequence_number": 0, "response": response}))
    for _ in connection:
        pass

with serve(handle, "127.0.0.1", 0) as server:
    thread = Thread(target=server.serve_forever)
    thread.start()
    url = f"127.0.0.1:{server.socket.getsockname()[1]}/v1"
    client = openai.OpenAI(api_key="k", base_url=f"http://{url}", websocket_base_url=f"ws://{url}")
    kept = []
    for connect in (lambda: client.realtime.connect(model="m"), lambda: client.responses.connect()):
        with connect() as connection:
            kept.append(connection)
            connection.recv_bytes()
    print("ended", len(spans.get_finished_spans()))
    server.shutdown()
    thread.join()
"""


def test_to_close_ends_what_is_under_way_on_whichever_connection(tmp_path: Path) -> None:
    assert openai.OpenAI(api_key="k").responses.connect, "else this release has none"
    ran = run(tmp_path, PROGRAM)
    assert ran.stdout == "ended 2\n", ran.stderr
