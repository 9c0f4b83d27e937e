-- How were the answers of each model in each operation judged, and what did they cost?
-- A score names its call by the span; one that names no span, by the provider's response id.
SELECT
    e.name AS name,
    c.operation AS operation,
    if(c.response_model != '', c.response_model, c.request_model) AS model,
    count() AS scores,
    avg(e.score) AS mean_score,
    min(e.score) AS least_score,
    topK(1)(e.label)[1] AS usual_label,
    uniqExact(c.trace_id, c.span_id) AS calls,
    toFloat64(sum(toDecimal128(c.cost_usd, 18)) / count() * uniqExact(c.trace_id, c.span_id)) AS cost_usd,
    sum(c.input_tokens + c.output_tokens) / count() AS mean_tokens
FROM
(
    SELECT name, score, label, if(span_id != '', concat(trace_id, span_id), response_id) AS call
    FROM otel.llm_evaluations
    WHERE ts >= fromUnixTimestamp64Nano({start_ns:Int64})
        AND ({name:String} = '' OR name = {name:String})
) AS e
INNER JOIN
(
    SELECT *, arrayJoin([concat(trace_id, span_id), response_id]) AS call
    FROM otel.llm_calls
    WHERE trace_id IN (SELECT trace_id FROM otel.llm_evaluations WHERE trace_id != '')
        OR response_id IN (SELECT response_id FROM otel.llm_evaluations WHERE span_id = '' AND response_id != '')
) AS c ON c.call = e.call
WHERE e.call != ''
    AND $filters
GROUP BY name, operation, model
ORDER BY name, operation, mean_score DESC, model
LIMIT {limit:UInt32}
