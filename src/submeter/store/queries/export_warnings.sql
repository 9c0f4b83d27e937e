-- Every warning of a part of the period, the earliest first.
WITH text -> if({is_csv:Bool} AND match(text, '^[=+@\\t\\r-]'), concat('\'', text), text) AS safe
SELECT
    concat(replaceOne(toString(c.ts), ' ', 'T'), 'Z') AS ts,
    safe(c.warning_id) AS warning_id,
    safe(c.type) AS type,
    safe(c.severity) AS severity,
    safe(c.rule) AS rule,
    safe(c.subject_kind) AS subject_kind,
    safe(c.subject) AS subject,
    safe(c.window) AS window,
    c.threshold AS threshold,
    safe(c.unit) AS unit,
    c.current AS current,
    c.limit AS limit,
    c.remaining AS remaining,
    c.percentage AS percentage,
    safe(c.message) AS message,
    safe(c.action) AS action,
    c.trace_id AS trace_id,
    c.span_id AS span_id,
    safe(c.service) AS service,
    safe(c.session_id) AS session_id,
    safe(c.user_id) AS user_id,
    safe(c.model) AS model
FROM otel.llm_warnings AS c
WHERE c.ts >= fromUnixTimestamp64Nano({start_ns:Int64})
    AND c.ts < fromUnixTimestamp64Nano({end_ns:Int64})
    AND ({user:String} = '' OR c.user_id = {user:String})
    AND ({service:String} = '' OR c.service = {service:String})
    AND ({session:String} = '' OR c.session_id = {session:String})
    AND ({model:String} = '' OR c.model = {model:String})
    AND (toUnixTimestamp64Nano(c.ts), c.warning_id, '') >= ({from_ns:Int64}, {from_first:String}, {from_second:String})
    AND (toUnixTimestamp64Nano(c.ts), c.warning_id, '') < ({before_ns:Int64}, {before_first:String}, {before_second:String})
ORDER BY c.ts, c.warning_id
