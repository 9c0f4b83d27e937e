-- How were the answers of each model in each operation judged, and what did they cost?
-- A score names its call by the span; one that names no span, by the provider's response id. The calls of the second
-- kind are looked for only if there are such scores, as there is no index that finds them.
SELECT
    e.name AS name,
    c.operation AS operation,
    c.model AS model,
    count() AS scores,
    avg(e.score) AS mean_score,
    min(e.score) AS least_score,
    topK(1)(e.label)[1] AS usual_label,
    uniqExact(c.span) AS calls,
    if(countIf(c.cost_usd IS NOT NULL) = 0, NULL,
        toFloat64(arraySum(arrayMap(one -> one.2, groupUniqArray((c.span, toDecimal128(ifNull(c.cost_usd, 0), 18))))))
    ) AS cost_usd,
    arrayAvg(arrayMap(one -> one.2, groupUniqArrayIf((c.span, assumeNotNull(c.tokens)), c.tokens IS NOT NULL)))
        AS mean_tokens
FROM
(
    SELECT name, score, label, if(span_id != '', concat(trace_id, span_id), response_id) AS call
    FROM otel.llm_evaluations
    WHERE ts >= fromUnixTimestamp64Nano({start_ns:Int64})
        AND ({name:String} = '' OR name = {name:String})
) AS e
INNER JOIN
(
    SELECT
        concat(c.trace_id, c.span_id) AS call,
        call AS span,
        c.operation AS operation,
        if(c.response_model != '', c.response_model, c.request_model) AS model,
        c.cost_usd AS cost_usd,
        c.input_tokens + c.output_tokens AS tokens
    FROM otel.llm_calls AS c
    WHERE c.trace_id IN (SELECT trace_id FROM otel.llm_evaluations WHERE span_id != '')
        AND $filters
    UNION ALL
    SELECT
        c.response_id AS call,
        concat(c.trace_id, c.span_id) AS span,
        c.operation AS operation,
        if(c.response_model != '', c.response_model, c.request_model) AS model,
        c.cost_usd AS cost_usd,
        c.input_tokens + c.output_tokens AS tokens
    FROM otel.llm_calls AS c
    WHERE (SELECT count() FROM otel.llm_evaluations WHERE span_id = '' AND response_id != '') > 0
        AND c.response_id IN (SELECT response_id FROM otel.llm_evaluations WHERE span_id = '' AND response_id != '')
        AND $filters
) AS c ON c.call = e.call
WHERE e.call != ''
GROUP BY name, operation, model
ORDER BY name, operation, mean_score DESC, model
LIMIT {limit:UInt32} OFFSET {offset:UInt32}
