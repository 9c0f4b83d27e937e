"""Rows: the registry of the SDKs and frameworks that submeter knows; pure data, for it is read at interpreter start."""

from __future__ import annotations


class Row:
    """One SDK, or one framework above SDKs.

    Args:
        package: its import name.
        distribution: what it is installed as.
        since: the oldest version that is supported and tried.
        calls: what is metered of it, in the words of the documentation; none of a framework.
        module: the module of ours with its table, when that is not named like the package.
        awaits: the modules of the SDK that hold what is patched, each patched once it is imported, for SDKs that
            import their parts late or move them between releases; else the package.
        table: the name of its table in that module.
        shape: the shape that wraps the SDK and reads the table at the first request; else the table wraps it.
        given: what that shape must know before, by the names that its `install` has for it.
    """

    __slots__ = ("awaits", "calls", "distribution", "given", "module", "package", "shape", "since", "table")

    def __init__(
        self,
        package: str,
        distribution: str,
        since: str,
        *,
        calls: str = "",
        module: str = "",
        awaits: tuple[str, ...] = (),
        table: str = "PROVIDER",
        shape: str = "",
        given: dict[str, str] | None = None,
    ) -> None:
        self.package = package
        self.distribution = distribution
        self.since = since
        self.calls = calls
        self.module = module or package
        self.awaits = awaits or (package,)
        self.table = table
        self.shape = shape
        self.given = given or {}


_STAINLESS = "stainless"


PROVIDERS: dict[str, Row] = {
    "aiobotocore": Row(
        "aiobotocore",
        "aiobotocore",
        "3.0",
        calls="Bedrock, as `botocore`; `aioboto3` too",
        module="bedrock",
        awaits=("aiobotocore.client",),
        table="AIOBOTOCORE",
    ),
    "anthropic": Row(
        "anthropic",
        "anthropic",
        "0.51",
        calls="messages and beta messages, results of batches, managed agents; Bedrock, Vertex and Foundry clients, "
        "and hosts that speak the protocol",
        shape=_STAINLESS,
        given={"decoder": "_decoders.jsonl", "native_option": "open_telemetry"},
    ),
    "botocore": Row(
        "botocore",
        "botocore",
        "1.42",
        calls="Bedrock: Converse and InvokeModel of every model family, whole and streamed, embeddings, reranking, "
        "agents and flows request by request where their trace is asked for; `boto3` too",
        module="bedrock",
        awaits=("botocore.client",),
    ),
    "cohere": Row(
        "cohere",
        "cohere",
        "5.18",
        calls="chat, embeddings and reranking of both API versions, the older generate; billed units",
        awaits=("cohere.raw_base_client", "cohere.v2.raw_client"),
    ),
    "google.genai": Row(
        "google.genai",
        "google-genai",
        "1.30",
        calls="content, chats, live sessions turn by turn, interactions and embeddings, of the Gemini API and Vertex "
        "AI; automatic function calling request by request",
        module="google_genai",
        awaits=("google.genai.models", "google.genai.live", "google.genai._gaos.interactions"),
    ),
    "groq": Row("groq", "groq", "0.13", calls="chat completions, embeddings", shape=_STAINLESS),
    "huggingface_hub": Row(
        "huggingface_hub",
        "huggingface-hub",
        "1.0",
        calls="chat completions and text generation of the inference client; streams where `stream_options` asks for "
        "usage, text where `details` does",
        module="huggingface",
        awaits=("huggingface_hub.inference._client", "huggingface_hub.inference._generated._async_client"),
    ),
    "ibm_watsonx_ai": Row(
        "ibm_watsonx_ai",
        "ibm-watsonx-ai",
        "1.3.8",
        calls="chat, generated text, embeddings and reranking, by model and by deployment; not its model gateway",
        module="watsonx",
        awaits=("ibm_watsonx_ai.foundation_models",),
    ),
    "litellm": Row(
        "litellm",
        "litellm",
        "1.110",
        calls="completions and embeddings that it makes by itself; those through an SDK above are counted there",
    ),
    "mistralai": Row(
        "mistralai",
        "mistralai",
        "1.9",
        calls="chat, fill in the middle, agents, conversations, embeddings, transcriptions",
        module="mistral",
        awaits=tuple(
            f"mistralai.{home}{part}"
            for part in ("chat", "fim", "agents", "embeddings", "conversations", "transcriptions", "_hooks.tracing")
            for home in ("client.", "")
        ),
    ),
    "ollama": Row("ollama", "ollama", "0.4", calls="chat, generation, embeddings", awaits=("ollama._client",)),
    "openai": Row(
        "openai",
        "openai",
        "1.26",
        calls="chat completions, responses (background ones once), completions, embeddings, images, transcription, "
        "speech, moderations, decisions, batches and their files, runs, agents, realtime and other connections; Azure, "
        "Bedrock and hosts that speak the protocol",
        awaits=(
            "openai",
            # Where the connections are, which only programs that use them import.
            *(
                f"openai.resources.{part}"
                for part in (
                    "realtime.realtime",
                    "beta.realtime.realtime",
                    "responses.responses",
                    "beta.responses.responses",
                    "live.live",
                    "live.sideband",
                    "live.forks",
                )
            ),
        ),
        shape=_STAINLESS,
    ),
    "replicate": Row(
        "replicate",
        "replicate",
        "1.0",
        calls="predictions of models and deployments, waited for ones once; tokens of those language models that state "
        "them, and of streams once the prediction is fetched",
        awaits=("replicate.prediction", "replicate.model", "replicate.deployment"),
    ),
    "together": Row("together", "together", "2.0", calls="chat completions, completions, embeddings", shape=_STAINLESS),
}
"""SDK import name -> row. The provider's table is `submeter.instrumentation.<module>.<table>`."""

_FRAMEWORK = "FRAMEWORK"

FRAMEWORKS: dict[str, Row] = {
    "agents": Row(
        "agents",
        "openai-agents",
        "0.2",
        module="openai_agents",
        awaits=("agents.tracing.scope", "agents.run", "agents.extensions.experimental.codex.thread"),
        table=_FRAMEWORK,
    ),
    "agno": Row(
        "agno",
        "agno",
        "2.0",
        awaits=("agno.agent.agent", "agno.team.team", "agno.workflow.workflow", "agno.tools.function"),
        table=_FRAMEWORK,
    ),
    "claude_agent_sdk": Row(
        "claude_agent_sdk", "claude-agent-sdk", "0.1.40", awaits=("claude_agent_sdk._internal.query",), table=_FRAMEWORK
    ),
    "crewai": Row(
        "crewai",
        "crewai",
        "1.0",
        awaits=(
            "crewai.agent",
            "crewai.flow.runtime",
            "crewai.flow.flow",
            "crewai.tools.base_tool",
            "crewai.tools.structured_tool",
            "crewai.llms.base_llm",
            "crewai.telemetry.tracing.handlers",
        ),
        table=_FRAMEWORK,
    ),
    "dspy": Row(
        "dspy", "dspy", "3.0", awaits=("dspy.dsp.utils.settings", "dspy.adapters.types.tool"), table=_FRAMEWORK
    ),
    "haystack": Row(
        "haystack",
        "haystack-ai",
        "2.18",
        awaits=(
            "haystack.core.pipeline.pipeline",
            "haystack.core.pipeline.async_pipeline",
            "haystack.components.agents.agent",
            "haystack.tools.tool",
        ),
        table=_FRAMEWORK,
    ),
    "langchain_core": Row(
        "langchain_core",
        "langchain-core",
        "0.3",
        module="langchain",
        awaits=(
            "langchain_core.callbacks.manager",
            "langchain_core.runnables.config",
            "langchain_core.language_models.chat_models",
            "langchain_core.tools.base",
        ),
        table=_FRAMEWORK,
    ),
    "llama_index": Row(
        "llama_index",
        "llama-index-core",
        "0.13",
        awaits=(
            "llama_index.core.agent.workflow.function_agent",
            "llama_index.core.agent.workflow.react_agent",
            "llama_index.core.agent.workflow.codeact_agent",
            "llama_index.core.agent.workflow.base_agent",
            "llama_index.core.agent.workflow.multi_agent_workflow",
            "llama_index.core.base.base_retriever",
            "llama_index.core.response_synthesizers.base",
            "llama_index_instrumentation.dispatcher",
        ),
        table=_FRAMEWORK,
    ),
    "pydantic_ai": Row(
        "pydantic_ai",
        "pydantic-ai-slim",
        "1.90",
        awaits=("pydantic_ai._run_context", "pydantic_ai._function_schema"),
        table=_FRAMEWORK,
    ),
    "smolagents": Row(
        "smolagents", "smolagents", "1.20", awaits=("smolagents.agents", "smolagents.tools"), table=_FRAMEWORK
    ),
}
"""Framework import name -> row. They give agent, step and conversation; the SDK's call beneath them is counted."""

ROWS: dict[str, Row] = {**PROVIDERS, **FRAMEWORKS}

UNMETERED: dict[str, str] = {
    "google-cloud-aiplatform": "its generative part is retired: use google-genai, which is metered",
    "google-generativeai": "retired by Google: use google-genai, which is metered",
    "ibm-watson-machine-learning": "retired by IBM: use ibm-watsonx-ai, which is metered",
}
"""Distribution that calls models -> why submeter does not meter it."""
