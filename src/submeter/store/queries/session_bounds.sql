-- Which sessions can come first, and at most how much is each one's measure?
-- Repetitions are not told apart here, which is what takes the time: they can only add to a sum or a maximum of what
-- is not negative, so a session's measure is at most this one. The order is that of the question `sessions`.
SELECT
    c.session_id AS session_id,
    if({order:String} = 'tokens', toFloat64(ifNull(sum(c.input_tokens), 0) + ifNull(sum(c.output_tokens), 0)),
        if({order:String} = 'cost', ifNull(toFloat64(sum(toDecimal128(c.cost_usd, 18))), -1),
            if({order:String} = 'calls', toFloat64(count()),
                if({order:String} = 'context', ifNull(max(c.context_utilization), -1),
                    toFloat64(toUnixTimestamp64Nano(max(c.ts))))))) AS place
FROM otel.llm_call_rows AS c
WHERE c.is_shadowed = 0
    AND $filters
GROUP BY session_id
ORDER BY session_id = '', place DESC, session_id
LIMIT {limit:UInt32}
