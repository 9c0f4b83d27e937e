-- Erases the times of traces that are old, or of which no span is left.
ALTER TABLE otel.otel_traces_trace_id_ts DELETE
WHERE {before_ns:Int64} > 0 AND End < fromUnixTimestamp64Nano({before_ns:Int64})
    OR (({user:String} != '' OR {session:String} != '') AND TraceId NOT IN (SELECT TraceId FROM otel.otel_traces))
SETTINGS mutations_sync = 2
