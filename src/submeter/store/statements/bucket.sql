-- In which of 65,536 buckets is a session? The engine counts by 16 bits in an array, and by texts in a table of hashes.
    toUInt16(cityHash64(c.session_id))
