-- Says that a table keeps its rows for good; the table must have a limit.
ALTER TABLE otel.$table REMOVE TTL
