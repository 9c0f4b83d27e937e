-- Makes calls for bench/query.py: thirty days, a few heavy users and many light ones, twelve calls a session.
INSERT INTO otel.llm_call_rows (
    ts, trace_id, span_id, service, scope, provider, kind, request_model, response_model, response_id, session_id,
    user_id, operation, step, tags, input_tokens, output_tokens, cache_read_tokens, cost_usd, price_version,
    context_window, context_utilization, ttft_s, duration_s, error_type, finish_reasons, stream)
WITH
    number AS n,
    cityHash64(n) AS h,
    cityHash64(intDiv(n, 12), 7) AS s,
    toUInt32(floor(pow((s % 1000000) / 1000000.0, 4) * 5000)) AS user
SELECT
    fromUnixTimestamp64Nano(toInt64({start_ns:Int64} + n * intDiv(30 * 86400 * 1000000000, {calls:UInt64}))),
    lower(hex(cityHash64(intDiv(n, 3), 1))) || lower(hex(cityHash64(intDiv(n, 3), 2))),
    lower(hex(cityHash64(n, 3))),
    ['shop', 'chat', 'api'][1 + s % 3],
    'submeter',
    ['openai', 'anthropic'][1 + s % 2],
    'chat',
    'model-' || toString(s % 8),
    'model-' || toString(s % 8) || '-2026',
    'chatcmpl-' || lower(hex(h)),
    'session-' || lower(hex(s)),
    'user-' || toString(user),
    ['search', 'conversation', 'rank'][1 + h % 3],
    ['a', 'b', 'c'][1 + h % 3],
    map('collection', 'col-' || toString(s % 20)),
    100 + h % 20000,
    10 + h % 900,
    if(h % 2 = 0, h % 90, NULL),
    (h % 10000) / 1e6,
    '2026-11-01',
    128000,
    (h % 10000) / 10000,
    if(h % 2 = 0, (h % 1000) / 1000, NULL),
    (h % 5000) / 1000,
    if(h % 97 = 0, 'timeout', ''),
    ['stop'],
    h % 2 = 0
FROM numbers({first:UInt64}, {size:UInt64})
