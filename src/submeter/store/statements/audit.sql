-- Notes who erased what; the subject is given in the clear and kept as a hash.
INSERT INTO otel.submeter_audit (actor, action, subject, details, erased_rows)
SELECT {actor:String}, {action:String}, if({subject:String} = '', '', lower(hex(SHA256({subject:String})))), {details:String}, {erased:UInt64}
