-- Erases from a table the rows for which a condition holds, another statement of ours; ends when they are gone. A
-- replicated table takes a condition that asks other tables only if it is told so.
ALTER TABLE otel.$table DELETE
WHERE
$condition
SETTINGS mutations_sync = 2, allow_nondeterministic_mutations = 1
