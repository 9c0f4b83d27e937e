-- What warnings were raised, the latest first?
SELECT
    toUnixTimestamp64Nano(w.ts) AS ts_ns,
    w.* EXCEPT (ts)
FROM otel.llm_warnings AS w
WHERE w.ts >= fromUnixTimestamp64Nano({start_ns:Int64})
    AND w.ts < fromUnixTimestamp64Nano({end_ns:Int64})
    AND ({session:String} = '' OR w.session_id = {session:String})
    AND ({user:String} = '' OR w.user_id = {user:String})
    AND ({severity:String} = '' OR w.severity = {severity:String})
ORDER BY w.ts DESC, w.warning_id
LIMIT {limit:UInt32} OFFSET {offset:UInt32}
