-- Makes spans of calls as submeter sends them: {size} of {calls}, from {first} on, in order of time.
-- In life many sessions run at the same time: 1,024 of them do here, each a run of 1 to 64 calls out of a line of
-- 64 (every 500th line is one session). A few users and services make most of them, the middle of the day is
-- busy, conversations grow turn by turn, a part of the input is read from cache, and some calls fail.
INSERT INTO otel.otel_traces (
    Timestamp, TraceId, SpanId, ParentSpanId, SpanName, SpanKind, ServiceName, ResourceAttributes, ScopeName,
    ScopeVersion, SpanAttributes, Duration, StatusCode)
WITH
    number AS n,
    cityHash64(n, 1) AS h,
    n % 65536 AS place,
    intDiv(n, 65536) * 1024 + place % 1024 AS line,
    intDiv(place, 1024) AS position,
    cityHash64(line, 2) AS line_hash,
    if(line_hash % 500 = 0, 64, [1, 1, 2, 2, 4, 4, 8, 8, 16, 32][1 + line_hash % 10]) AS length,
    cityHash64(line, intDiv(position, length), 3) AS session,
    position % length AS turn,
    session % 1000000 / 1000000.0 AS share,
    toUInt32(floor(pow(share, 4) * 5000)) AS user,
    1 + cityHash64(session, 4) % 4 AS task,
    1 + cityHash64(session, 5) % 20 AS taste,
    multiIf(task = 3, 6, taste <= 8, 1, taste <= 12, 2, taste <= 16, 3, taste <= 18, 4, 5) AS model,
    n * {days:Float64} / {calls:UInt64} AS linear,
    floor(linear) + (linear - floor(linear)) + 0.6 / 6.283185307 * sin(6.283185307 * linear) AS day,
    sqrt(-2 * log((1 + cityHash64(n, 6) % 1000000) / 1000001.0)) * cos(6.283185307 * (cityHash64(n, 7) % 1000000) / 1e6) AS normal,
    toUInt64(exp(7 + 0.7 * normal)) AS fresh,
    multiIf(task = 2, 600 + turn * 850 + fresh, task = 1, 3000 + 3 * fresh, fresh) AS wanted,
    least(wanted, toUInt64(0.97 * {windows:Array(Float64)}[model])) AS input,
    if(task = 3, 0, toUInt64(exp(5 + 0.9 * normal))) AS output,
    if(turn > 0 AND h % 10 < 3 AND task = 2, toUInt64((input - fresh) * 0.9), 0) AS cached,
    h % 67 = 0 AS failed,
    (input - cached) * {input_rates:Array(Float64)}[model] / 1e6 + cached * {cache_rates:Array(Float64)}[model] / 1e6
        + output * {output_rates:Array(Float64)}[model] / 1e6 AS cost,
    intDiv(turn, 3) AS trace
SELECT
    fromUnixTimestamp64Nano(toInt64({start_ns:Int64} + day * 86400e9)),
    lower(hex(cityHash64(session, trace, 8))) || lower(hex(cityHash64(session, trace, 9))),
    lower(hex(cityHash64(n, 10))),
    if(task = 3, '', lower(hex(cityHash64(session, trace, 11)))),
    if(task = 3, 'embeddings ', 'chat ') || {models:Array(String)}[model],
    'Client',
    ['shop', 'shop', 'shop', 'chat', 'chat', 'intranet', 'batch'][1 + session % 7],
    map('service.name', ['shop', 'shop', 'shop', 'chat', 'chat', 'intranet', 'batch'][1 + session % 7],
        'service.version', '1.4.' || toString(toUInt32(linear) % 5), 'telemetry.sdk.language', 'python'),
    'submeter',
    '0.1.0',
    mapFilter((k, v) -> v != '', map(
        'gen_ai.operation.name', if(task = 3, 'embeddings', 'chat'),
        'gen_ai.provider.name', {providers:Array(String)}[model],
        'gen_ai.request.model', {models:Array(String)}[model],
        'gen_ai.response.model', if(failed, '', {models:Array(String)}[model]),
        'gen_ai.response.id', if(failed, '', 'resp-' || lower(hex(h))),
        'session.id', 'session-' || lower(hex(session)),
        'user.id', 'user-' || toString(user),
        'submeter.operation', ['search', 'conversation', 'indexing', 'extraction'][task],
        'submeter.step', [['classify', 'answer', 'answer'], ['answer', 'answer', 'title'], ['embed', 'embed', 'embed'], ['extract', 'extract', 'check']][task][1 + h % 3],
        'submeter.tag.collection', 'collection-' || toString(toUInt32(floor(pow(cityHash64(session, 12) % 1000 / 1000.0, 3) * 40))),
        'gen_ai.usage.input_tokens', if(failed, '', toString(input)),
        'gen_ai.usage.output_tokens', if(failed OR task = 3, '', toString(output)),
        'gen_ai.usage.cache_read.input_tokens', if(failed OR task = 3, '', toString(cached)),
        'submeter.cost.usd', if(failed, '', toString(round(cost, 9))),
        'submeter.cost.price_version', if(failed, '', '2026-11-01'),
        'submeter.context.window_tokens', if(failed OR task = 3, '', toString(toUInt64({windows:Array(Float64)}[model]))),
        'submeter.context.utilization', if(failed OR task = 3, '', toString(round((input + output) / {windows:Array(Float64)}[model], 4))),
        'gen_ai.response.finish_reasons', if(failed OR task = 3, '', if(h % 90 = 1, '["length"]', '["stop"]')),
        'gen_ai.request.stream', if(task = 2, 'true', ''),
        'gen_ai.response.time_to_first_chunk', if(task = 2 AND NOT failed, toString(0.2 + h % 1000 / 1000), ''),
        'gen_ai.input.messages', if(task = 4 AND taste % 4 = 0, '[{"role":"user","parts":[{"type":"text","content":"Extract the fields of form ' || toString(h % 20000) || '"}]}]', ''),
        'error.type', if(failed, ['RateLimitError', 'APITimeoutError', 'InternalServerError'][1 + h % 3], ''))),
    toUInt64(2e8 + output * 1.2e7 + h % 300000000),
    if(failed, 'Error', 'Unset')
FROM numbers({first:UInt64}, {size:UInt64})
SETTINGS max_insert_threads = 1, max_threads = 1, max_partitions_per_insert_block = 0
