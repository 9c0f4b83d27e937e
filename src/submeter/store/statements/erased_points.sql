-- Which points go? Those older than a time, and those labelled with one user or one session.
({before_ns:Int64} > 0 AND TimeUnix < fromUnixTimestamp64Nano({before_ns:Int64}))
    OR ({user:String} != '' AND Attributes['user.id'] = {user:String})
    OR ({session:String} != '' AND Attributes['session.id'] = {session:String})
