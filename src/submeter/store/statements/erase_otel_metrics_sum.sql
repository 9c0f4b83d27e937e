-- Erases points older than a time, and points labelled with one user or one session.
ALTER TABLE otel.otel_metrics_sum DELETE
WHERE ({before_ns:Int64} > 0 AND TimeUnix < fromUnixTimestamp64Nano({before_ns:Int64}))
    OR ({user:String} != '' AND Attributes['user.id'] = {user:String})
    OR ({session:String} != '' AND Attributes['session.id'] = {session:String})
SETTINGS mutations_sync = 2
