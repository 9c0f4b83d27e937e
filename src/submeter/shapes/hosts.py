"""Hosts that speak the protocols of OpenAI and Anthropic: who is behind a name, and who accepts a request for usage."""

from __future__ import annotations

AZURE = ("openai.azure.com", "services.ai.azure.com", "cognitiveservices.azure.com")
"""Ends of the names of hosts where Azure has the models of several makers, each in its own protocol."""

HOSTS = {
    **dict.fromkeys(AZURE, "azure.ai.openai"),
    "models.github.ai": "azure.ai.inference",
    "models.ai.azure.com": "azure.ai.inference",
    "amazonaws.com": "aws.bedrock",
    "amazonaws.com.cn": "aws.bedrock",
    "amazonaws.eu": "aws.bedrock",
    "api.aws": "aws.bedrock",
    "api.amazonwebservices.com.cn": "aws.bedrock",
    "api.amazonwebservices.eu": "aws.bedrock",
    "aiplatform.googleapis.com": "gcp.vertex_ai",
    "-aiplatform.googleapis.com": "gcp.vertex_ai",
    "generativelanguage.googleapis.com": "gcp.gemini",
    "ml.cloud.ibm.com": "ibm.watsonx.ai",
    "ai-gateway.vercel.sh": "vercel_ai_gateway",
    "api.ai21.com": "ai21",
    "api.anthropic.com": "anthropic",
    "api.baseten.co": "baseten",
    "api.cerebras.ai": "cerebras",
    "api.cloudflare.com": "cloudflare",
    "api.cohere.ai": "cohere",
    "api.cohere.com": "cohere",
    "api.deepinfra.com": "deepinfra",
    "api.deepseek.com": "deepseek",
    "api.fireworks.ai": "fireworks_ai",
    "api.groq.com": "groq",
    "api.hyperbolic.xyz": "hyperbolic",
    "api.minimax.io": "minimax",
    "api.minimaxi.com": "minimax",
    "api.mistral.ai": "mistral_ai",
    "api.moonshot.ai": "moonshot_ai",
    "api.moonshot.cn": "moonshot_ai",
    "api.novita.ai": "novita",
    "api.perplexity.ai": "perplexity",
    "api.sambanova.ai": "sambanova",
    "api.scaleway.ai": "scaleway",
    "api.studio.nebius.ai": "nebius",
    "api.studio.nebius.com": "nebius",
    "api.tokenfactory.nebius.com": "nebius",
    "api.together.ai": "together_ai",
    "api.together.xyz": "together_ai",
    "api.x.ai": "x_ai",
    "api.z.ai": "zai",
    "azuredatabricks.net": "databricks",
    "cloud.databricks.com": "databricks",
    "dashscope-intl.aliyuncs.com": "dashscope",
    "dashscope.aliyuncs.com": "dashscope",
    "integrate.api.nvidia.com": "nvidia",
    "ollama.com": "ollama",
    "open.bigmodel.cn": "zhipuai",
    "openrouter.ai": "openrouter",
    "router.huggingface.co": "huggingface",
    "snowflakecomputing.com": "snowflake",
    "volces.com": "volcengine",
}
"""End of a host's name, from a dot or a hyphen on -> value of `gen_ai.provider.name`."""

SERVERS = frozenset({"ollama", "vllm", "sglang", "llama_cpp", "lm_studio", "localai", "tgi"})
"""Servers of models on one's own machines, which are told by the first part of a host's name, as in `vllm.internal`."""

PORTS = {11434: "ollama", 1234: "lm_studio"}
"""Default port of such a server, on a machine whose name says nothing."""

USAGE_ON_REQUEST = (
    "api.openai.com",
    "openai.azure.com",
    "api.cerebras.ai",
    "api.deepinfra.com",
    "api.deepseek.com",
    "api.fireworks.ai",
    "api.groq.com",
    "api.moonshot.ai",
    "api.moonshot.cn",
    "api.together.ai",
    "api.together.xyz",
    "api.x.ai",
    "dashscope-intl.aliyuncs.com",
    "dashscope.aliyuncs.com",
    "openrouter.ai",
    # Servers of models on one's own machine: Ollama, vLLM, llama.cpp, LM Studio and LiteLLM all take the option.
    "127.0.0.1",
    "::1",
    "localhost",
    "ollama",
    "vllm",
)
"""Ends of the names of hosts that accept `stream_options.include_usage`."""


def server_of(host: str, port: int | None) -> str:
    """The kind of server that one's own machine `host` runs at `port`, empty when nothing says so."""
    name = host.partition(".")[0].replace("-", "_")
    if name in SERVERS:
        return name
    is_near = host in {"localhost", "127.0.0.1", "::1", "host.docker.internal"} or "." not in host
    return PORTS.get(port or 0, "") if is_near else ""
