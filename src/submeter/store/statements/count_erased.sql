-- How many rows of a table would be erased?
SELECT count() AS erased
FROM otel.$table
WHERE
$condition
