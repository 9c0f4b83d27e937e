-- Which calls does another span witness better? Two spans of different instrumentations are one call when
-- they share the provider's response id or one is the other's parent, and a model server's span when it lies
-- within the client's. The order (witness, later start, scope, id) is total, so exactly one of them stays.
-- One that states no usage also gives way to a call of its own instrumentation right beneath it, because some report
-- a call at several heights.
CREATE OR REPLACE MATERIALIZED VIEW otel.llm_call_shadows_mv TO otel.llm_call_rows AS
SELECT DISTINCT
    if(is_new, n_ts, o_ts) AS ts,
    n_trace_id AS trace_id,
    if(is_new, n_span_id, o_span_id) AS span_id,
    if(is_new, n_session_id, o_session_id) AS session_id,
    if(is_new, n_user_id, o_user_id) AS user_id,
    if(is_new, n_service, o_service) AS service,
    if(is_new, n_scope, o_scope) AS scope,
    if(is_new, n_witness, o_witness) AS witness,
    1 AS is_shadowed,
    2 AS version
FROM
(
    SELECT
        *,
        (n_witness, -toUnixTimestamp64Nano(n_ts), n_scope, n_span_id)
            > (o_witness, -toUnixTimestamp64Nano(o_ts), o_scope, o_span_id) AS is_new,
        toUnixTimestamp64Nano(n_ts) / 1e9 + n_duration_s AS n_end,
        toUnixTimestamp64Nano(o_ts) / 1e9 + o_duration_s AS o_end
    FROM
    (
        SELECT
            ts AS n_ts, trace_id AS n_trace_id, span_id AS n_span_id, parent_span_id AS n_parent_span_id,
            scope AS n_scope, response_id AS n_response_id, session_id AS n_session_id, user_id AS
            n_user_id, service AS n_service, duration_s AS n_duration_s, witness AS n_witness,
            witness = 1 AND input_tokens IS NULL AND output_tokens IS NULL AS n_is_bare
        FROM otel.llm_call_intake
    ) AS n
    INNER JOIN
    (
        SELECT
            ts AS o_ts, trace_id AS o_trace_id, span_id AS o_span_id, parent_span_id AS o_parent_span_id,
            scope AS o_scope, response_id AS o_response_id, session_id AS o_session_id, user_id AS
            o_user_id, service AS o_service, duration_s AS o_duration_s, witness AS o_witness,
            witness = 1 AND input_tokens IS NULL AND output_tokens IS NULL AS o_is_bare
        FROM otel.llm_call_intake
        UNION ALL
        SELECT
            ts AS o_ts, trace_id AS o_trace_id, span_id AS o_span_id, parent_span_id AS o_parent_span_id,
            scope AS o_scope, response_id AS o_response_id, session_id AS o_session_id, user_id AS
            o_user_id, service AS o_service, duration_s AS o_duration_s, witness AS o_witness,
            witness = 1 AND input_tokens IS NULL AND output_tokens IS NULL AS o_is_bare
        FROM otel.llm_call_known
        WHERE toStartOfHour(ts) IN (
                SELECT arrayJoin([toStartOfHour(ts) - 3600, toStartOfHour(ts), toStartOfHour(ts) + 3600])
                FROM otel.llm_call_intake)
            AND trace_id IN (SELECT trace_id FROM otel.llm_call_intake)
            AND (witness > 0 OR trace_id IN (SELECT trace_id FROM otel.llm_call_intake WHERE witness > 0))
    ) AS o ON n_trace_id = o_trace_id
)
WHERE n_span_id != o_span_id
    AND if(n_scope = o_scope,
        (is_new AND n_is_bare AND o_parent_span_id = n_span_id)
            OR (NOT is_new AND o_is_bare AND n_parent_span_id = o_span_id),
        (n_response_id != '' AND n_response_id = o_response_id)
            OR n_parent_span_id = o_span_id
            OR o_parent_span_id = n_span_id
            OR (n_witness = 3 AND o_witness < 3 AND o_ts <= n_ts AND o_end >= n_end)
            OR (o_witness = 3 AND n_witness < 3 AND n_ts <= o_ts AND n_end >= o_end))
