-- Says for how many days a table keeps its rows; all three names are our own. Date32, because a time of 32 bits
-- plus many days wraps around, and rows that should stay would be dropped at once.
ALTER TABLE otel.$table MODIFY TTL toDate32($column) + toIntervalDay($days)
