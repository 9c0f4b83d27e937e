-- Who erased what, and when? The latest first.
SELECT toUnixTimestamp64Milli(at) * 1000000 AS at_ns, actor, action, subject, details, erased_rows
FROM otel.submeter_audit
ORDER BY at DESC, actor, action, subject, details, erased_rows
LIMIT {limit:UInt32} OFFSET {offset:UInt32}
