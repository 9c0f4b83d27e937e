-- Where the rows of one client's insert lie for a moment, seen by its connection alone.
CREATE TEMPORARY TABLE posted AS otel.$table
