-- Every session of a part with its sums over the period, the earliest first.
WITH text -> if({is_csv:Bool} AND match(text, '^[=+@\\t\\r-]'), concat('\'', text), text) AS safe
SELECT
    safe(c.session_id) AS session_id,
    safe(argMinIf(c.user_id, c.ts, c.user_id != '')) AS user_id,
    safe(argMin(c.service, c.ts)) AS service,
    concat(replaceOne(toString(min(c.ts)), ' ', 'T'), 'Z') AS first_ts,
    concat(replaceOne(toString(max(c.ts)), ' ', 'T'), 'Z') AS last_ts,
    count() AS calls,
    $shortfall
    sum(c.input_tokens) AS input_tokens,
    sum(c.output_tokens) AS output_tokens,
    sum(c.cache_read_tokens) AS cache_read_tokens,
    sum(c.cache_write_tokens) AS cache_write_tokens,
    sum(c.reasoning_tokens) AS reasoning_tokens,
    toFloat64(sum(toDecimal128(c.cost_usd, 18))) AS cost_usd,
    toJSONString(arraySort(groupUniqArray(if(c.response_model != '', c.response_model, c.request_model)))) AS models,
    max(c.context_utilization) AS max_context_utilization
FROM otel.llm_calls AS c
WHERE
    $filters
    AND (0, c.session_id, '') >= ({from_ns:Int64}, {from_first:String}, {from_second:String})
    AND (0, c.session_id, '') < ({before_ns:Int64}, {before_first:String}, {before_second:String})
GROUP BY c.session_id
ORDER BY first_ts, session_id
