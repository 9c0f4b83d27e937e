-- Which of the inserted spans are calls? Model calls by their kind, and any other span that bears usage,
-- but not what wraps calls (agents, workflows, tools) nor what reads an old answer again, nor the first of the two
-- spans that Logfire 5 makes of a streamed call: without an answer and without a level, which its errors have; nor what
-- LlamaIndex does to prepare a call, which OpenInference reports like calls, but without messages and their end; nor a
-- span that says that the call beneath it is counted, in whatever trace that is.
CREATE OR REPLACE MATERIALIZED VIEW otel.llm_call_intake_mv TO otel.llm_call_intake AS
SELECT
    * EXCEPT (stated_cost, reasons),
    0 AS is_shadowed,
    0 AS version
FROM
(
    SELECT
        Timestamp AS ts,
        TraceId AS trace_id,
        SpanId AS span_id,
        ParentSpanId AS parent_span_id,
        ServiceName AS service,
        ScopeName AS scope,
        SpanAttributes['gen_ai.provider.name'] AS provider,
        SpanAttributes['gen_ai.operation.name'] AS kind,
        SpanAttributes['gen_ai.request.model'] AS request_model,
        SpanAttributes['gen_ai.response.model'] AS response_model,
        SpanAttributes['gen_ai.response.id'] AS response_id,
        if(SpanAttributes['session.id'] != '', SpanAttributes['session.id'], SpanAttributes['gen_ai.conversation.id']) AS session_id,
        SpanAttributes['gen_ai.conversation.id'] AS conversation_id,
        SpanAttributes['user.id'] AS user_id,
        SpanAttributes['submeter.operation'] AS operation,
        SpanAttributes['submeter.step'] AS step,
        SpanAttributes['gen_ai.agent.name'] AS agent,
        SpanAttributes['submeter.framework'] AS framework,
        mapApply((k, v) -> (substring(k, 14), v), mapFilter((k, v) -> startsWith(k, 'submeter.tag.'), SpanAttributes)) AS tags,
        toUInt64OrNull(SpanAttributes['gen_ai.usage.input_tokens']) AS input_tokens,
        toUInt64OrNull(SpanAttributes['gen_ai.usage.output_tokens']) AS output_tokens,
        toUInt64OrNull(SpanAttributes['gen_ai.usage.cache_read.input_tokens']) AS cache_read_tokens,
        toUInt64OrNull(SpanAttributes['gen_ai.usage.cache_write.input_tokens']) AS cache_write_tokens,
        toUInt64OrNull(SpanAttributes['anthropic.usage.cache_creation.ephemeral_5m_input_tokens']) AS cache_write_5m_tokens,
        toUInt64OrNull(SpanAttributes['anthropic.usage.cache_creation.ephemeral_1h_input_tokens']) AS cache_write_1h_tokens,
        toUInt64OrNull(SpanAttributes['gen_ai.usage.reasoning.output_tokens']) AS reasoning_tokens,
        toUInt64OrNull(SpanAttributes['gen_ai.usage.text.input_tokens']) AS text_input_tokens,
        toUInt64OrNull(SpanAttributes['gen_ai.usage.image.input_tokens']) AS image_input_tokens,
        toUInt64OrNull(SpanAttributes['gen_ai.usage.audio.input_tokens']) AS audio_input_tokens,
        toUInt64OrNull(SpanAttributes['gen_ai.usage.text.output_tokens']) AS text_output_tokens,
        toUInt64OrNull(SpanAttributes['gen_ai.usage.image.output_tokens']) AS image_output_tokens,
        toUInt64OrNull(SpanAttributes['gen_ai.usage.audio.output_tokens']) AS audio_output_tokens,
        SpanAttributes['submeter.usage.estimated'] AS estimated,
        SpanAttributes['submeter.usage.inconsistent'] = 'true' AS inconsistent,
        SpanAttributes['submeter.usage.partial'] = 'true' AS partial,
        ifNull(toFloat64OrNull(SpanAttributes['submeter.cost.usd']), -1) AS stated_cost,
        toFloat64OrNull(if(stated_cost >= 0 AND stated_cost < 1e12, SpanAttributes['submeter.cost.usd'], '')) AS cost_usd,
        SpanAttributes['submeter.cost.price_version'] AS price_version,
        SpanAttributes['submeter.service_tier'] AS service_tier,
        SpanAttributes['submeter.batch'] = 'true' AS batch,
        toUInt64OrNull(SpanAttributes['submeter.context.window_tokens']) AS context_window,
        toFloat64OrNull(SpanAttributes['submeter.context.utilization']) AS context_utilization,
        toFloat64OrNull(SpanAttributes['gen_ai.response.time_to_first_chunk']) AS ttft_s,
        Duration / 1e9 AS duration_s,
        multiIf(SpanAttributes['error.type'] != '', SpanAttributes['error.type'], StatusCode = 'Error', '_OTHER', '') AS error_type,
        SpanAttributes['gen_ai.response.finish_reasons'] AS reasons,
        multiIf(reasons = '', [], startsWith(reasons, '['), JSONExtract(reasons, 'Array(String)'), [reasons]) AS finish_reasons,
        SpanAttributes['gen_ai.request.stream'] = 'true' AS stream,
        if(SpanAttributes['gen_ai.input.messages'] = '', 0, cityHash64(request_model, SpanAttributes['gen_ai.system_instructions'], SpanAttributes['gen_ai.input.messages'])) AS prompt_hash,
        multiIf(ScopeName = 'submeter', 0, startsWith(ScopeName, 'com.anthropic.sdk.python') OR startsWith(ScopeName, 'mistralai_sdk_tracer'), 2, SpanKind = 'Server', 3, 1) AS witness
    FROM otel.otel_traces
    WHERE (SpanAttributes['gen_ai.operation.name'] IN ('chat', 'text_completion', 'generate_content', 'embeddings')
            OR mapContains(SpanAttributes, 'gen_ai.usage.input_tokens')
            OR mapContains(SpanAttributes, 'gen_ai.usage.output_tokens'))
        AND SpanAttributes['gen_ai.operation.name'] NOT IN (
            'invoke_agent', 'invoke_workflow', 'create_agent', 'execute_tool', 'plan', 'agent_step',
            'handle_conversation_turn', 'fetch_response')
        AND NOT mapContains(SpanAttributes, 'submeter.counted_beneath')
        AND NOT (SpanAttributes['logfire.span_type'] = 'span'
            AND NOT mapContains(SpanAttributes, 'logfire.level_num')
            AND NOT mapContains(SpanAttributes, 'gen_ai.response.id')
            AND NOT mapContains(SpanAttributes, 'gen_ai.usage.input_tokens')
            AND NOT mapContains(SpanAttributes, 'gen_ai.usage.output_tokens'))
        AND NOT (startsWith(SpanAttributes['llm.invocation_parameters'], '{"context_window"')
            AND NOT mapContains(SpanAttributes, 'llm.finish_reason')
            AND NOT mapContains(SpanAttributes, 'llm.input_messages.0.message.role')
            AND NOT mapContains(SpanAttributes, 'gen_ai.usage.input_tokens')
            AND NOT mapContains(SpanAttributes, 'gen_ai.usage.output_tokens'))
)
