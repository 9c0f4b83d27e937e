-- What had been used by each combination of labels, in parts of a length of time, by calls begun before a moment?
-- A call counts where it ended. Labels are named as in rules; calls that lack one of them are left out.
WITH label -> multiIf(
    label = 'user', c.user_id,
    label = 'session', c.session_id,
    label = 'operation', c.operation,
    label = 'step', c.step,
    label = 'service', c.service,
    label = 'provider', c.provider,
    label = 'model', if(c.response_model != '', c.response_model, c.request_model),
    label = 'agent', c.agent,
    label = 'kind', c.kind,
    startsWith(label, 'tag.'), c.tags[substring(label, 5)],
    '') AS value_of
SELECT
    arrayMap(value_of, {labels:Array(String)}) AS key,
    intDiv(toUnixTimestamp64Nano(c.ts) + toInt64(c.duration_s * 1e9), {part_ns:Int64}) AS part,
    sum(multiIf(
        {measure:String} = 'tokens', toFloat64(ifNull(c.input_tokens, 0) + ifNull(c.output_tokens, 0)),
        {measure:String} = 'input_tokens', toFloat64(ifNull(c.input_tokens, 0)),
        {measure:String} = 'output_tokens', toFloat64(ifNull(c.output_tokens, 0)),
        {measure:String} = 'cache_read_tokens', toFloat64(ifNull(c.cache_read_tokens, 0)),
        {measure:String} = 'cache_write_tokens', toFloat64(ifNull(c.cache_write_tokens, 0)),
        {measure:String} = 'reasoning_tokens', toFloat64(ifNull(c.reasoning_tokens, 0)),
        {measure:String} = 'cost_usd', ifNull(c.cost_usd, 0),
        1.)) AS total
FROM otel.llm_calls AS c
WHERE c.ts >= fromUnixTimestamp64Nano({start_ns:Int64}) - INTERVAL 1 DAY
    AND c.ts < fromUnixTimestamp64Nano({before_ns:Int64})
    AND toUnixTimestamp64Nano(c.ts) + toInt64(c.duration_s * 1e9) >= {start_ns:Int64}
    AND arrayAll(
        label -> has({where:Array(String)}, concat(label, '=', value_of(label))), {where_labels:Array(String)})
GROUP BY key, part
HAVING NOT has(key, '') AND total > 0
LIMIT {limit:UInt32}
