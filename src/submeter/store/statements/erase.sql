-- Erases from a table the rows for which a condition holds, another statement of ours; ends when they are gone.
ALTER TABLE otel.$table DELETE
WHERE
$condition
SETTINGS mutations_sync = 2
