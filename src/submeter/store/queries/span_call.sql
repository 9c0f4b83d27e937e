-- Is this span a counted call, and what is known about it?
SELECT
    c.* EXCEPT (ts),
    toUnixTimestamp64Nano(c.ts) AS start_ns,
    $request_tokens AS request_tokens
FROM otel.llm_calls AS c
WHERE c.trace_id = {trace:String} AND c.span_id = {span:String}
LIMIT 1
