-- Stores calls again with their new cost; what stands for them is another statement of ours.
INSERT INTO otel.llm_call_rows SETTINGS insert_deduplicate = 0
$rows
