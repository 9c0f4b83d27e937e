-- What did one session use in all?
SELECT
    c.session_id AS session_id,
    argMinIf(c.user_id, c.ts, c.user_id != '') AS user_id,
    argMin(c.service, c.ts) AS service,
    toUnixTimestamp64Nano(min(c.ts)) AS first_ns,
    toUnixTimestamp64Nano(max(c.ts)) AS last_ns,
    count() AS calls,
    sum(c.input_tokens) AS input_tokens,
    sum(c.output_tokens) AS output_tokens,
    sum(c.cache_read_tokens) AS cache_read_tokens,
    sum(c.cache_write_tokens) AS cache_write_tokens,
    sum(c.reasoning_tokens) AS reasoning_tokens,
    toFloat64(sum(toDecimal128(c.cost_usd, 18))) AS cost_usd,
    $shortfall
    arraySort(groupUniqArray(if(c.response_model != '', c.response_model, c.request_model))) AS models,
    max(c.context_utilization) AS max_context_utilization,
    (SELECT count() FROM otel.llm_warning_rows AS w FINAL WHERE w.session_id = {session:String}) AS warnings
FROM otel.llm_call_rows AS c FINAL
PREWHERE
$of_session
GROUP BY session_id
