"""What each framework gives, demand by demand: the tests that prove it, or the reason in its own source why not.

`python -m tools.frameworks` writes it into docs/frameworks.md; tests/frameworks/test_page.py checks that every test
that is named here is there, and the framework's own test that what it is said to lack is in none of its files.
"""

from __future__ import annotations

from typing import NamedTuple


class Proof(NamedTuple):
    """Cases or test functions of the framework's test module, and what remains to be said, if anything."""

    tests: tuple[str, ...] = ()
    note: str = ""


DEMANDS = {
    "names": "agent and step names",
    "session": "its conversation is the session, where you set none",
    "tools": "a span for each tool",
    "beside": "once beside its own or OpenInference's spans",
    "witness": "its own count, where nobody else sees the request",
}
"""The columns of the table."""

_BESIDE = ("test_counted_once_beside_the_spans_of_openinference",)
_OWN = ("test_counted_once_beside_its_own_spans",)
_TOOL = ("a tool that asks a model",)
_IN_PROCESS = Proof(note="it has no agents elsewhere: every request leaves through an SDK in your process")
_NO_ID = "has no id of a conversation, session or thread in any of its files"

PROOFS: dict[str, dict[str, Proof]] = {
    "agents": {
        "names": Proof(("a run, sync", "a handoff", *_TOOL)),
        "session": Proof(("a run, sync", "a run of responses in a group")),
        "tools": Proof(note="its own tracing, which is on unless you switch it off, has one for each tool"),
        "beside": Proof((*_BESIDE, "a run with its own tracing on")),
        "witness": Proof(
            ("test_each_turn_counts_what_the_threads_sum_has_grown_by",),
            "hosted tools and agents answer through the SDK and are counted there; of its experimental Codex tool, a "
            "program of its own, the turns are counted. Codex states the sum of a thread; the run's own `usage` adds "
            "up those sums and is too high from the second turn on. The first turn of a thread that another process "
            "began is a call without usage",
        ),
    },
    "agno": {
        "names": Proof(("a run", "a team", *_TOOL)),
        "session": Proof(("a run", "a session of the agent")),
        "tools": Proof(_TOOL),
        "beside": Proof(_BESIDE),
        "witness": Proof(
            note="`RemoteAgent` asks a service that runs Agno itself: `SUBMETER=1` there counts each request, and its "
            "sums would be counted twice here"
        ),
    },
    "claude_agent_sdk": {
        "names": Proof(
            ("test_the_agent_that_was_asked_for_is_named",),
            "no steps: its messages do not say what a request is for, and have the usage of sub-agents in sums alone",
        ),
        "session": Proof(("test_a_turn_is_counted_once_and_belongs_to_the_agents_session",)),
        "tools": Proof(note="they are executed by a program of its own, which makes spans of them if it is asked to"),
        "beside": Proof(_OWN),
        "witness": Proof(("test_a_turn_is_counted_once_and_belongs_to_the_agents_session",)),
    },
    "crewai": {
        "names": Proof(("a crew", "a flow", "an agent alone")),
        "session": Proof(("a flow that goes on",), "of flows; a crew has no id of a conversation"),
        "tools": Proof(_TOOL),
        "beside": Proof((*_OWN, *_BESIDE)),
        "witness": Proof(note="an agent over A2A answers without usage: the protocol has no place for it"),
    },
    "dspy": {
        "names": Proof(("a program", "a module alone")),
        "session": Proof(("test_it_knows_no_conversations",), _NO_ID),
        "tools": Proof((*_TOOL, "the same, async")),
        "beside": Proof(_BESIDE),
        "witness": _IN_PROCESS,
    },
    "haystack": {
        "names": Proof(("a pipeline", "an agent"), "its agents have no names"),
        "session": Proof(("test_it_knows_no_conversations",), _NO_ID),
        "tools": Proof(("an agent", "an agent, async")),
        "beside": Proof((*_OWN, *_BESIDE)),
        "witness": _IN_PROCESS,
    },
    "langchain_core": {
        "names": Proof(("nodes of a graph", "an agent with a tool that asks a model")),
        "session": Proof(("a chain", "a model called with a configuration")),
        "tools": Proof(("an agent with a tool that asks a model", "the same, async")),
        "beside": Proof((*_BESIDE, "test_counted_once_where_openinference_has_the_sdk_too")),
        "witness": Proof(
            note="`RemoteGraph` gives the state of a graph, of whatever shape, and no usage of its own: `SUBMETER=1` "
            "in the server that runs the graph counts its requests"
        ),
    },
    "llama_index": {
        "names": Proof(("an agent", "a workflow of agents", "a query of an index")),
        "session": Proof(("an agent", "a stream")),
        "tools": Proof((*_TOOL, "a workflow of agents")),
        "beside": Proof((*_BESIDE, "test_a_call_that_nobody_else_sees_stays")),
        "witness": _IN_PROCESS,
    },
    "pydantic_ai": {
        "names": Proof(("a run, sync", "an agent in a tool", *_TOOL)),
        "session": Proof(("a run, sync", "a run of anthropic")),
        "tools": Proof((*_TOOL, "an agent in a tool"), "unless its own spans are on"),
        "beside": Proof(_OWN),
        "witness": _IN_PROCESS,
    },
    "smolagents": {
        "names": Proof(("a run", "a managed agent", *_TOOL)),
        "session": Proof(("test_it_knows_no_conversations",), _NO_ID),
        "tools": Proof((*_TOOL, "a run")),
        "beside": Proof(_BESIDE),
        "witness": _IN_PROCESS,
    },
}
"""Import name of a framework -> demand -> its proof."""
